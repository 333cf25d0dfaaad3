// The thread that waits for everybody: one epoll with all connections that no worker serves.
//
//              accept
//                │
//                ▼         request whole                     answer
//           ┌─reading ───────────────────▶ lent (a worker) ───────────┐ give_back
//           │   ▲                                                     ▼
//   refusal │   └──────────── keep-alive ─────────────────────── flushing
//           └──────────────▶ flushing ──▶ lingering ──▶ closed ◀──────┘ close
//
// It takes connections, gathers heads and small bodies, sends what a slow client would not take at
// once, and closes whoever is over a deadline. A thread of a pool is held only while a request is
// being served. It sleeps until something happens: nothing polls.
#pragma once

#include "protocol/http/edge_acceptor.hpp"
#include "protocol/http/edge_table.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace perennial::http {

class parker {
public:
  /// Gives a request to a worker, on the parker's thread. When it returns nothing, the connection
  /// is the worker's until `give_back`.
  using dispatcher = std::function<std::optional<refusal>(connection&)>;

  parker(const edge_limits& limits, edge_counters& counters, router where, dispatcher dispatch);
  ~parker();
  parker(const parker&) = delete;
  parker& operator=(const parker&) = delete;

  result<void> start(listener from);

  // ---- from any thread ----
  /// The worker's answer is in `out`, in part already sent, or `cut_now` is set.
  void give_back(connection& c);
  /// Takes a lent connection out of the epoll: its worker will wait for it by itself.
  void unwatch(connection& c);

  /// Takes no more connections and closes idle ones; requests in progress go on.
  void drain();
  /// Waits until no connection is left. False if some are at `until`.
  bool wait_empty(steady_time until);
  /// Cuts all connections; workers see it as an error of reading or writing.
  void abort();
  /// Ends the thread and closes what is left. No connection may be lent any more.
  void stop();

private:
  void run();
  int timeout_ms(steady_time now) const;
  void take_commands();
  void wake();

  void admit(unique_fd socket);
  bool evict();

  // one connection
  void on_event(connection& c);
  void read(connection& c);
  bool after_input(connection& c);
  bool too_much_held(const connection& c, uint64_t granted) const;
  void lend(connection& c);
  void refuse(connection& c, refusal why);
  void send_answer(connection& c);
  void next_request(connection& c);
  void linger(connection& c);
  void drop_input(connection& c);
  void watch(connection& c);
  void set_deadline(connection& c, steady_time at);
  void sweep();
  void expire(connection& c);

  const edge_limits& limits_;
  edge_counters& counters_;
  const router where_;
  const dispatcher dispatch_;
  unique_fd epoll_, wake_;
  acceptor acceptor_;
  std::thread thread_;

  // the parker's thread only
  connection_table table_;
  std::vector<char> scratch_;
  steady_time now_;
  steady_time earliest_ = steady_time::max(); // no deadline is before this
  steady_time last_sweep_;
  bool draining_ = false;
  bool aborted_ = false;

  std::mutex mutex_;
  std::condition_variable empty_changed_;
  std::vector<connection*> returned_;
  bool drain_wanted_ = false, abort_wanted_ = false, stop_wanted_ = false;
  bool empty_ = true;
};

} // namespace perennial::http
