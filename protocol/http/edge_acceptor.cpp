#include "protocol/http/edge_acceptor.hpp"

#include "protocol/base/log.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>

namespace perennial::http {

namespace {

using namespace std::chrono_literals;

constexpr auto pause_time = 50ms;
constexpr int at_once = 256; // before the other connections have their turn

} // namespace

bool acceptor::start(listener from, int epoll) {
  listener_ = std::move(from);
  epoll_ = epoll;
  return watch();
}

bool acceptor::watch() {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_.descriptor(), &event) == 0;
}

void acceptor::take_all(const std::function<void(unique_fd)>& admit,
                        const std::function<bool()>& evict, edge_counters& counters,
                        steady_time now) {
  for (auto i = 0; i < at_once && listener_.is_open(); ++i) {
    auto [status, socket] = listener_.take();
    switch (status) {
    case accept_status::taken: admit(std::move(socket)); break;
    case accept_status::lost: break;
    case accept_status::none: return;
    case accept_status::out_of_files:
      add(counters.out_of_files, 1);
      if (!evict()) return pause(now);
    }
  }
}

void acceptor::pause(steady_time now) {
  logging::warn("new connections have to wait: {}", std::strerror(errno));
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_.descriptor(), nullptr);
  resumes_at_ = now + pause_time;
}

void acceptor::resume(steady_time now) {
  if (resumes_at_ > now || !listener_.is_open()) return;
  resumes_at_ = steady_time::max();
  watch();
}

void acceptor::close() {
  listener_.close();
  resumes_at_ = steady_time::max();
}

} // namespace perennial::http
