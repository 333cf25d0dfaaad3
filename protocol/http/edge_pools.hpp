// The threads that serve requests: a fixed number with a queue for the ordinary ones, and as many
// as are needed, up to a stated number, for those that may take long.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace perennial::http {

/// A task must not throw.
using task = std::function<void()>;

/// A fixed number of threads and a queue. The queue is bounded by who fills it: every connection
/// has one request at a time.
class fixed_pool {
public:
  ~fixed_pool() { stop(); }
  void start(size_t threads);
  void submit(task what);
  /// Runs what is queued, then ends the threads. Idempotent.
  void stop();

private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<task> queue_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

/// Threads that are made when they are needed and end when they have been idle for a while. There
/// is no queue: a place is reserved first, and where none is free the caller turns the client away.
class elastic_pool {
public:
  explicit elastic_pool(size_t most)
    : most_(most) {}
  ~elastic_pool() { stop(); }

  /// Takes a place for one task. False when all are taken, or when stopped.
  bool reserve();
  /// Gives a reserved place back unused.
  void release();
  /// Runs `what` in the place reserved before, and `then` when the place is free again.
  void submit_reserved(task what, task then);
  /// Waits for all tasks and ends the threads. Idempotent.
  void stop();

private:
  struct job {
    task what, then;
  };
  void run(std::list<std::thread>::iterator self);

  const size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> queue_;           // no more than idle or new threads, where the system gives any
  std::list<std::thread> threads_;  // running
  std::list<std::thread> finished_; // ended by themselves, to be joined
  size_t reserved_ = 0;             // places taken
  size_t idle_ = 0;                 // threads that wait
  bool stopping_ = false;
};

} // namespace perennial::http
