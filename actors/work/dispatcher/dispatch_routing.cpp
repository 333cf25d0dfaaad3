// The part of the dispatch table that knows of several providers: which lane a line goes to, when
// it moves to another one, and which lines a provider that is closed gets to try itself with.
#include "actors/work/dispatcher/dispatch_table.hpp"

#include <algorithm>
#include <utility>

namespace perennial::actors {

namespace {

/// Lines for trying single models that are laid at a time...
constexpr size_t most_trials = 64;
/// ...and that are looked at for it.
constexpr size_t most_looks = 256;

/// To that provider, under its own name of the model.
void send_to(work_item& item, const route_target& target) {
  item.provider = target.provider;
  const bool renamed = !target.model.empty() && target.model != item.route_model();
  if (renamed) {
    if (!item.renamed) item.asked_model = item.model;
    item.model = target.model;
  } else if (item.renamed) {
    item.model = std::exchange(item.asked_model, {});
  }
  item.renamed = renamed;
}

} // namespace

void dispatch_table::make_ready(active& b, item_ptr item, steady_time now) {
  const auto* target = choice_.choose(item->route_model(), now);
  if (target == nullptr) {
    if (b.unrouted++ == 0) b.unrouted_model = item->route_model();
    return;
  }
  item->several_providers = choice_.where().route_of(item->route_model())->targets.size() > 1;
  send_to(*item, *target);
  put_ready(b, std::move(item), false);
}

void dispatch_table::on_availability(const provider_availability& a) {
  if (a.closed) lanes_[a.provider].credit = 0;
  choice_.on_availability(a);
  reroute_at_ = steady_time::min();
  changed_since_look_ = look_again_after;
}

size_t dispatch_table::ready_for(uint32_t provider) const {
  size_t out = 0;
  for (const auto& [id, b] : batches_) {
    if (b.paused || b.stopped) continue;
    out += b.ready[provider].firsts.size() + b.ready[provider].retries.size();
  }
  return out;
}

/// Providers that take no lines but want to try some get them from others: nobody would find out
/// otherwise that they are back. One that is closed as a whole asks for what it would try; one that
/// has closed a model says how many lines of that.
void dispatch_table::lay_trials() {
  if (changed_since_look_ < look_again_after) return;
  for (uint32_t p = 0; p < lanes_.size(); ++p) {
    if (choice_.is_closed(p)) {
      const auto have = lanes_[p].credit > 0 ? ready_for(p) : 0;
      if (lanes_[p].credit > have) lay_trials(p, lanes_[p].credit - have);
    } else if (choice_.wants_trials(p)) {
      lay_trials(p, most_trials);
    }
  }
  changed_since_look_ = 0;
}

void dispatch_table::lay_trials(uint32_t provider, size_t lines) {
  if (!choice_.may_ever_try(provider)) return;
  size_t looked_at = 0;
  const auto lay_from = [&](active& b, std::deque<item_ptr>& queue) {
    for (size_t i = 0; i < queue.size() && lines > 0 && looked_at < most_looks; ++looked_at) {
      const auto& model = queue[i]->route_model();
      const auto* target = choice_.may_try(provider, model);
      if (target == nullptr) {
        ++i;
        continue;
      }
      choice_.on_trial(*target, model);
      auto item = std::move(queue[i]);
      queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(i));
      send_to(*item, *target);
      auto& to = b.ready[provider].of(*item);
      to.push_front(std::move(item));
      --lines;
    }
  };
  for (const bool retries : {false, true}) { // a line that has failed already says less
    for (auto& [id, b] : batches_) {
      if (b.paused || b.stopped) continue;
      for (uint32_t p = 0; p < lanes_.size(); ++p) {
        if (p != provider) lay_from(b, retries ? b.ready[p].retries : b.ready[p].firsts);
      }
    }
  }
}

void dispatch_table::reroute(steady_time now) {
  if (now < reroute_at_) return;
  reroute_at_ = choice_.next_change(now).value_or(steady_time::max());
  for (auto& [id, b] : batches_) {
    for (uint32_t p = 0; p < lanes_.size(); ++p) {
      item_list moved;
      for (auto* queue : {&b.ready[p].firsts, &b.ready[p].retries}) {
        std::erase_if(*queue, [&](item_ptr& item) {
          const auto& model = item->route_model();
          if (!choice_.should_leave(p, model, now) && !choice_.should_return(p, model))
            return false;
          if (const auto* c = choice_.closed(p, model)) {
            item->note_word(c->provider, "unavailable", c->why);
          }
          moved.push_back(std::move(item));
          return true;
        });
      }
      for (auto& item : moved) {
        --b.ready_count;
        let_go(b, *item);
        make_ready(b, std::move(item), now);
      }
    }
  }
}

} // namespace perennial::actors
