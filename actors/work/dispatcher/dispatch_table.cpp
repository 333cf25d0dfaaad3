#include "actors/work/dispatcher/dispatch_table.hpp"

#include <algorithm>
#include <iterator>

namespace perennial::actors {

namespace {

uint64_t held_size(const work_item& item) { return item.body.size() + sizeof(work_item); }

} // namespace

dispatch_table::dispatch_table(routes where, dispatch_limits limits)
  : choice_(std::move(where))
  , limits_(limits)
  , lanes_(choice_.where().size()) {}

dispatch_table::active* dispatch_table::find(storage::batch_id id) {
  const auto at = batches_.find(id);
  return at == batches_.end() ? nullptr : &at->second;
}

void dispatch_table::add(std::shared_ptr<const batch_context> batch,
                         const storage::batch_state& state,
                         const storage::batch_progress& progress) {
  const auto id = batch->id;
  const auto& d = batch->definition;
  const batch_standing standing{d.owner, d.priority, d.weight, d.expires};
  active b;
  b.context = std::move(batch);
  b.progress = progress;
  b.paused = state.paused;
  b.ready.resize(lanes_.size());
  if (batches_.emplace(id, std::move(b)).second) {
    for (auto& l : lanes_) l.order.add(id, standing);
  }
}

void dispatch_table::set_paused(storage::batch_id id, bool paused) {
  if (auto* b = find(id)) {
    if (b->paused && !paused) b->streak.on_resumed();
    changed_since_look_ = look_again_after;
    b->paused = paused;
  }
}

item_list dispatch_table::stop(storage::batch_id id) {
  item_list dropped;
  auto* b = find(id);
  if (!b) return dropped;
  b->stopped = true;
  for (auto& lines : b->ready) {
    for (auto* queue : {&lines.retries, &lines.firsts}) {
      std::move(queue->begin(), queue->end(), std::back_inserter(dropped));
      queue->clear();
    }
  }
  std::erase_if(waiting_, [&](auto& entry) {
    if (entry.second->batch->id != id) return false;
    dropped.push_back(entry.second);
    return true;
  });
  copied_bytes_ -= b->copied_bytes;
  b->ready_count = b->waiting_count = b->held_bytes = b->copied_bytes = 0;
  return dropped;
}

void dispatch_table::remove(storage::batch_id id) {
  stop(id);
  for (auto& l : lanes_) l.order.remove(id);
  batches_.erase(id);
}

void dispatch_table::hold(active& b, const work_item& item) {
  const auto bytes = held_size(item);
  b.held_bytes += bytes;
  if (item.page) return;
  b.copied_bytes += bytes;
  copied_bytes_ += bytes;
}

void dispatch_table::let_go(active& b, const work_item& item) {
  const auto bytes = held_size(item);
  b.held_bytes -= std::min(b.held_bytes, bytes);
  if (item.page) return;
  b.copied_bytes -= std::min(b.copied_bytes, bytes);
  copied_bytes_ -= std::min(copied_bytes_, bytes);
}

void dispatch_table::put_ready(active& b, item_ptr item, bool first) {
  hold(b, *item);
  ++b.ready_count;
  changed_since_look_ = look_again_after;
  auto& queue = b.ready[item->provider].of(*item);
  if (first) {
    queue.push_front(std::move(item));
  } else {
    queue.push_back(std::move(item));
  }
}

void dispatch_table::make_waiting(active& b, item_ptr item, steady_time until) {
  item->let_go_of_page();
  hold(b, *item);
  ++b.waiting_count;
  waiting_.emplace(until, std::move(item));
}

void dispatch_table::on_lines(storage::batch_id id, item_list items, bool at_end, steady_time now,
                              wall_time wall) {
  auto* b = find(id);
  if (!b) return;
  b->reading = false;
  b->at_end = at_end;
  if (b->stopped) return;
  for (auto& item : items) {
    // A wait that an earlier process began. The wall clock may have jumped: never longer than an
    // hour.
    const auto left = std::min(item->not_before - wall, std::chrono::milliseconds{3'600'000});
    if (item->not_before != wall_time{} && left.count() > 0) {
      make_waiting(*b, std::move(item), now + left);
    } else {
      make_ready(*b, std::move(item), now);
    }
  }
}

bool dispatch_table::on_back(item_ptr item, std::chrono::milliseconds wait, steady_time now,
                             bool held_up) {
  auto* b = find(item->batch->id);
  if (!b) return false;
  if (b->out > 0) --b->out;
  if (b->stopped) return false;
  const bool here = wait.count() <= 0;
  if ((here || held_up) && choice_.should_leave(item->provider, item->route_model(), now)) {
    make_ready(*b, std::move(item), now);
  } else if (here) {
    put_ready(*b, std::move(item), true); // it was at the head when it went out; it goes out next
  } else {
    make_waiting(*b, std::move(item), now + wait);
  }
  return true;
}

void dispatch_table::on_settled_here(storage::batch_id id, size_t lines) {
  if (auto* b = find(id)) b->out += lines;
}

bool dispatch_table::on_result(storage::batch_id id, storage::output_kind kind, uint16_t code) {
  auto* b = find(id);
  if (!b) return false;
  if (b->out > 0) --b->out;
  return b->streak.on_result(kind == storage::output_kind::ok, code) && !b->paused;
}

void dispatch_table::on_counts(storage::batch_id id, const storage::batch_progress& progress) {
  auto* b = find(id);
  // Commits of two groups may be told in the other order: counts only grow.
  if (b && progress.completed + progress.failed >= b->progress.completed + b->progress.failed) {
    b->progress = progress;
  }
}

void dispatch_table::on_want(uint32_t provider, uint32_t lines) {
  if (provider >= lanes_.size()) return;
  lanes_[provider].credit += lines;
  if (choice_.is_closed(provider)) changed_since_look_ = look_again_after;
}

void dispatch_table::release_due(steady_time now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    auto item = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    if (auto* b = find(item->batch->id)) {
      --b->waiting_count;
      let_go(*b, *item);
      make_ready(*b, std::move(item), now);
    }
  }
}

