#include "tools/perennial/run_watch.hpp"

#include "actors/protect/memory_actor.hpp"
#include "actors/service/ask.hpp"
#include "protocol/provider/error_body.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/progress_view.hpp"
#include "tools/perennial/terminal.hpp"

#include <nlohmann/json.hpp>

#include <thread>

namespace perennial::tool {

namespace {

using actors::ask;
using storage::batch_record;
using storage::batch_status;

/// How often it is looked whether the batch is at its end, and how often more is told about it.
constexpr std::chrono::milliseconds poll_every{10};
constexpr int polls_per_view = 10;

/// Watches a batch until it is at its end, the user stops it, or the provider is given up.
class watcher {
public:
  watcher(running& r, storage::batch_id id)
    : r_(r)
    , id_(id) {}

  /// Nothing: the batch is at its end.
  std::optional<int> watch() {
    for (int poll = 0;; ++poll) {
      auto b = r_.service.db().get_batch(id_);
      if (b && storage::is_final(b->state.status)) return std::nullopt;
      if (r_.interrupts.stops() > 0) return interrupted();
      if (r_.service.failure()) return unreachable; // whoever started it starts it again
      if (b && poll % polls_per_view == 0) {
        if (!look(*b)) return unreachable;
      }
      std::this_thread::sleep_for(poll_every);
    }
  }

private:
  /// False: the run is over, and it was said why.
  bool look(const batch_record& b) {
    const auto status =
      ask<actors::provider_status>(r_.service.system(), r_.service.supervisors().front(),
                                   request_timeout, actors::status_atom_v);
    if (!status) return true;
    tell_disk();
    if (status->alarm != alarm_) {
      alarm_ = status->alarm;
      if (!alarm_.empty()) say_warning(alarm_);
    }
    if (b.state.paused && status->in_flight == 0) return tell_paused(b);
    if (!is_worth_waiting(b, *status)) return false;
    if (!r_.options.quiet) show(b, *status);
    return true;
  }

  /// Once when calls are held, whatever the reasons that follow; it is no provider's silence.
  void tell_disk() {
    const auto disk = r_.service.disk().status();
    const bool held = disk.holds_calls();
    if (held) calling_since_ = steady_now();
    if (held == held_) return;
    held_ = held;
    clear_progress();
    if (held) {
      say_warning(disk.says);
    } else {
      say("There is room on the disk again: going on.");
    }
  }

  void show(const batch_record& b, const actors::provider_status& status) {
    progress_sample s;
    s.done = b.progress.completed + b.progress.failed;
    s.total = b.progress.total;
    s.failed = b.progress.failed;
    s.in_flight = status.in_flight;
    s.rss_bytes = actors::resident_bytes();
    if (b.state.status == batch_status::validating) {
      s.note = "checking the file";
    } else if (held_) {
      s.note = "waits for room on the disk";
    } else if (!alarm_.empty()) {
      const bool calls =
        status.breaker.state == actors::breaker_state::closed && status.in_flight > 0;
      s.note = calls ? "see the warning above" : "waits for the provider";
    }
    show_progress(view_.line(s, steady_now()));
  }

  /// A provider that has ever answered is waited for; one that never did, for so long. One that
  /// thinks for longer is not dead: a dead one opens the breaker.
  bool is_worth_waiting(const batch_record& b, const actors::provider_status& status) {
    const auto now = steady_now();
    if (b.state.status == batch_status::validating) calling_since_ = now;
    const auto silent = now - calling_since_;
    const bool thinks =
      status.breaker.state == actors::breaker_state::closed && status.in_flight > 0;
    if (status.answered > 0 || thinks || silent < r_.options.give_up) return true;
    clear_progress();
    const auto since =
      format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(silent));
    const auto why = fmt::format("no answer from {} for {}{}{}", r_.options.provider.base_url,
                                 since, alarm_.empty() ? "" : ": ", alarm_);
    say_error(with_stop(why) + " Nothing is lost: run the same command again to go on");
    return false;
  }

  /// It paused by itself: nobody else could resume it while we wait.
  bool tell_paused(const batch_record& b) {
    clear_progress();
    say_error(fmt::format("stopped after {} of {} lines: {}{} Nothing is lost: run the same "
                          "command again to go on all the same, or mend the job file and start "
                          "anew with --fresh",
                          with_commas(b.progress.completed + b.progress.failed),
                          with_commas(b.progress.total), with_stop(b.state.pause_reason),
                          first_failure()));
    return false;
  }

  /// What the provider said of the first line that failed.
  std::string first_failure() {
    const auto text = r_.service.db().read_output(id_, storage::output_kind::error, 0, 64 << 10);
    if (!text) return {};
    const auto line = nlohmann::json::parse(text->substr(0, text->find('\n')), nullptr, false);
    const auto body = nlohmann::json::json_pointer{"/response/body"};
    if (line.is_discarded() || !line.contains(body)) return {};
    const auto said = read_error_body(line[body].dump());
    return said.message.empty()
             ? std::string{}
             : fmt::format(" The first failed line got: {}", with_stop(said.message));
  }

  std::optional<int> interrupted() {
    clear_progress();
    narrate(r_, "Stopping: calls in flight may end (Ctrl-C again aborts them)…");
    r_.service.stop(r_.service.config().drain_deadline);
    if (auto b = r_.service.db().get_batch(id_)) {
      narrate(r_, fmt::format("{} of {} lines are done; run the same command again to go on.",
                              with_commas(b->progress.completed + b->progress.failed),
                              with_commas(b->progress.total)));
    }
    return unreachable;
  }

  running& r_;
  storage::batch_id id_;
  progress_view view_;
  steady_time calling_since_ = steady_now();
  std::string alarm_;
  bool held_ = false; ///< The disk is short of room for results.
};

} // namespace

void narrate(const running& r, const std::string& line) {
  if (!r.options.quiet) say(line);
}

std::optional<int> watch(running& r, storage::batch_id id) { return watcher{r, id}.watch(); }

} // namespace perennial::tool
