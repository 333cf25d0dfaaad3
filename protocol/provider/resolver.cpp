#include "protocol/provider/resolver.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

namespace perennial {

namespace {

using addresses = std::vector<socket_address>;

result<addresses> ask_the_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (code != 0) return fail(errc::unavailable, "{}", ::gai_strerror(code));
  addresses out;
  for (const addrinfo* at = list; at; at = at->ai_next) {
    if (at->ai_addrlen > sizeof(sockaddr_storage)) continue;
    auto& address = out.emplace_back();
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
  }
  ::freeaddrinfo(list);
  if (out.empty()) return fail(errc::unavailable, "the name has no address");
  return out;
}

} // namespace

socket_address socket_address::with_port(uint16_t port) const {
  auto out = *this;
  if (storage.ss_family == AF_INET6)
    reinterpret_cast<sockaddr_in6*>(&out.storage)->sin6_port = htons(port);
  else
    reinterpret_cast<sockaddr_in*>(&out.storage)->sin_port = htons(port);
  return out;
}

std::string socket_address::to_string() const {
  char text[INET6_ADDRSTRLEN] = "?";
  if (storage.ss_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr, text,
                sizeof text);
  else
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, text,
                sizeof text);
  return text;
}

socket_address parse_socket_address(const std::string& text) {
  socket_address out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    out.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    out.size = sizeof(sockaddr_in6);
  }
  return out;
}

/// What the look-up threads share with the resolver; it outlives both.
struct resolver::state {
  struct entry {
    bool running = false;
    steady_time good_until{};
    result<addresses> answer{addresses{}};
  };

  lookup look;
  settings limits;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, entry> entries;

  /// Runs on a look-up thread.
  void finish(const std::string& host) {
    auto answer = look(host);
    const std::lock_guard guard{mutex};
    auto& e = entries[host];
    e.running = false;
    e.good_until = steady_now() + (answer ? limits.ttl : limits.error_ttl);
    e.answer = std::move(answer);
    changed.notify_all();
  }
};

resolver::resolver()
  : resolver(ask_the_system) {}

resolver::resolver(lookup look)
  : resolver(std::move(look), settings{}) {}

resolver::resolver(lookup look, settings limits)
  : state_(std::make_shared<state>()) {
  state_->look = std::move(look);
  state_->limits = limits;
}

resolver::~resolver() = default;

result<addresses> resolver::resolve(const std::string& host, steady_time deadline,
                                    const std::atomic<bool>& stop) {
  if (const auto address = parse_socket_address(host); address.size != 0) return addresses{address};
  std::unique_lock lock{state_->mutex};
  // Names are the providers' and their proxies': a few. The map needs no limit.
  auto& e = state_->entries[host];
  if (!e.running && e.good_until <= steady_now()) {
    e.running = true;
    try {
      std::thread{[shared = state_, host] { shared->finish(host); }}.detach();
    } catch (const std::system_error&) {
      e.running = false;
      return fail(errc::unavailable, "no thread can be started to look {} up", host);
    }
  }
  const bool over = state_->changed.wait_until(
    lock, deadline, [&] { return !e.running || stop.load(std::memory_order_acquire); });
  if (stop.load(std::memory_order_acquire))
    return fail(errc::cancelled, "ended while {} was looked up", host);
  if (!over)
    return fail(errc::timed_out, "the name {} was not resolved in time; check the DNS", host);
  if (!e.answer)
    return fail(errc::unavailable, "the name {} cannot be resolved ({}); check the base URL's host",
                host, e.answer.error().message);
  return e.answer;
}

void resolver::wake() {
  const std::lock_guard guard{state_->mutex};
  state_->changed.notify_all();
}

const std::shared_ptr<resolver>& resolver::shared() {
  static const auto one = std::make_shared<resolver>();
  return one;
}

} // namespace perennial
