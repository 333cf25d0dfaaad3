// What the dispatcher knows and decides: which lines are ready, which wait, which are out, who gets
// the next ones, and what is to be read. A value: no clock, no actor; `now` comes in.
//
//          on_lines                 assign                       on_recorded
//   reader ────────▶ ready ──────────────────────▶ out ─────────────────────▶ done
//                      ▲                            │
//                      └── due ── waiting ◀─────────┘ on_back
//
// A batch's ready lines are kept per provider (a lane), so that one provider's trouble does not
// hold up lines of another; whose line a lane gives next is said by turn_order.hpp, and whether it
// may be a retry by retry_budget.hpp.
#pragma once

#include "actors/work/dispatcher/rejection_streak.hpp"
#include "actors/work/dispatcher/retry_budget.hpp"
#include "actors/work/dispatcher/route_choice.hpp"
#include "actors/work/dispatcher/turn_order.hpp"
#include "actors/work/work_item.hpp"

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace perennial::actors {

struct dispatch_limits {
  /// A batch is read ahead while it has fewer ready lines than this, and fewer bytes than
  /// `ahead_bytes`; and while some provider wants lines of which it has none.
  size_t ready_low = 512;
  /// Reading a batch stops while it has so many lines that are ready or wait...
  size_t held_lines = 50'000;
  /// ...or so many bytes in them...
  uint64_t held_bytes = 64ull << 20;
  /// ...or while it has copies of lines whose pages are gone, and all batches together have so many
  /// bytes of them: nobody grants the memory of these.
  uint64_t copied_bytes = 64ull << 20;
  uint64_t ahead_bytes = 2ull << 20;
};

class dispatch_table {
public:
  struct assignment {
    uint32_t provider = 0;
    item_list items;
  };

  dispatch_table(routes where, dispatch_limits limits);

  // -- batches -----------------------------------------------------------------------------------
  void add(std::shared_ptr<const batch_context> batch, const storage::batch_state& state,
           const storage::batch_progress& progress);
  bool knows(storage::batch_id id) const { return batches_.contains(id); }
  void set_paused(storage::batch_id id, bool paused);
  /// Nothing of it goes out any more; returns what was ready or waiting, so that slots can be
  /// freed.
  item_list stop(storage::batch_id id);
  void remove(storage::batch_id id);

  // -- lines -------------------------------------------------------------------------------------
  /// What the reader brought. Lines that no provider takes are counted and let go of, so that they
  /// hold up nobody: providers change with a start, which reads them again.
  void on_lines(storage::batch_id id, item_list items, bool at_end, steady_time now,
                wall_time wall);
  /// False: its batch is stopped or gone, and the line is let go of.
  /// `held_up`: its provider would take it later, and another one may take it now.
  bool on_back(item_ptr item, std::chrono::milliseconds wait, steady_time now,
               bool held_up = false);
  /// So many lines that the reader brought get a result without having gone out: until it is on
  /// disk they count as out.
  void on_settled_here(storage::batch_id id, size_t lines);
  /// A line of the batch has its result on disk. True when the batch should be paused (every line
  /// is rejected the same way).
  bool on_result(storage::batch_id id, storage::output_kind kind, uint16_t code);
  void on_counts(storage::batch_id id, const storage::batch_progress& progress);

  // -- providers ---------------------------------------------------------------------------------
  /// What a provider says of itself. What one that is closed asked for before counts no more.
  void on_availability(const provider_availability& a);
  /// Moves lines that lie at a provider that takes none to another one that does, where their route
  /// allows it, and back to an earlier one that takes some again. Looks only where something may
  /// have changed.
  void reroute(steady_time now);
  /// When to look again.
  std::optional<steady_time> next_reroute(steady_time now) const {
    return choice_.next_change(now);
  }

  // -- decisions ---------------------------------------------------------------------------------
  void on_want(uint32_t provider, uint32_t lines);
  /// Moves what is due from waiting to ready and hands out against the credit.
  std::vector<assignment> assign(steady_time now);
  /// Lines whose own deadline is over, by batch; they count as out until their failure is on disk.
  std::map<storage::batch_id, item_list> take_overdue(wall_time wall);
  /// Whether there may be any: worth a look now and then.
  bool has_line_deadlines() const;
  /// The next batch that should be read, and marks its read as asked for.
  std::optional<storage::batch_id> next_read();
  /// Whether a read of it is for a provider that could take lines now and has none, rather than
  /// ahead: a batch that has lines ready for others is only searched for some.
  bool is_needed_now(storage::batch_id id) const;
  /// The read could not be started after all (no memory): it may be asked for again.
  void read_refused(storage::batch_id id);
  /// It cannot be read for now.
  void hold_reading(storage::batch_id id, bool hold);
  /// When a waiting line becomes due.
  std::optional<steady_time> next_due() const;
  /// Every line has its result.
  bool is_complete(storage::batch_id id) const;
  /// None of its lines is out.
  bool is_quiet(storage::batch_id id) const;

  struct load {
    storage::batch_id id = 0;
    size_t ready = 0;
    size_t waiting = 0;
    size_t out = 0;
    size_t unrouted = 0;
  };
  std::vector<load> loads() const;
  /// The model of a line that no provider takes, if there is one.
  std::optional<std::string> unrouted_model(storage::batch_id id) const;

private:
  /// Of one batch for one provider.
  struct ready_lines {
    std::deque<item_ptr> firsts;
    std::deque<item_ptr> retries; ///< Lines that have used attempts.
    bool empty() const { return firsts.empty() && retries.empty(); }
    std::deque<item_ptr>& of(const work_item& i) { return i.attempts > 0 ? retries : firsts; }
  };
  struct active {
    std::shared_ptr<const batch_context> context;
    storage::batch_progress progress;
    std::vector<ready_lines> ready; ///< By provider.
    size_t unrouted = 0;
    std::string unrouted_model; ///< Of the first of them.
    rejection_streak streak;
    size_t ready_count = 0;
    size_t waiting_count = 0;
    size_t out = 0;
    uint64_t held_bytes = 0;
    uint64_t copied_bytes = 0; ///< Of these, of lines without their page.
    bool paused = false;
    bool stopped = false;
    bool reading = false;
    bool unreadable = false; ///< For now.
    bool at_end = false;
  };
  struct lane {
    turn_order order;
    retry_budget retries;
    uint32_t credit = 0;
  };

  active* find(storage::batch_id id);
  void hold(active& b, const work_item& item);
  void let_go(active& b, const work_item& item);
  void make_ready(active& b, item_ptr item, steady_time now);
  void put_ready(active& b, item_ptr item, bool first);
  void lay_trials();
  void lay_trials(uint32_t provider, size_t lines);
  size_t ready_for(uint32_t provider) const;
  void make_waiting(active& b, item_ptr item, steady_time until);
  void release_due(steady_time now);
  bool has_firsts(uint32_t provider) const;
  item_ptr take_next(lane& from, uint32_t provider);
  bool wants_read(const active& b) const;

  route_choice choice_;
  steady_time reroute_at_ = steady_time::min(); ///< Nothing changes before.
  /// What has changed since nothing was found for a trial: lines that came, or went from before
  /// others; looking costs too much to do it every time.
  size_t changed_since_look_ = 0;
  static constexpr size_t look_again_after = 128;
  dispatch_limits limits_;
  std::map<storage::batch_id, active> batches_;
  std::vector<lane> lanes_;
  std::multimap<steady_time, item_ptr> waiting_; ///< By due time.
  uint64_t copied_bytes_ = 0;                    ///< Of all batches.
  storage::batch_id last_read_ = 0;
};

} // namespace perennial::actors
