#include "protocol/http/edge_parker.hpp"

#include "protocol/http/edge_request_id.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace perennial::http {

namespace {

using namespace std::chrono_literals;

constexpr size_t scratch_bytes = 32 * kib;
constexpr auto between_sweeps = 10ms; // deadlines need no more precision
constexpr size_t over_the_limit = 64; // connections taken beyond it, to be told 503
// Of memory, whatever is buffered elsewhere: to a request that comes, to an answer that waits.
constexpr uint64_t granted_to_request = 4 * kib;
constexpr uint64_t granted_to_answer = 64 * kib;
constexpr auto linger_time = 2s;
constexpr auto linger_time_draining = 200ms;
constexpr uint64_t linger_bytes = 16 * mib;
constexpr auto half_request_grace = 1s; // for requests whose bytes come while we stop

} // namespace

parker::parker(const edge_limits& limits, edge_counters& counters, router where,
               dispatcher dispatch)
  : limits_(limits)
  , counters_(counters)
  , where_(std::move(where))
  , dispatch_(std::move(dispatch))
  , table_(counters)
  , scratch_(scratch_bytes) {}

parker::~parker() { stop(); }

result<void> parker::start(listener from) {
  epoll_ = unique_fd{::epoll_create1(EPOLL_CLOEXEC)};
  wake_ = unique_fd{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (!epoll_ || !wake_)
    return fail(errc::io_error, "cannot watch connections: {}", std::strerror(errno));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &wake_;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0 ||
      !acceptor_.start(std::move(from), epoll_.get()))
    return fail(errc::io_error, "cannot watch connections: {}", std::strerror(errno));
  now_ = last_sweep_ = steady_now();
  thread_ = std::thread{[this] { run(); }};
  return {};
}

// ---- from any thread
// -----------------------------------------------------------------------------

void parker::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void parker::give_back(connection& c) {
  const std::lock_guard lock{mutex_};
  returned_.push_back(&c);
  if (returned_.size() == 1) wake();
}

void parker::unwatch(connection& c) {
  if (!std::exchange(c.watched, false)) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, c.io->descriptor(), nullptr);
}

void parker::drain() {
  const std::lock_guard lock{mutex_};
  drain_wanted_ = true;
  empty_ = false; // until the thread has looked
  wake();
}

bool parker::wait_empty(steady_time until) {
  std::unique_lock lock{mutex_};
  return empty_changed_.wait_until(lock, until, [this] { return empty_; });
}

void parker::abort() {
  const std::lock_guard lock{mutex_};
  abort_wanted_ = true;
  wake();
}

void parker::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    stop_wanted_ = true;
    wake();
  }
  thread_.join();
}

// ---- the loop
// ------------------------------------------------------------------------------------

void parker::run() {
  std::array<epoll_event, 256> events{};
  for (;;) {
    const auto ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                    timeout_ms(steady_now()));
    now_ = steady_now();
    for (auto i = size_t{0}; i < static_cast<size_t>(std::max(ready, 0)); ++i) {
      auto* source = events[i].data.ptr;
      if (source == &acceptor_) {
        acceptor_.take_all([this](unique_fd socket) { admit(std::move(socket)); },
                           [this] { return evict(); }, counters_, now_);
      } else if (source == &wake_) {
        uint64_t count = 0;
        [[maybe_unused]] const auto taken = ::read(wake_.get(), &count, sizeof count);
      } else {
        on_event(*static_cast<connection*>(source));
      }
    }
    take_commands();
    sweep();
    table_.bury();
    const std::lock_guard lock{mutex_};
    if (draining_ && table_.size() == 0 && !std::exchange(empty_, true))
      empty_changed_.notify_all();
    if (stop_wanted_ && returned_.empty()) break;
  }
  acceptor_.close();
  while (table_.size() > 0) table_.close(*table_.all().back());
  table_.bury();
}

