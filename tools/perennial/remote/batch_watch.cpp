#include "tools/perennial/remote/batch_watch.hpp"

#include "protocol/base/clock.hpp"
#include "tools/perennial/progress_view.hpp"
#include "tools/perennial/remote/batch_text.hpp"
#include "tools/perennial/terminal.hpp"

#include <algorithm>
#include <thread>
#include <vector>

namespace perennial::tool {

namespace {

constexpr std::chrono::milliseconds soonest{100};
constexpr std::chrono::milliseconds latest{1000};
constexpr std::chrono::milliseconds nap{50};

/// What the user sees while it waits.
class narrator {
public:
  explicit narrator(bool progress)
    : progress_(progress) {}

  void away(const error& e) {
    if (!away_) {
      clear_progress();
      say_warning(e.message + "; still waiting");
    }
    away_ = true;
  }

  void show(api_client& api, const openai::batch_object& b) {
    if (away_) say("The service is back.");
    away_ = false;
    if (!progress_) return;
    warn(b);
    const auto state = api.state();
    if (!state) return;
    progress_sample s;
    s.done = b.completed + b.failed;
    s.total = b.total;
    s.failed = b.failed;
    s.in_flight = state->in_flight;
    s.rss_bytes = state->rss_bytes;
    if (b.status != "in_progress") s.note = b.status;
    if (b.perennial && b.perennial->paused)
      s.note = "paused: " + b.perennial->pause_reason;
    else if (b.perennial && !b.perennial->waiting_for.empty())
      s.note = "waits, see above";
    show_progress(view_.line(s, steady_now()));
  }

private:
  /// What it waits for, each sentence when it appears.
  void warn(const openai::batch_object& b) {
    auto now = b.perennial ? b.perennial->waiting_for : std::vector<std::string>{};
    for (const auto& sentence : now) {
      if (std::find(warned_.begin(), warned_.end(), sentence) != warned_.end()) continue;
      clear_progress();
      say_warning(sentence);
    }
    warned_ = std::move(now);
  }

  bool progress_;
  bool away_ = false;
  std::vector<std::string> warned_;
  progress_view view_;
};

/// False: the user wants to stop.
bool wait(const signals& interrupts, std::chrono::milliseconds how_long) {
  const auto until = steady_now() + how_long;
  while (interrupts.stops() == 0 && steady_now() < until) std::this_thread::sleep_for(nap);
  return interrupts.stops() == 0;
}

} // namespace

result<openai::batch_object>
watch_batch(api_client& api, const std::string& id, const signals& interrupts,
            const watch_options& options,
            const std::function<result<void>(const openai::batch_object&)>& look) {
  narrator tell{options.progress};
  auto last_answer = steady_now();
  auto pause = soonest;
  for (;;) {
    auto b = api.get_batch(id);
    result<void> seen;
    if (b && look) seen = look(*b);
    if (b && seen) {
      last_answer = steady_now();
      tell.show(api, *b);
      if (is_final(*b)) {
        clear_progress();
        return b;
      }
    } else {
      const auto& e = b ? seen.error() : b.error();
      const bool passing = e.kind == errc::unavailable || e.kind == errc::internal;
      if (!passing || steady_now() - last_answer > options.patience) {
        clear_progress();
        return tl::unexpected{e};
      }
      tell.away(e);
    }
    if (!wait(interrupts, pause)) {
      clear_progress();
      return fail(errc::cancelled, "the batch goes on; `perennial status {}` shows it", id);
    }
    pause = std::min(pause * 2, latest);
  }
}

} // namespace perennial::tool
