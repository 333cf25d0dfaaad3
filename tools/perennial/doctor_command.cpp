// `perennial doctor`: what is in a data directory, and whether its counts equal its rows.
#include "protocol/base/bytes.hpp"
#include "storage/store.hpp"
#include "tools/perennial/commands.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/terminal.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace perennial::tool {

namespace {

using json = nlohmann::ordered_json;

struct examined {
  json report;
  uint64_t findings = 0;
};

result<examined> examine(const storage::store& db) {
  examined out;
  auto files = db.list_files(0, 1'000'000, true);
  if (!files) return tl::unexpected{files.error()};
  auto& fj = out.report["files"] = json::array();
  for (const auto& f : *files) {
    fj.push_back({{"id", fmt::format("{:016x}", f.id)},
                  {"name", f.name},
                  {"bytes", f.bytes},
                  {"lines", f.lines},
                  {"sha256", to_hex(f.sha256)}});
  }
  auto batches = db.list_batches(0, 1'000'000);
  if (!batches) return tl::unexpected{batches.error()};
  auto& bj = out.report["batches"] = json::array();
  for (const auto& b : *batches) {
    auto found = db.check(b.id);
    if (!found) return tl::unexpected{found.error()};
    out.findings += found->size();
    const auto& p = b.progress;
    bj.push_back({{"id", fmt::format("{:016x}", b.id)},
                  {"status", storage::to_string(b.state.status)},
                  {"paused", b.state.paused},
                  {"total", p.total},
                  {"completed", p.completed},
                  {"failed", p.failed},
                  {"watermark", p.watermark},
                  {"retried", p.retried},
                  {"ambiguous", p.ambiguous},
                  {"dropped", p.dropped},
                  {"output_bytes", p.ok_bytes},
                  {"error_bytes", p.error_bytes},
                  {"findings", *found}});
  }
  for (const auto& [name, value] : db.measures()) out.report["store"][name] = value;
  return out;
}

void print(const json& r) {
  fmt::print("files: {}\n", r["files"].size());
  for (const auto& f : r["files"]) {
    fmt::print("  {}  {:>10} lines  {:>9}  {}\n", f["id"].get<std::string>(),
               with_commas(f["lines"].get<uint64_t>()), format_bytes(f["bytes"].get<uint64_t>()),
               f["name"].get<std::string>());
  }
  fmt::print("batches: {}\n", r["batches"].size());
  for (const auto& b : r["batches"]) {
    const auto n = [&](const char* key) { return with_commas(b[key].get<uint64_t>()); };
    fmt::print("  {}  {}{}: {} of {} done, {} failed, watermark {}, retried {}, ambiguous {}\n",
               b["id"].get<std::string>(), b["status"].get<std::string>(),
               b["paused"].get<bool>() ? " (paused)" : "", n("completed"), n("total"), n("failed"),
               n("watermark"), n("retried"), n("ambiguous"));
    for (const auto& f : b["findings"]) fmt::print("    WRONG: {}\n", f.get<std::string>());
  }
}

/// Why the directory could not be examined, and what to do.
int tell(const error& e, const std::string& dir) {
  const bool theirs = e.kind == errc::conflict || e.kind == errc::not_found ||
                      e.kind == errc::unsupported || e.kind == errc::invalid_input;
  if (theirs) {
    say_error(e.message);
    return wrong_use;
  }
  say_error(fmt::format("{} is damaged or cannot be read: {}. Keep a copy of it. If the disk is "
                        "sound, put a good copy in its place, or begin anew (the state of a run: "
                        "`perennial run` with --fresh)",
                        dir, e.message));
  return some_failed;
}

int doctor(const std::string& dir, bool as_json) {
  storage::open_options o;
  o.data_dir = dir;
  o.memory_bytes = 64 * mib;
  o.program = "perennial doctor";
  o.read_only = true;
  auto db = storage::open_store(o);
  if (!db) return tell(db.error(), dir);
  auto found = examine(**db);
  if (!found) return tell(found.error(), dir);
  if (as_json)
    fmt::print("{}\n", found->report.dump());
  else
    print(found->report);
  if (found->findings == 0) {
    say("All counts equal their rows.");
    return done;
  }
  say_error(fmt::format("{} things are wrong in {}; keep a copy of it and report them",
                        found->findings, dir));
  return some_failed;
}

} // namespace

void add_doctor(CLI::App& app, action& chosen) {
  auto dir = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  auto* c = app.add_subcommand("doctor", "Say what is in a data directory and check it");
  c->add_option("DATA_DIR", *dir, "The directory; nobody else may be using it")->required();
  c->add_flag("--json", *as_json, "Print as JSON");
  c->footer("Example:\n  perennial doctor results.jsonl.perennial\n\n"
            "Exit status: 0 all is well, 1 something is wrong, 2 no such directory or in use.");
  c->callback(
    [dir, as_json, &chosen] { chosen = [dir, as_json] { return doctor(*dir, *as_json); }; });
}

} // namespace perennial::tool
