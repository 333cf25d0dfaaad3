#include "protocol/http/edge_table.hpp"

#include <utility>

namespace perennial::http {

connection_table::~connection_table() {
  while (!all_.empty()) close(*all_.back());
}

connection& connection_table::add(std::unique_ptr<connection> c) {
  c->place = all_.size();
  all_.push_back(std::move(c));
  http::add(counters_.accepted, 1);
  counters_.connections.store(all_.size(), std::memory_order_relaxed);
  return *all_.back();
}

void connection_table::close(connection& c) {
  set_idle(c, false);
  counters_.buffered_bytes.fetch_sub(std::exchange(c.charged, 0), std::memory_order_relaxed);
  c.doing = activity::closed;
  c.io.reset();
  const auto place = c.place;
  graves_.push_back(std::move(all_[place]));
  if (place + 1 != all_.size()) {
    all_[place] = std::move(all_.back());
    all_[place]->place = place;
  }
  all_.pop_back();
  counters_.connections.store(all_.size(), std::memory_order_relaxed);
}

void connection_table::set_idle(connection& c, bool idle) {
  if (c.idle == idle) return;
  c.idle = idle;
  if (idle) {
    c.idle_place = idle_.insert(idle_.end(), &c);
  } else {
    idle_.erase(c.idle_place);
  }
  counters_.parked.store(idle_.size(), std::memory_order_relaxed);
}

void connection_table::note_idle(connection& c) {
  set_idle(c, c.doing == activity::reading && c.in.current() == intake::state::idle);
}

void connection_table::charge(connection& c) {
  const uint64_t held = c.in.held_bytes() + c.out.capacity();
  // Unsigned arithmetic wraps, so that one addition serves for more and for less.
  counters_.buffered_bytes.fetch_add(held - c.charged, std::memory_order_relaxed);
  c.charged = held;
}

} // namespace perennial::http
