// Takes new connections from the listener, and survives having no file descriptor for one: it makes
// room by an idle connection, or else pauses for a moment instead of spinning.
// The parker's thread only.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/http/edge_counters.hpp"
#include "protocol/http/edge_listener.hpp"

#include <functional>

namespace perennial::http {

class acceptor {
public:
  /// Adds the listener to `epoll`; its events carry the address of this object. False: see errno.
  bool start(listener from, int epoll);

  /// Gives every waiting connection to `admit`, as far as `evict` can make room for it.
  void take_all(const std::function<void(unique_fd)>& admit, const std::function<bool()>& evict,
                edge_counters& counters, steady_time now);

  /// When a pause ends; the end of time if there is none.
  steady_time resumes_at() const { return resumes_at_; }
  void resume(steady_time now);

  void close();

private:
  bool watch();
  void pause(steady_time now);

  listener listener_;
  int epoll_ = -1;
  steady_time resumes_at_ = steady_time::max();
};

} // namespace perennial::http
