#include "protocol/http/edge_pools.hpp"

#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

namespace perennial::http {

namespace {

constexpr std::chrono::seconds idle_thread_lives{10};

} // namespace

void fixed_pool::start(size_t threads) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void fixed_pool::submit(task what) {
  {
    const std::lock_guard lock{mutex_};
    queue_.push_back(std::move(what));
  }
  changed_.notify_one();
}

void fixed_pool::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void fixed_pool::run() {
  for (;;) {
    task what;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      what = std::move(queue_.front());
      queue_.pop_front();
    }
    what();
  }
}

bool elastic_pool::reserve() {
  const std::lock_guard lock{mutex_};
  if (stopping_ || reserved_ >= most_) return false;
  ++reserved_;
  return true;
}

void elastic_pool::release() {
  const std::lock_guard lock{mutex_};
  --reserved_;
}

void elastic_pool::submit_reserved(task what, task then) {
  std::list<std::thread> finished;
  std::optional<job> mine;
  {
    const std::lock_guard lock{mutex_};
    queue_.push_back({std::move(what), std::move(then)});
    finished.swap(finished_);
    if (idle_ < queue_.size()) {
      const auto self = threads_.emplace(threads_.end());
      try {
        *self = std::thread{[this, self] { run(self); }};
      } catch (const std::system_error&) { // the system gives none
        threads_.erase(self);
        if (threads_.empty()) { // else one of those does it
          mine = std::move(queue_.back());
          queue_.pop_back();
        }
      }
    }
  }
  if (mine) {
    mine->what();
    release();
    mine->then();
  }
  changed_.notify_one();
  for (auto& thread : finished) thread.join();
}

void elastic_pool::run(std::list<std::thread>::iterator self) {
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    changed_.wait_for(lock, idle_thread_lives, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) break; // stopped, or idle for too long
    auto [what, then] = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    what();
    lock.lock();
    --reserved_;
    lock.unlock();
    then();
    lock.lock();
  }
  if (!stopping_) finished_.splice(finished_.end(), threads_, self);
}

void elastic_pool::stop() {
  std::list<std::thread> threads;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    threads.swap(threads_);
    threads.splice(threads.end(), finished_);
  }
  changed_.notify_all();
  for (auto& thread : threads) thread.join();
}

} // namespace perennial::http
