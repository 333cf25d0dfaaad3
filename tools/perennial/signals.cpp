#include "tools/perennial/signals.hpp"

#include "storage/inflight.hpp"

#include <pthread.h>

#include <csignal>

namespace perennial::tool {

namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) sigaddset(&set, s);
  return set;
}

/// A fatal signal of our own: the lines in flight are suspects (storage/inflight.hpp).
void on_crash(int which) {
  storage::inflight::note_crash();
  std::signal(which, SIG_DFL);
  std::raise(which);
}

void watch_for_crashes() {
  for (const int s : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    struct sigaction now {};
    // A sanitizer's handler is left alone.
    if (sigaction(s, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) continue;
    struct sigaction ours {};
    ours.sa_handler = on_crash;
    ours.sa_flags = SA_ONSTACK; // where the thread has another one: crash_stack.hpp
    sigaction(s, &ours, nullptr);
  }
}

} // namespace

signals::signals() {
  const auto set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  watch_for_crashes();
  thread_ = std::thread{[this] { wait(); }};
}

signals::~signals() {
  over_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

void signals::on_hurry(std::function<void()> f) {
  const std::lock_guard lock{mutex_};
  hurry_ = std::move(f);
}

void signals::wait() {
  const auto set = stop_signals();
  while (!over_) {
    int which = 0;
    if (sigwait(&set, &which) != 0 || over_) continue;
    if (which == SIGHUP) {
      reload_ = true;
    } else if (which != SIGUSR2 && ++stops_ > 1) {
      const std::lock_guard lock{mutex_};
      if (hurry_) hurry_();
    }
  }
}

} // namespace perennial::tool
