#include "protocol/provider/resolver.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace perennial::provider {

namespace {

constexpr std::chrono::seconds good_for{30};
constexpr std::chrono::seconds bad_for{1};

using addresses = result<std::vector<std::string>>;

/// One look-up; shared with the thread that makes it, which may outlive whoever asked.
struct look_up {
  std::mutex mutex;
  std::condition_variable done_cv;
  bool done = false;
  addresses found = fail(errc::unavailable, "not looked up yet");
  steady_time expires{};
};

addresses ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int rc = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (rc != 0) return fail(errc::unavailable, "{}: {}", host, ::gai_strerror(rc));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{list, ::freeaddrinfo};
  std::vector<std::string> out;
  for (auto* a = list; a; a = a->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(a->ai_addr, a->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      std::string address{text.data()};
      if (std::find(out.begin(), out.end(), address) == out.end())
        out.push_back(std::move(address));
    }
  }
  if (out.empty()) return fail(errc::unavailable, "{} has no address", host);
  return out;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> raw{};
  return ::inet_pton(AF_INET, host.c_str(), raw.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), raw.data()) == 1;
}

struct cache {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<look_up>> names;
};

/// Never destroyed: a look-up that hangs may end after `main` did.
cache& the_cache() {
  static auto* c = new cache;
  return *c;
}

std::shared_ptr<look_up> current(const std::string& host) {
  auto& c = the_cache();
  const std::lock_guard lock{c.mutex};
  auto& slot = c.names[host];
  if (slot) {
    const std::lock_guard inner{slot->mutex};
    if (!slot->done || steady_now() < slot->expires) return slot;
  }
  slot = std::make_shared<look_up>();
  std::thread{[host, mine = slot] {
    auto found = ask_system(host);
    const std::lock_guard inner{mine->mutex};
    mine->expires = steady_now() + (found ? good_for : bad_for);
    mine->found = std::move(found);
    mine->done = true;
    mine->done_cv.notify_all();
  }}.detach();
  return slot;
}

} // namespace

addresses resolve(const std::string& host, std::chrono::milliseconds deadline) {
  if (is_address(host)) return std::vector<std::string>{host};
  const auto look = current(host);
  std::unique_lock lock{look->mutex};
  if (!look->done_cv.wait_for(lock, deadline, [&] { return look->done; })) {
    return fail(errc::timed_out, "{}: no answer from the resolver in {}", host,
                format_duration(deadline));
  }
  return look->found;
}

} // namespace perennial::provider