bool dispatch_table::has_firsts(uint32_t provider) const {
  return std::any_of(batches_.begin(), batches_.end(), [&](const auto& e) {
    const auto& b = e.second;
    return !b.paused && !b.stopped && !b.ready[provider].firsts.empty();
  });
}

item_ptr dispatch_table::take_next(lane& from, uint32_t provider) {
  const bool retries_too = from.retries.allows() || !has_firsts(provider);
  const auto turn = from.order.next([&](storage::batch_id id) {
    const auto* b = find(id);
    if (!b || b->paused || b->stopped) return false;
    const auto& lines = b->ready[provider];
    return !lines.firsts.empty() || (retries_too && !lines.retries.empty());
  });
  if (!turn) return nullptr;
  from.order.charge(*turn);
  auto& b = *find(turn->batch);
  auto& lines = b.ready[provider];
  // To try a provider with: a line that has failed already says less.
  const bool first = choice_.is_closed(provider) && !lines.firsts.empty();
  auto& queue = retries_too && !first && !lines.retries.empty() ? lines.retries : lines.firsts;
  auto item = std::move(queue.front());
  queue.pop_front();
  from.retries.on_call(item->attempts > 0);
  --b.ready_count;
  let_go(b, *item);
  ++b.out;
  ++changed_since_look_;
  return item;
}

std::vector<dispatch_table::assignment> dispatch_table::assign(steady_time now) {
  release_due(now);
  lay_trials();
  std::vector<assignment> out;
  for (uint32_t p = 0; p < lanes_.size(); ++p) {
    assignment a{p, {}};
    while (lanes_[p].credit > 0) {
      auto item = take_next(lanes_[p], p);
      if (!item) break;
      --lanes_[p].credit;
      a.items.push_back(std::move(item));
    }
    if (!a.items.empty()) out.push_back(std::move(a));
  }
  return out;
}

