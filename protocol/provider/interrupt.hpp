// Lets another thread end what a connection is waiting for, at once and in every phase: a shutdown
// of the socket wakes connect, handshake, write and read alike; a name's look-up is woken by the
// resolver. The socket's number is known here only while it is open, so that a shutdown can never
// hit a number that was given to somebody else.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <mutex>

namespace perennial {

class interrupt {
public:
  enum class started { yes, busy, closed };

  /// Starts a call; forgets an earlier abort.
  started begin() {
    const std::lock_guard guard{mutex_};
    if (closed_) return started::closed;
    if (in_call_) return started::busy;
    in_call_ = true;
    stop_.store(false, std::memory_order_relaxed);
    return started::yes;
  }

  /// Ends a call; true where `close` came meanwhile, and the caller is to close the socket.
  bool end() {
    const std::lock_guard guard{mutex_};
    in_call_ = false;
    return closed_;
  }

  /// Makes an open socket known. From here on `abort` reaches it.
  void attach(int fd) {
    const std::lock_guard guard{mutex_};
    fd_ = fd;
    if (stop_.load(std::memory_order_relaxed)) ::shutdown(fd, SHUT_RDWR);
  }

  /// Before the socket is closed.
  void detach() {
    const std::lock_guard guard{mutex_};
    fd_ = -1;
  }

  /// Ends the call in progress; nothing where there is none. True where there was one.
  bool abort() {
    const std::lock_guard guard{mutex_};
    return abort_locked();
  }

  /// Ends the call in progress and refuses more. True where the caller is to close the socket: of
  /// all threads that come by here or through `end`, exactly one is told so.
  bool close() {
    const std::lock_guard guard{mutex_};
    const bool first = !closed_;
    closed_ = true;
    return !abort_locked() && first;
  }

  /// True once the call in progress was told to end.
  const std::atomic<bool>& stop() const noexcept { return stop_; }
  bool stopped() const noexcept { return stop_.load(std::memory_order_acquire); }

private:
  bool abort_locked() {
    if (!in_call_) return false;
    stop_.store(true, std::memory_order_release);
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
    return true;
  }

  std::mutex mutex_;
  std::atomic<bool> stop_{false};
  bool in_call_ = false;
  bool closed_ = false;
  int fd_ = -1;
};

} // namespace perennial
