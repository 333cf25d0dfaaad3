#include "actors/results/failed_line.hpp"
#include "actors/work/supervisor/call_verdict.hpp"
#include "actors/work/supervisor/parts.hpp"
#include "protocol/base/log.hpp"
#include "protocol/provider/backoff.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

using std::chrono::milliseconds;

/// A line whose model cannot be parked, since too many are, waits this long.
constexpr milliseconds full_park_wait{30'000};
/// How long good answers may lie in the tray.
constexpr milliseconds look_again{4};

park_kind kind_of(outcome_kind k) {
  switch (k) {
  case outcome_kind::quota_spent: return park_kind::quota_spent;
  case outcome_kind::redirected: return park_kind::redirected;
  case outcome_kind::key_refused: return park_kind::wrong_key;
  default: return park_kind::wrong_route;
  }
}

/// What is wrong with the key or the route holds all their lines up. @returns how long this one has
/// to wait by itself, where no more can be held up that way.
std::optional<milliseconds> note_alarms(supervisor_ptr self, const call_done& d, steady_time now) {
  auto& st = self->state;
  const auto& o = d.outcome;
  if (o.park != park_target::none) {
    const std::string_view model =
      o.park == park_target::key ? whole_key : std::string_view{d.item->model};
    auto& parked = st.ring.at(d.item->key->number).parked;
    const auto done = parked.park(model, kind_of(o.kind), o.message, d.item->park_epoch, now);
    if (done == route_park::effect::changed) logging::warn("{}", o.message);
    if (done == route_park::effect::full) return full_park_wait;
  } else if (o.kind == outcome_kind::success) {
    st.ring.at(d.item->key->number).parked.on_success(d.item->model, d.item->park_epoch);
  }
  return std::nullopt;
}

void take_result(supervisor_state& st, const work_item& item, storage::line_result&& r) {
  auto& g = group(st);
  st.outbox.done.lines.push_back({r.batch, r.line, r.kind, r.code});
  g.results.push_back(std::move(r));
  ++st.unsynced;
  if (item.slot != no_slot) st.outbox.slots.push_back(item.slot);
  st.outbox.charged += item.charged_bytes;
}

/// What a later process has to know of a line that is not done: the attempt that it cost, or what
/// was said of it where another provider may answer. A pause leaves no trace.
bool is_worth_keeping(const call_done& d) {
  const auto& o = d.outcome;
  if (d.disposition.fate == line_fate::retry && o.attempt_used) return true;
  return d.item->several_providers &&
         (o.breaker == breaker_effect::failure || o.park != park_target::none);
}

storage::waiting_entry entry_of(const work_item& item, milliseconds wait) {
  storage::waiting_entry entry;
  entry.attempts = item.attempts;
  entry.not_before = wall_now() + wait;
  entry.ambiguous = item.ambiguous;
  entry.last_error = item.last_error;
  entry.first_call = item.first_call;
  entry.words = item.words;
  return entry;
}

/// A line that comes back without a result waits only for what is its own: a retry, or an answer
/// that could not be kept. A pause or a park is of the key, and another one, or another provider,
/// may take the line meanwhile.
void take_back(supervisor_ptr self, call_done& d, std::optional<milliseconds> own_wait) {
  auto& st = self->state;
  auto& item = *d.item;
  const bool retry = d.disposition.fate == line_fate::retry;
  st.charged -= std::min(st.charged, item.charged_bytes);
  if (st.draining && d.outcome.kind == outcome_kind::aborted) {
    return; // its slot stays taken: the next start counts the call as ambiguous and makes it again
  }
  if (d.outcome.kind == outcome_kind::aborted) own_wait = d.outcome.wait_at_least;
  auto wait = own_wait.value_or(milliseconds{0});
  const bool throttled =
    d.outcome.kind == outcome_kind::throttled_for || d.outcome.kind == outcome_kind::throttled;
  if (throttled) st.ring.on_throttled(item.key->number, self->clock().now());
  if (item.slot != no_slot) st.peers.calls_out->free(std::exchange(item.slot, no_slot));
  item.note_word(st.peers.config.name, d.outcome.code, d.outcome.message);
  if (retry) {
    item.last_error = d.outcome.message;
    item.attempts = d.disposition.attempts;
    wait = perennial::backoff(std::max(item.attempts, 1u), jitter(self), d.outcome.wait_at_least);
  }
  if (is_worth_keeping(d))
    group(st).waits.push_back({item.batch->id, item.line, entry_of(item, wait)});
  if (d.outcome.ambiguous) group(st).ambiguous.push_back({item.batch->id, 1});
  st.outbox.back.push_back({std::move(d.item), wait, !retry && wait.count() > 0});
}

/// Of the calls that go by the line's breaker the one that has been out for longest.
std::optional<steady_time> oldest_out(const supervisor_state& st, const work_item& item) {
  std::optional<steady_time> out;
  for (const auto& w : st.workers) {
    if (!w.item || (item.model_breaker != 0 && w.item->model_breaker != item.model_breaker))
      continue;
    out = std::min(out.value_or(w.since), w.since);
  }
  return out;
}

bool is_an_outage(const supervisor_state& st, const call_done& d, const failed_calls& failed,
                  steady_time now) {
  const auto n = d.item->model_breaker;
  const auto last_success = n == 0 ? st.last_success : st.models[n - 1].last_success;
  return may_be_an_outage(d.outcome, *d.item, failed, last_success) &&
         !keeps_waiting(failed, oldest_out(st, *d.item), now);
}

/// A failure is noted; and where it would be the line's last one in an outage, it costs no attempt.
void note_failure(supervisor_ptr self, call_done& d, steady_time now) {
  auto& st = self->state;
  auto& item = *d.item;
  auto& failed = item.failures_at(st.peers.number);
  failed.add(item.sent, now);
  const bool last = d.result && d.outcome.attempt_used &&
                    d.disposition.attempts >= item.batch->definition.max_attempts;
  // Lines without a breaker that hears of what they are answered have to end.
  const bool heard = item.model_breaker > 0 || !st.peers.config.breaker_per_model;
  if (!last || !heard) return;
  d.outcome.outage = is_an_outage(st, d, failed, now);
  if (!d.outcome.outage && !is_to_be_seen(d.outcome, item, failed, d.disposition.attempts)) return;
  item.spared = d.outcome.outage ? 0 : item.spared + 1;
  d.outcome.attempt_used = false;
  d.disposition = {line_fate::retry, item.attempts};
  d.result.reset();
}

/// As of when it was answered: it may have lain in the tray since.
void note_success(supervisor_state& st, const call_done& d) {
  const auto answered = d.item->sent + d.took;
  const auto note = [&](std::optional<steady_time>& last) {
    last = std::max(last.value_or(answered), answered);
  };
  note(st.last_success);
  if (d.item->model_breaker > 0) note(st.models[d.item->model_breaker - 1].last_success);
}

/// For the breakers that this call goes by.
void note_run(supervisor_state& st, uint32_t model_breaker, breaker_effect effect) {
  const auto note = [&](failure_run& run) {
    if (effect == breaker_effect::success) run = {};
    if (effect == breaker_effect::failure) ++run.length;
  };
  note(st.failing);
  if (model_breaker > 0) note(st.models[model_breaker - 1].failing);
}

void take_call(supervisor_ptr self, call_done& d) {
  auto& st = self->state;
  if (st.workers[d.worker].item != d.item) { // from a worker that was given up
    if (d.next) st.outbox.back.push_back({d.next->apart(), milliseconds{0}});
    return;
  }
  st.workers[d.worker].item.reset();
  ++st.workers[d.worker].calls;
  --st.in_flight;
  ++st.calls;
  const auto in_flight = st.ring.at(d.item->key->number).in_flight; // as it ended
  // What was refused, or did not get there, is not counted by providers.
  const bool costs = d.outcome.kind == outcome_kind::success;
  const auto known = d.tokens ? static_cast<int64_t>(*d.tokens) : d.item->tokens;
  comes_back(st, *d.item, costs ? known : 0);
  if (d.result && costs) st.guess.learn(d.result->tokens.output);
  if (d.next) {
    st.ready->told(d.worker, d.next);
    st.workers[d.worker].overdue = false;
    goes_out(st, d.worker, std::move(d.next), self->clock().now());
  } else {
    becomes_idle(self, d.worker);
  }
  if (d.answered) ++st.answered;
  // What is beyond a small answer was asked for as it came.
  const auto small = static_cast<double>(std::min(d.response_bytes, small_answer));
  st.response_estimate += (small - st.response_estimate) / 64.0;
  const auto now = self->clock().now();
  if (d.outcome.breaker == breaker_effect::failure) note_failure(self, d, now);
  if (d.outcome.breaker == breaker_effect::success) note_success(st, d);
  const auto own_wait = note_alarms(self, d, now);
  note_outcome(st, *d.item,
               {.outcome = d.outcome,
                .sent = d.item->sent,
                .in_flight = in_flight,
                .took = d.took,
                .limits = d.limits});
  if (d.result) {
    take_result(st, *d.item, std::move(*d.result));
    if (d.memory && d.memory->bytes() > 0) st.outbox.answers.push_back(std::move(d.memory));
  } else {
    take_back(self, d, own_wait);
  }
}

} // namespace

void fail_line(supervisor_ptr self, const work_item& item, uint16_t code, std::string_view name,
               std::string_view message) {
  take_result(self->state, item, failed_line(item, code, name, message));
}

void collect_calls(supervisor_ptr self) {
  auto& st = self->state;
  const auto calls = st.finished->collect();
  if (calls.empty()) return;
  st.pace.on_calls(calls.size(), self->clock().now());
  bool urgent = false;
  for (const auto& c : calls) {
    urgent = urgent || c->outcome.kind != outcome_kind::success || c->limits.wait();
    const auto model_breaker = c->item->model_breaker;
    const auto effect = c->outcome.breaker;
    take_call(self, *c);
    note_run(st, model_breaker, effect);
  }
  wait_for_breakers(self);
  flush_soon(self, urgent);
  pump(self);
  if (std::exchange(st.look_sent, true)) return;
  self->delayed_send(self, look_again, called_atom_v, true);
}

} // namespace perennial::actors
