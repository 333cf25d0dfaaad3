// `perennial check`: what is wrong with a job file, before anything is spent.
#include "actors/service/config_check.hpp"
#include "protocol/jobs/endpoints.hpp"
#include "protocol/jobs/validator.hpp"
#include "tools/perennial/commands.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/terminal.hpp"
#include "tools/perennial/validators.hpp"

#include "protocol/base/unique_fd.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

namespace perennial::tool {

namespace {

struct check_options {
  std::string jobs;
  std::string format = "jsonl";
  jobs::job_rules rules;
  bool json = false;
};

struct findings {
  jobs::problem_list problems;
  uint64_t lines = 0;
  uint64_t bytes = 0;
};

result<findings> look(const check_options& o) {
  const bool from_stdin = o.jobs == "-";
  const unique_fd opened{from_stdin ? -1 : ::open(o.jobs.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!from_stdin && !opened) {
    return fail(errc::invalid_input, "the job file {}: {}", o.jobs, std::strerror(errno));
  }
  const int fd = from_stdin ? STDIN_FILENO : opened.get();
  findings out;
  jobs::line_splitter splitter{{}, o.rules.max_line_bytes};
  jobs::validator validator{o.rules};
  std::set<std::string, std::less<>> ids; // a check is short: the whole set may stay in memory
  const auto take = [&](const jobs::line& l) {
    ++out.lines;
    auto good = validator.validate(l);
    if (!good) {
      out.problems.add(std::move(good.error()));
    } else if (!ids.emplace(*good).second) {
      out.problems.add(jobs::duplicate_custom_id(l.number, l.offset, *good));
    }
  };
  constexpr size_t chunk = 1 << 20;
  std::vector<char> buffer(chunk + 64);
  jobs::line l;
  for (;;) {
    const auto n = ::read(fd, buffer.data(), chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errc::invalid_input, "reading {}: {}", o.jobs, std::strerror(errno));
    if (n == 0) break;
    out.bytes += static_cast<uint64_t>(n);
    splitter.feed({buffer.data(), static_cast<size_t>(n)});
    while (splitter.next(l)) take(l);
  }
  if (splitter.finish(l)) take(l);
  if (out.lines == 0) out.problems.add(jobs::empty_file());
  return out;
}

void print(const check_options& o, const findings& f) {
  if (o.json) {
    nlohmann::ordered_json j{
      {"lines", f.lines}, {"bytes", f.bytes}, {"problems", f.problems.total()}};
    auto& list = j["data"] = nlohmann::ordered_json::array();
    for (const auto& p : f.problems.kept()) {
      list.push_back(
        {{"line", p.number}, {"offset", p.offset}, {"code", p.code}, {"message", p.message}});
    }
    fmt::print("{}\n", j.dump());
    return;
  }
  for (const auto& p : f.problems.kept()) {
    const auto where =
      p.number ? fmt::format("{}:{} (byte {})", o.jobs, p.number, p.offset) : o.jobs;
    fmt::print("{}: {} [{}]\n", where, p.message, p.code);
  }
}

int check(const check_options& o) {
  if (auto ok = jobs::check_endpoint(o.rules.endpoint); !ok) {
    say_error(ok.error().message);
    return wrong_use;
  }
  if (auto ok = actors::check_line_limit(o.rules.max_line_bytes); !ok) {
    say_error(ok.error().message);
    return wrong_use;
  }
  auto found = look(o);
  if (!found) {
    say_error(found.error().message);
    return wrong_use;
  }
  print(o, *found);
  const auto total = found->problems.total();
  if (total == 0) {
    say(fmt::format("{}: {} lines, all good", o.jobs, with_commas(found->lines)));
    return done;
  }
  if (found->lines == 0) return wrong_use; // the finding says all
  const auto shown = found->problems.kept().size();
  say(fmt::format(
    "{}: {} of {} lines cannot be run{}", o.jobs, with_commas(total), with_commas(found->lines),
    shown < total ? fmt::format("; the first {} are shown", with_commas(shown)) : ""));
  return wrong_use;
}

} // namespace

void add_check(CLI::App& app, action& chosen) {
  auto o = std::make_shared<check_options>();
  auto* c = app.add_subcommand("check", "Validate a job file; says every bad line");
  c->add_option("JOBS", o->jobs, "Job file; - for standard input")->required();
  c->add_option("--endpoint", o->rules.endpoint, "What the lines call")->capture_default_str();
  c->add_option("--format", o->format, "jsonl, or text: one prompt per line")
    ->check(CLI::IsMember({"jsonl", "text"}))
    ->capture_default_str();
  c->add_option("--max-line-bytes", o->rules.max_line_bytes, "The longest line that is taken")
    ->transform(byte_amount())
    ->default_str("16MiB");
  c->add_flag("--json", o->json, "Print the findings as JSON");
  c->footer("Example:\n  perennial check jobs.jsonl\n\nExit status: 0 all good, 2 some lines "
            "cannot be run.");
  c->callback([o, &chosen] {
    chosen = [o] {
      o->rules.format = o->format == "text" ? jobs::job_format::text : jobs::job_format::jsonl;
      return check(*o);
    };
  });
}

} // namespace perennial::tool