std::map<storage::batch_id, item_list> dispatch_table::take_overdue(wall_time wall) {
  std::map<storage::batch_id, item_list> out;
  const auto take = [&](active& b, item_ptr& item) {
    if (!is_overdue(*item, wall)) return false;
    let_go(b, *item);
    ++b.out;
    out[b.context->id].push_back(std::move(item));
    return true;
  };
  for (auto& entry : batches_) {
    auto& b = entry.second;
    if (b.stopped || b.context->definition.line_deadline.count() == 0) continue;
    for (auto& lines : b.ready) {
      for (auto* queue : {&lines.retries, &lines.firsts}) {
        b.ready_count -= std::erase_if(*queue, [&](item_ptr& i) { return take(b, i); });
      }
    }
  }
  std::erase_if(waiting_, [&](auto& entry) {
    auto* b = find(entry.second->batch->id);
    auto item = entry.second;
    if (!b || b->stopped || !take(*b, item)) return false;
    --b->waiting_count;
    return true;
  });
  return out;
}

bool dispatch_table::has_line_deadlines() const {
  return std::any_of(batches_.begin(), batches_.end(), [](const auto& e) {
    return e.second.context->definition.line_deadline.count() > 0;
  });
}

bool dispatch_table::wants_read(const active& b) const {
  if (b.reading || b.unreadable || b.at_end || b.paused || b.stopped) return false;
  if (b.ready_count + b.waiting_count >= limits_.held_lines) return false;
  if (b.held_bytes >= limits_.held_bytes) return false;
  if (b.copied_bytes > 0 && copied_bytes_ >= limits_.copied_bytes) return false;
  if (b.ready_count < limits_.ready_low && b.held_bytes < limits_.ahead_bytes) return true;
  // Many lines are ready, but none of those that some provider could take now.
  for (size_t p = 0; p < lanes_.size(); ++p) {
    if (lanes_[p].credit > 0 && b.ready[p].empty()) return true;
  }
  return false;
}

std::optional<storage::batch_id> dispatch_table::next_read() {
  // In turn, so that one batch does not take all the read-ahead.
  const auto pick = [&](auto first, auto last) {
    return std::find_if(first, last, [&](const auto& e) { return wants_read(e.second); });
  };
  const auto middle = batches_.upper_bound(last_read_);
  auto at = pick(middle, batches_.end());
  if (at == batches_.end()) {
    at = pick(batches_.begin(), middle);
    if (at == middle) return std::nullopt;
  }
  at->second.reading = true;
  last_read_ = at->first;
  return at->first;
}

bool dispatch_table::is_needed_now(storage::batch_id id) const {
  const auto at = batches_.find(id);
  if (at == batches_.end() || at->second.ready_count > 0) return false;
  for (uint32_t p = 0; p < lanes_.size(); ++p) {
    if (lanes_[p].credit > 0 && ready_for(p) == 0) return true;
  }
  return false;
}

void dispatch_table::read_refused(storage::batch_id id) {
  if (auto* b = find(id)) b->reading = false;
}

void dispatch_table::hold_reading(storage::batch_id id, bool hold) {
  if (auto* b = find(id)) b->unreadable = hold;
}

std::optional<steady_time> dispatch_table::next_due() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first;
}

bool dispatch_table::is_complete(storage::batch_id id) const {
  const auto at = batches_.find(id);
  if (at == batches_.end()) return false;
  const auto& p = at->second.progress;
  return p.completed + p.failed >= p.total;
}

bool dispatch_table::is_quiet(storage::batch_id id) const {
  const auto at = batches_.find(id);
  return at == batches_.end() || at->second.out == 0;
}

std::vector<dispatch_table::load> dispatch_table::loads() const {
  std::vector<load> out;
  out.reserve(batches_.size());
  for (const auto& [id, b] : batches_) {
    out.push_back({id, b.ready_count, b.waiting_count, b.out, b.unrouted});
  }
  return out;
}

std::optional<std::string> dispatch_table::unrouted_model(storage::batch_id id) const {
  const auto at = batches_.find(id);
  if (at == batches_.end() || at->second.unrouted == 0) return std::nullopt;
  return at->second.unrouted_model;
}

} // namespace perennial::actors
