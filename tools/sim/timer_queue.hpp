// What is due when: a binary heap of (time, connection, ticket). A timer is never taken out early;
// a ticket that the connection no longer holds makes it void.
#pragma once

#include "protocol/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

namespace perennial::sim {

class timer_queue {
public:
  struct timer {
    steady_time at;
    uint64_t ticket = 0;
    int fd = -1;
  };

  /// Sets a timer and gives its ticket, never 0.
  uint64_t set(steady_time at, int fd) {
    heap_.push({at, ++last_, fd});
    return last_;
  }

  std::optional<steady_time> next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.top().at;
  }

  /// Takes out one timer that is due.
  std::optional<timer> take(steady_time now) {
    if (heap_.empty() || heap_.top().at > now) return std::nullopt;
    const timer out = heap_.top();
    heap_.pop();
    return out;
  }

private:
  struct later {
    bool operator()(const timer& a, const timer& b) const { return a.at > b.at; }
  };
  std::priority_queue<timer, std::vector<timer>, later> heap_;
  uint64_t last_ = 0;
};

} // namespace perennial::sim