int parker::timeout_ms(steady_time now) const {
  auto at = std::min(earliest_, acceptor_.resumes_at());
  if (at == steady_time::max()) return -1;
  at = std::max(at, last_sweep_ + between_sweeps);
  if (at <= now) return 0;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(at - now).count();
  return static_cast<int>(std::min<int64_t>(wait, 60'000));
}

void parker::take_commands() {
  std::vector<connection*> returned;
  auto drain = false;
  auto abort = false;
  {
    const std::lock_guard lock{mutex_};
    returned.swap(returned_);
    drain = drain_wanted_ && !draining_;
    abort = abort_wanted_ && !aborted_;
  }
  for (auto* c : returned) {
    if (c->cut_now || aborted_) {
      table_.close(*c);
      continue;
    }
    watch(*c);
    send_answer(*c);
  }
  if (!drain && !abort) return;

  draining_ = draining_ || drain;
  aborted_ = aborted_ || abort;
  acceptor_.close();
  std::vector<connection*> all;
  for (const auto& c : table_.all()) all.push_back(c.get());
  for (auto* c : all) {
    if (c->doing == activity::lent) {
      if (abort) c->io->cut();
    } else if (abort || c->idle) {
      table_.close(*c);
    } else if (c->doing == activity::reading) {
      set_deadline(*c, std::min<steady_time>(c->deadline, now_ + half_request_grace));
    } else if (c->doing == activity::lingering) {
      set_deadline(*c, std::min<steady_time>(c->deadline, now_ + linger_time_draining));
    }
  }
}

void parker::set_deadline(connection& c, steady_time at) {
  c.deadline = at;
  earliest_ = std::min(earliest_, at);
}

void parker::sweep() {
  acceptor_.resume(now_);
  if (earliest_ > now_ || now_ < last_sweep_ + between_sweeps) return;
  last_sweep_ = now_;
  earliest_ = steady_time::max();
  std::vector<connection*> late;
  for (const auto& c : table_.all()) {
    if (c->deadline <= now_) {
      late.push_back(c.get());
    } else {
      earliest_ = std::min(earliest_, c->deadline);
    }
  }
  for (auto* c : late) expire(*c);
}

void parker::expire(connection& c) {
  if (c.doing != activity::reading || c.in.current() == intake::state::idle) return table_.close(c);
  c.in.refuse_slow();
  refuse(c, c.in.why());
}

// ---- accepting
// -----------------------------------------------------------------------------------

void parker::admit(unique_fd socket) {
  const auto full = table_.size() >= limits_.connections && !evict();
  if (full && table_.size() >= limits_.connections + over_the_limit) {
    counters_.count(refusal_reason::too_many_connections);
    return; // closed without a word
  }
  const auto fd = socket.get();
  auto made =
    std::make_unique<connection>(make_plain_transport(std::move(socket)), limits_, where_, now_);
  made->remote = remote_address(fd);
  made->local = local_address(fd);
  auto& c = table_.add(std::move(made));
  if (full) {
    watch(c);
    return refuse(
      c, {refusal_reason::too_many_connections, "Too many connections are open; try again later."});
  }
  watch(c);
  table_.note_idle(c);
  read(c);
}

bool parker::evict() {
  auto* c = table_.longest_idle();
  if (c == nullptr || c->deadline - limits_.idle_deadline + limits_.evict_idle_after > now_)
    return false;
  add(counters_.evicted, 1);
  table_.close(*c);
  return true;
}

// ---- one connection
// ------------------------------------------------------------------------------

void parker::watch(connection& c) {
  if (std::exchange(c.watched, true)) return;
  // Edge-triggered, and never changed: nothing to do per request. Whoever starts to wait for a
  // connection tries it first.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &c;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, c.io->descriptor(), &event);
}

void parker::on_event(connection& c) {
  switch (c.doing) {
  case activity::reading: return read(c);
  case activity::flushing: return send_answer(c);
  case activity::lingering: return drop_input(c);
  case activity::lent: // the worker will see it
  case activity::closed: return;
  }
}

void parker::read(connection& c) {
  for (;;) {
    const auto [status, bytes] = c.io->receive(scratch_.data(), scratch_.size());
    if (status == io_status::ended || status == io_status::failed) return table_.close(c);
    if (status != io_status::done) break;
    add(counters_.bytes_in, bytes);
    c.in.feed({scratch_.data(), bytes}, now_);
    if (!after_input(c)) return;
  }
  set_deadline(c, c.in.deadline());
  if (draining_) set_deadline(c, std::min<steady_time>(c.deadline, now_ + half_request_grace));
}

/// What follows from new input. False when there is nothing more to read for now.
bool parker::after_input(connection& c) {
  table_.charge(c);
  table_.note_idle(c);
  switch (c.in.current()) {
  case intake::state::idle: break;
  case intake::state::ready: lend(c); return false;
  case intake::state::refused: refuse(c, c.in.why()); return false;
  case intake::state::head:
  case intake::state::body:
    if (too_much_held(c, granted_to_request)) {
      refuse(c, {refusal_reason::memory_full, "The service is busy; try again later."});
      return false;
    }
    if (c.in.take_continue()) {
      c.out = "HTTP/1.1 100 Continue\r\n\r\n";
      if (flush(c, counters_) != flush_outcome::sent) {
        table_.close(c); // not even room for one line: nobody reads there
        return false;
      }
    }
  }
  return true;
}

/// All connections together hold too much, and this one more than is granted to everyone.
bool parker::too_much_held(const connection& c, uint64_t granted) const {
  return c.charged > granted &&
         counters_.buffered_bytes.load(std::memory_order_relaxed) > limits_.buffered_bytes;
}

void parker::lend(connection& c) {
  c.doing = activity::lent;
  c.deadline = steady_time::max();
  c.close_after = false;
  add(counters_.requests, 1);
  if (c.in.request().streamed) unwatch(c);
  // From here on the connection is the worker's, unless it is turned away.
  if (auto why = dispatch_(c)) {
    watch(c);
    refuse(c, std::move(*why));
  }
}

void parker::refuse(connection& c, refusal why) {
  counters_.count(why.reason);
  const auto& id = c.in.request().id;
  c.out = render(why, id.empty() ? new_request_id() : id, limits_.retry_after);
  c.sent = 0;
  c.in.refuse(std::move(why));
  c.close_after = true;
  send_answer(c);
}

void parker::send_answer(connection& c) {
  if (c.doing != activity::flushing) {
    c.doing = activity::flushing;
    c.sending = rate_guard{limits_.send};
    c.last_send = now_;
    table_.note_idle(c);
  }
  c.sending.waited(now_ - c.last_send);
  c.last_send = now_;
  switch (flush(c, counters_)) {
  case flush_outcome::failed: return table_.close(c);
  case flush_outcome::blocked:
    table_.charge(c);
    if (too_much_held(c, granted_to_answer)) {
      counters_.count(refusal_reason::memory_full);
      return table_.close(c);
    }
    return set_deadline(c, now_ +
                             std::chrono::duration_cast<steady_time::duration>(c.sending.credit()));
  case flush_outcome::sent: break;
  }
  if (c.close_after) return linger(c);
  next_request(c);
}

void parker::next_request(connection& c) {
  c.doing = activity::reading;
  c.in.next(now_);
  if (draining_ && c.in.current() == intake::state::idle) return table_.close(c);
  if (after_input(c)) read(c);
}

void parker::linger(connection& c) {
  // Closing with unread bytes would reset the connection, and the client would lose our answer.
  c.doing = activity::lingering;
  c.io->end_sending();
  c.in.take_rest();
  std::string{}.swap(c.in.request().body);
  table_.charge(c);
  table_.note_idle(c);
  set_deadline(c, now_ + (draining_ ? steady_time::duration{linger_time_draining}
                                    : steady_time::duration{linger_time}));
  drop_input(c);
}

void parker::drop_input(connection& c) {
  for (;;) {
    const auto [status, bytes] = c.io->receive(scratch_.data(), scratch_.size());
    if (status == io_status::ended || status == io_status::failed) return table_.close(c);
    if (status != io_status::done) return;
    add(counters_.bytes_in, bytes);
    c.dropped += bytes;
    if (c.dropped > linger_bytes) return table_.close(c);
  }
}

} // namespace perennial::http
