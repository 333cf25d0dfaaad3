#include "tools/sim/event_loop.hpp"

#include "protocol/base/log.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

namespace perennial::sim {

namespace {

constexpr size_t buffer_bytes = size_t{256} << 10;
constexpr int accepts_at_once = 128;
/// Where replies take this long, the loop naps before it looks, and serves what has gathered: at
/// 4,000 in flight that is 370 wake-ups a second instead of thousands on cores that it shares with
/// what is measured, for an error of latency of under a hundredth.
constexpr auto long_latency = std::chrono::milliseconds{100};
constexpr auto nap = std::chrono::milliseconds{1};
constexpr auto retry_wait = std::chrono::milliseconds{50};

} // namespace

event_loop::event_loop(provider& owner, const reserved_address& address, SSL_CTX* tls,
                       unsigned number)
  : context_{.owner = owner,
             .replies = desk(owner, number),
             .timers = {},
             .buffer = std::vector<char>(buffer_bytes + body_padding),
             .now = steady_now()}
  , address_(address)
  , tls_(tls)
  , number_(number)
  , epoll_(::epoll_create1(EPOLL_CLOEXEC))
  , wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  context_.epoll = epoll_.get();
}

result<std::unique_ptr<event_loop>>
event_loop::open(provider& owner, const reserved_address& address, SSL_CTX* tls, unsigned number) {
  std::unique_ptr<event_loop> loop(new event_loop(owner, address, tls, number));
  owner.applied(number, loop->context_.replies.version());
  if (auto ok = loop->watch(loop->wake_.get()); !ok) return tl::unexpected(ok.error());
  if (owner.current()->outages.down(loop->context_.now)) return loop;
  auto listener = address.listen();
  if (!listener) return tl::unexpected(listener.error());
  loop->listener_ = std::move(*listener);
  if (auto ok = loop->watch(loop->listener_.get()); !ok) return tl::unexpected(ok.error());
  return loop;
}

result<void> event_loop::serve_control(const reserved_address& address) {
  auto listener = address.listen();
  if (!listener) return tl::unexpected(listener.error());
  control_listener_ = std::move(*listener);
  return watch(control_listener_.get());
}

result<void> event_loop::watch(int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return fail(errc::internal, "cannot watch a socket: {}",
                std::generic_category().message(errno));
  return {};
}

void event_loop::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

int event_loop::wait_ms() const {
  std::optional<steady_time> next = context_.replies.rules().outages.next_change(context_.now);
  for (const auto& other : {context_.timers.next(), retry_})
    if (other && (!next || *other < *next)) next = other;
  if (!next) return -1;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*next - steady_now()).count();
  return static_cast<int>(std::clamp<int64_t>(ms, 0, 60'000));
}

void event_loop::run() {
  std::array<epoll_event, 512> events;
  for (;;) {
    if (context_.replies.rules().latency >= long_latency) std::this_thread::sleep_for(nap);
    const int n = ::epoll_wait(epoll_.get(), events.data(), events.size(), wait_ms());
    context_.now = steady_now();
    // First, so that nothing sent after the reply of /control is met by the settings before it.
    take_up_settings();
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      dispatch(event.data.fd, event.events);
    }
    fire_timers();
  }
}

/// Does something to the conversation of a socket, if there is one, and buries it if it is over.
template <class Action>
void event_loop::visit(int fd, Action action) {
  const auto at = static_cast<size_t>(fd);
  if (at >= conversations_.size() || !conversations_[at]) return;
  action(*conversations_[at]);
  if (conversations_[at]->over()) conversations_[at].reset();
}

void event_loop::dispatch(int fd, uint32_t events) {
  if (fd == wake_.get()) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(fd, &count, sizeof count);
  } else if (fd == listener_.get()) {
    accept_from(listener_, true);
  } else if (fd == control_listener_.get()) {
    accept_from(control_listener_, false);
  } else {
    visit(fd, [events](conversation& c) { c.on_ready(events); });
  }
}

void event_loop::accept_from(const unique_fd& listener, bool counted) {
  for (int i = 0; i < accepts_at_once; ++i) {
    unique_fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE) {
        logging::warn("too many open files: connections wait; raise the limit (ulimit -n)");
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener.get(), nullptr);
        retry_ = context_.now + retry_wait;
      }
      return;
    }
    const int fd = socket.get();
    if (conversations_.size() <= static_cast<size_t>(fd))
      conversations_.resize(static_cast<size_t>(fd) * 2 + 64);
    conversations_[static_cast<size_t>(fd)] = std::make_unique<conversation>(
      context_, channel(std::move(socket), counted ? tls_ : nullptr), counted);
  }
}

void event_loop::fire_timers() {
  while (const auto timer = context_.timers.take(context_.now))
    visit(timer->fd, [&](conversation& c) { c.on_timer(timer->ticket); });
}

void event_loop::take_up_settings() {
  const bool changed = context_.replies.refresh();
  if (changed)
    for (size_t fd = 0; fd < conversations_.size(); ++fd)
      visit(static_cast<int>(fd), [](conversation& c) { c.on_settings(); });
  keep_outages();
  if (changed) context_.owner.applied(number_, context_.replies.version());
}

void event_loop::keep_outages() {
  const bool down = context_.replies.rules().outages.down(context_.now);
  if (down && listener_) go_down();
  if (retry_ && *retry_ <= context_.now) {
    retry_.reset();
    // After "too many open files"; adding what is watched already does no harm.
    if (listener_) (void)watch(listener_.get());
    if (control_listener_) (void)watch(control_listener_.get());
  }
  if (!down && !listener_ && !retry_) come_back();
}

void event_loop::go_down() {
  logging::info("outage: away");
  listener_.reset();
  for (size_t fd = 0; fd < conversations_.size(); ++fd)
    visit(static_cast<int>(fd), [](conversation& c) {
      if (c.counted()) c.abort();
    });
}

void event_loop::come_back() {
  auto listener = address_.listen();
  if (!listener) {
    logging::warn("{}", listener.error().message);
    retry_ = context_.now + retry_wait;
    return;
  }
  listener_ = std::move(*listener);
  (void)watch(listener_.get());
  logging::info("outage: back");
}

} // namespace perennial::sim
