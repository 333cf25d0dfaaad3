// A server made of plain sockets, for what no orderly HTTP server would do. Every connection gets a
// thread and the test's own function; port 0; everything ends with the object.
#pragma once

#include "protocol/base/unique_fd.hpp"
#include "protocol/provider/connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace perennial::test {

/// A listening socket on 127.0.0.1.
class listener {
public:
  explicit listener(int backlog = 128) {
    fd_ = unique_fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        ::listen(fd_.get(), backlog) != 0 ||
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error{"no listening socket"};
    port_ = ntohs(at.sin_port);
  }
  int fd() const { return fd_.get(); }
  uint16_t port() const { return port_; }

private:
  unique_fd fd_;
  uint16_t port_ = 0;
};

/// One accepted connection, seen from the server.
class peer {
public:
  peer(int fd, int number)
    : fd_(fd)
    , number_(number) {}

  int fd() const { return fd_; }
  /// 1 for the first connection of the server.
  int number() const { return number_; }

  bool send(std::string_view text) const {
    while (!text.empty()) {
      const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  /// Up to the blank line after a head; empty at the end of the connection.
  std::string read_head() {
    while (rest_.find("\r\n\r\n") == std::string::npos)
      if (!read_more()) return {};
    const auto end = rest_.find("\r\n\r\n") + 4;
    auto out = rest_.substr(0, end);
    rest_.erase(0, end);
    return out;
  }

  /// Head and body of one request.
  std::string read_request() {
    auto head = read_head();
    const auto at = head.find("Content-Length: ");
    const size_t length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    while (rest_.size() < length)
      if (!read_more()) return {};
    head += rest_.substr(0, length);
    rest_.erase(0, length);
    return head;
  }

  /// Waits until the other side is gone.
  void wait_for_end() {
    while (read_more()) rest_.clear();
  }

  /// Closing will send a reset.
  void make_hard() const {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }

private:
  bool read_more() {
    char buffer[4096];
    const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    rest_.append(buffer, static_cast<size_t>(n));
    return true;
  }

  int fd_;
  int number_;
  std::string rest_;
};

class raw_server {
public:
  using script = std::function<void(peer&)>;

  explicit raw_server(script play)
    : play_(std::move(play))
    , acceptor_([this] { accept_all(); }) {}

  ~raw_server() {
    ::shutdown(listener_.fd(), SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard guard{mutex_};
      for (const int fd : open_)
        if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& t : threads_) t.join();
  }

  uint16_t port() const { return listener_.port(); }
  int connections() const { return connections_; }

private:
  void accept_all() {
    for (;;) {
      unique_fd fd{::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!fd) return;
      ++connections_;
      const std::lock_guard guard{mutex_};
      const size_t slot = open_.size();
      open_.push_back(fd.get());
      threads_.emplace_back([this, slot, owned = std::move(fd)]() mutable {
        peer p{owned.get(), static_cast<int>(slot) + 1};
        play_(p);
        const std::lock_guard inner{mutex_};
        open_[slot] = -1;
        owned.reset();
      });
    }
  }

  script play_;
  listener listener_;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_; // last: uses all of the above
};

/// An answer with its length.
inline std::string answer(std::string_view status, std::string_view body,
                          std::string_view headers = {}) {
  return fmt::format(
    "HTTP/1.1 {}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}", status,
    headers, body.size(), body);
}

inline constexpr std::string_view good_body = R"({"object":"chat.completion"})";

/// Settings for a server of this test; patient, so that only the limit under test can be the one
/// that ends a call.
inline provider_settings settings_for(std::string_view base_url) {
  provider_settings out;
  out.name = "test";
  out.base_url = parse_base_url(base_url).value();
  out.timeouts = {std::chrono::seconds{60}, std::chrono::seconds{60}, std::chrono::seconds{60},
                  std::chrono::seconds{60}};
  return out;
}

inline provider_settings settings_for(uint16_t port) {
  return settings_for(fmt::format("http://127.0.0.1:{}", port));
}

inline std::unique_ptr<connection> connect_to(provider_settings settings) {
  return provider_client::make(std::move(settings)).value()->new_connection();
}

inline constexpr std::string_view chat = "/v1/chat/completions";

} // namespace perennial::test
