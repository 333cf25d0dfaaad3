#include "tools/perennial/run_command.hpp"

#include "actors/protect/memory_actor.hpp"
#include "actors/results/result_reader.hpp"
#include "actors/service/ask.hpp"
#include "actors/service/config_check.hpp"
#include "actors/service/file_limit.hpp"
#include "actors/service/provider_setup.hpp"
#include "actors/service/service.hpp"
#include "protocol/base/log.hpp"
#include "protocol/jobs/line_problem.hpp"
#include "tools/perennial/disk_wait.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/fresh_state.hpp"
#include "tools/perennial/job_import.hpp"
#include "tools/perennial/lives.hpp"
#include "tools/perennial/output_file.hpp"
#include "tools/perennial/output_record.hpp"
#include "tools/perennial/path_checks.hpp"
#include "tools/perennial/progress_view.hpp"
#include "tools/perennial/run_state.hpp"
#include "tools/perennial/run_watch.hpp"
#include "tools/perennial/terminal.hpp"

#include <filesystem>
#include <thread>

namespace perennial::tool {

namespace {

using actors::ask;
using storage::batch_record;
using storage::batch_status;

constexpr size_t problems_shown = 20;

int fail_with(const error& e) {
  say_error(e.message);
  const bool theirs = e.kind == errc::invalid_input || e.kind == errc::conflict ||
                      e.kind == errc::not_found || e.kind == errc::unsupported;
  return theirs ? wrong_use : unreachable;
}

/// The batch that the directory was made for, and the newest of its retries.
struct existing_batches {
  std::optional<batch_record> root;
  std::optional<batch_record> newest;
};

result<existing_batches> find_batches(storage::store& db) {
  auto all = db.list_batches(0, 1000);
  if (!all) return tl::unexpected{all.error()};
  existing_batches out;
  for (auto& b : *all) { // newest first
    if (b.definition.retry_of == 0 && b.state.status == batch_status::failed) continue; // bad file
    if (!out.newest) out.newest = b;
    if (b.definition.retry_of == 0) out.root = std::move(b);
  }
  return out;
}

/// Refuses a state that belongs to another job.
result<void> check_same(const run_options& o, const batch_record& root, storage::store& db) {
  const auto& d = root.definition;
  const auto refuse = [&](const std::string& what) -> result<void> {
    return fail(
      errc::conflict,
      "{} holds the state of another run: {}. Give it another --data directory or -o file, or "
      "throw that state away with --fresh",
      o.data_dir, what);
  };
  if (d.endpoint != o.endpoint) {
    return refuse(fmt::format("its endpoint is {}, not {}", d.endpoint, o.endpoint));
  }
  if (d.model != o.model) {
    return refuse(fmt::format("its --model is \"{}\", not \"{}\"", d.model, o.model));
  }
  if (d.max_line_bytes != o.max_line_bytes) {
    return refuse(fmt::format("its --max-line-bytes is {}, not {}", format_bytes(d.max_line_bytes),
                              format_bytes(o.max_line_bytes)));
  }
  const auto format = d.format == storage::line_format::text ? "text" : "jsonl";
  if (format != o.format)
    return refuse(fmt::format("its --format is {}, not {}", format, o.format));
  auto now = identify(o.jobs);
  if (!now) return tl::unexpected{now.error()};
  auto file = db.get_file(d.file);
  if (!file) return tl::unexpected{file.error()};
  auto same = is_same_job(*now, root, file->sha256);
  if (!same) return tl::unexpected{same.error()};
  if (!*same)
    return refuse(
      fmt::format("its job file is not {}", o.jobs == "-" ? "the standard input" : o.jobs));
  return {};
}

/// What fails while the store cannot write is tried again when it can: its words, the disk's
/// reason.
template <class T>
result<T> waits_for_disk(running& r, result<T> done) {
  if (done) return done;
  const auto kind = done.error().kind;
  const bool of_store = kind == errc::no_space || kind == errc::io_error ||
                        kind == errc::unavailable || kind == errc::closed;
  const auto disk = r.service.disk().status();
  const bool in_vain = disk.holds_calls() || !r.service.db().takes_changes();
  if (!of_store || !in_vain) return done;
  return tl::unexpected{
    error{errc::no_space, disk.says.empty() ? done.error().message : disk.says}};
}

result<batch_record> create_batch(running& r, const storage::file_record& file,
                                  const job_identity& id) {
  const auto& o = r.options;
  actors::create_request c;
  auto& d = c.definition;
  d.file = file.id;
  d.created = wall_now();
  d.format = o.format == "text" ? storage::line_format::text : storage::line_format::jsonl;
  d.on_invalid =
    o.on_invalid == "skip" ? storage::invalid_policy::skip : storage::invalid_policy::fail;
  d.lines = file.lines;
  d.max_line_bytes = r.service.config().max_line_bytes;
  d.max_attempts = o.max_attempts;
  d.endpoint = o.endpoint;
  d.completion_window = "24h";
  d.model = o.model;
  d.metadata = to_metadata(id);
  // With a key: whether a batch was made while the disk failed may show much later.
  c.same.key = fmt::format("run {}", file.id);
  c.same.request_hash = sha256(c.same.key);
  auto made = when_there_is_room(r.interrupts, [&] {
    auto done = ask<storage::created_batch>(r.service.system(), r.service.dispatcher(),
                                            request_timeout, actors::create_atom_v, c);
    return waits_for_disk(r, std::move(done));
  });
  if (!made) return tl::unexpected{made.error()};
  return std::move(made->batch);
}

/// Imports the job file and makes the batch.
result<batch_record> begin(running& r) {
  auto id = identify(r.options.jobs);
  if (!id) return tl::unexpected{id.error()};
  const auto import = [&] {
    auto done =
      import_job_file(r.service.db(), r.service.disk(), *id, r.interrupts, [&](uint64_t bytes) {
        show_progress(fmt::format("reading {} · {}", r.options.jobs, format_bytes(bytes)));
        return r.interrupts.stops() == 0;
      });
    return waits_for_disk(r, std::move(done));
  };
  // Standard input cannot be read twice.
  auto file = r.options.jobs == "-" ? import() : when_there_is_room(r.interrupts, import);
  if (!file) return tl::unexpected{file.error()};
  return create_batch(r, *file, *id);
}

int show_problems(running& r, const batch_record& b) {
  auto problems = r.service.db().get_problems(b.id);
  if (!problems) return fail_with(problems.error());
  clear_progress();
  if (problems->size() == 1 && problems->front().code == jobs::problem_code::empty_file) {
    say_error(fmt::format("{}: {}. Nothing was sent",
                          r.options.jobs == "-" ? "standard input" : r.options.jobs,
                          problems->front().message));
    return wrong_use;
  }
  for (size_t i = 0; i < problems->size() && i < problems_shown; ++i) {
    const auto& p = (*problems)[i];
    const auto where = p.number
                         ? fmt::format("{}:{} (byte {}): ", r.options.jobs, p.number, p.offset)
                         : fmt::format("{}: ", r.options.jobs);
    say(fmt::format("{}{} [{}]", where, p.message, p.code));
  }
  const auto more = b.state.problems > problems_shown
                      ? fmt::format(" (the first {} are shown; `perennial check {}` shows more)",
                                    problems_shown, r.options.jobs)
                      : std::string{};
  say_error(
    fmt::format("{} of the lines in {} cannot be run{}. Nothing was sent. Mend them, or run the "
                "others with --on-invalid skip",
                with_commas(b.state.problems), r.options.jobs, more));
  return wrong_use;
}

/// Counts of the newest result of each line along the chain.
storage::batch_progress chain_counts(storage::store& db, batch_record newest) {
  auto sum = newest.progress;
  while (newest.definition.retry_of != 0) {
    auto parent = db.get_batch(newest.definition.retry_of);
    if (!parent) break;
    const auto& p = parent->progress;
    sum.total = p.total;
    sum.completed += p.completed;
    sum.retried += p.retried;
    sum.ambiguous += p.ambiguous;
    sum.tokens.input += p.tokens.input;
    sum.tokens.output += p.tokens.output;
    newest = std::move(*parent);
  }
  return sum;
}

result<void> write_results(running& r, const batch_record& newest) {
  auto out = output_file::create(r.options.output);
  if (!out) return tl::unexpected{out.error()};
  result<void> written;
  auto read =
    actors::read_in_order(r.service.db(), newest.id, [&](const actors::ordered_result& l) {
      written = out->write(l.text);
      return written.has_value();
    });
  if (!read) return read;
  if (!written) return written;
  if (auto ok = out->commit(); !ok) return ok;
  // Without the record they are written once more when somebody asks again, and that is all.
  (void)record_output(r.options.data_dir, newest.id, r.options.output);
  return {};
}

int finish(running& r, const batch_record& newest, bool ran) {
  clear_progress();
  const auto& o = r.options;
  const bool ours = is_recorded_output(o.data_dir, newest.id, o.output);
  const bool foreign = !ours && !ran && std::filesystem::exists(o.output);
  if (!ours) {
    const auto written = when_there_is_room(r.interrupts, [&] { return write_results(r, newest); });
    if (!written) return fail_with(written.error());
  }
  if (foreign) {
    narrate(r, fmt::format("What was in {} was not what this run had written: its results were "
                           "written there again.",
                           o.output));
  }
  run_summary s;
  s.counts = chain_counts(r.service.db(), newest);
  s.wall = std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - r.started);
  s.done_now = newest.progress.completed + newest.progress.failed - r.done_before;
  s.peak_rss = actors::peak_resident_bytes();
  s.output = r.options.output;
  s.data_dir = r.options.data_dir;
  const auto failed = s.counts.failed;
  if (r.options.json) fmt::print("{}\n", to_json(s));
  if (!ran) {
    narrate(r, fmt::format(
                 "Finished already: {} lines, {} failed; nobody was called. The results are in {}.",
                 with_commas(s.counts.total), with_commas(failed), s.output));
  } else {
    narrate(r, "Finished.\n" + to_text(s));
  }
  if (failed == 0) return done;
  narrate(
    r, fmt::format("{} lines failed: their results say why. Add --retry-failed to run them again.",
                   with_commas(failed)));
  return some_failed;
}

result<batch_record> start_retry(running& r, const batch_record& newest) {
  auto made =
    ask<storage::created_batch>(r.service.system(), r.service.dispatcher(), request_timeout,
                                actors::retry_atom_v, uint64_t{newest.id}, std::string{});
  if (!made) return tl::unexpected{made.error()};
  return std::move(made->batch);
}

/// A batch that an earlier run left paused goes on: the user saw why, and ran it again.
void unpause(running& r, const batch_record& b) {
  if (!b.state.paused) return;
  (void)ask<batch_record>(r.service.system(), r.service.dispatcher(), request_timeout,
                          actors::resume_atom_v, uint64_t{b.id});
}

int run_batch(running& r) {
  auto found = find_batches(r.service.db());
  if (!found) return fail_with(found.error());
  std::optional<batch_record> current = found->newest;
  if (found->root) {
    if (auto ok = check_same(r.options, *found->root, r.service.db()); !ok) {
      return fail_with(ok.error());
    }
    if (storage::is_final(current->state.status)) {
      const bool again = r.options.retry_failed && current->progress.failed > 0;
      if (!again) return finish(r, *current, false);
      auto retry = start_retry(r, *current);
      if (!retry) return fail_with(retry.error());
      current = std::move(*retry);
    } else {
      unpause(r, *current);
      narrate(r, fmt::format("Going on: {} of {} lines are done.",
                             with_commas(current->progress.completed + current->progress.failed),
                             with_commas(current->progress.total)));
    }
  } else {
    auto fresh = begin(r);
    if (!fresh && fresh.error().kind == errc::cancelled) return unreachable;
    if (!fresh) return fail_with(fresh.error());
    current = std::move(*fresh);
  }
  r.done_before = current->progress.completed + current->progress.failed;
  if (auto over = watch(r, current->id)) return *over;
  auto end = r.service.db().get_batch(current->id);
  if (!end) return fail_with(end.error());
  if (end->state.status == batch_status::failed) return show_problems(r, *end);
  return finish(r, *end, true);
}

actors::service_config to_config(const run_options& o) {
  actors::service_config config;
  config.data_dir = o.data_dir;
  config.memory_budget = o.memory_bytes;
  config.max_attempts = o.max_attempts;
  config.max_line_bytes = o.max_line_bytes;
  config.providers.push_back(o.provider);
  return config;
}

/// Everything that can be found wrong before anything is spent; the old state goes only after it.
result<void> check_and_clear(const run_options& o, const actors::service_config& config) {
  if (auto ok = actors::check_config(config); !ok) return ok;
  if (auto ok = check_job_file(o.jobs); !ok) return ok;
  if (auto ok = check_output(o.output, o.jobs); !ok) return ok;
  if (auto ok = check_data_dir(o.data_dir); !ok) return ok;
  if (auto ok = check_apart(o.output, o.data_dir); !ok) return ok;
  if (!o.fresh) return {};
  if (auto clients = actors::make_provider_clients(config); !clients) {
    return tl::unexpected{clients.error()};
  }
  if (auto ok = actors::raise_file_limit(config); !ok) return ok;
  return throw_away_state(o.data_dir, o.jobs);
}

struct run_life {
  const run_options& options;
  const actors::service_config& config;
  signals& interrupts;
  steady_time started;
};

life_end live(const run_life& life) {
  auto& interrupts = life.interrupts;
  auto started =
    when_there_is_room(interrupts, [&] { return actors::service::start(life.config); });
  if (!started) return {fail_with(started.error())};
  auto service = std::move(*started);
  interrupts.on_hurry([&] { service->hurry(); });
  life_end end;
  {
    running r{life.options, interrupts, *service, life.started};
    end.status = run_batch(r);
  }
  const auto failure = service->failure();
  // All that matters is on disk; calls that are still out belong to no one who waits.
  service->stop(failure ? after_failure : std::chrono::milliseconds{0});
  interrupts.on_hurry({});
  if (end.status == unreachable && interrupts.stops() == 0) end.died = failure;
  take_down(std::move(service), end);
  return end;
}

} // namespace

int run(const run_options& options) {
  init_log("error"); // what a person should know is said by the watcher, once
  const auto started = steady_now();
  signals interrupts;
  const auto config = to_config(options);
  if (auto ok = check_and_clear(options, config); !ok) return fail_with(ok.error());
  auto now = options;
  const run_life life{now, config, interrupts, started};
  const auto once = [&] {
    auto end = live(life);
    now.retry_failed = false; // a retry goes on as any other batch
    return end;
  };
  return live_on(once, [&](const std::string& what, bool last) {
    if (last) {
      say_error(fmt::format("a part of perennial keeps failing: {}. Nothing is lost: run the same "
                            "command again to go on",
                            what));
    } else if (!options.quiet) {
      say(fmt::format("A part of perennial failed ({}); it goes on from the disk.", what));
    }
  });
}

} // namespace perennial::tool
