#include "tools/sim/conversation.hpp"

#include "tools/sim/stream.hpp"

#include <sys/epoll.h>

#include <algorithm>

namespace perennial::sim {

namespace {

/// How much of further requests is read while a reply is under way.
constexpr size_t read_ahead_limit = size_t{1} << 20;

} // namespace

conversation::conversation(loop_context& loop, channel io, bool counted)
  : loop_(loop)
  , io_(std::move(io))
  , counted_(counted) {
  if (counted_) loop_.owner.connected();
  interest_ = EPOLLIN | EPOLLRDHUP;
  epoll_event event{.events = interest_, .data = {.fd = io_.fd()}};
  if (::epoll_ctl(loop_.epoll, EPOLL_CTL_ADD, io_.fd(), &event) != 0) over_ = true;
}

conversation::~conversation() {
  if (reply_.in_flight) loop_.owner.left();
  if (counted_) loop_.owner.disconnected();
}

void conversation::watch(bool readable, bool writable) {
  uint32_t wanted = 0;
  if (readable) wanted |= EPOLLIN | EPOLLRDHUP;
  if (writable) wanted |= EPOLLOUT;
  if (wanted == interest_) return;
  interest_ = wanted;
  epoll_event event{.events = wanted, .data = {.fd = io_.fd()}};
  ::epoll_ctl(loop_.epoll, EPOLL_CTL_MOD, io_.fd(), &event);
}

void conversation::abort() {
  io_.reset_on_close();
  over_ = true;
}

void conversation::on_ready(uint32_t events) {
  if (stage_ == stage::sending) {
    flush();
    resume();
  }
  if (over_) return;
  if (!paused_)
    read();
  else if (events & (EPOLLHUP | EPOLLERR))
    over_ = true;
}

void conversation::on_timer(uint64_t ticket) {
  if (ticket != ticket_) return;
  ticket_ = 0;
  if (stage_ == stage::delayed)
    act();
  else
    next_piece();
  resume();
}

void conversation::on_settings() {
  if (stage_ != stage::held) return;
  stage_ = stage::reading;
  seen_before_ = true;
  resume();
}

// ---- requests ---------------------------------------------------------------

void conversation::read() {
  for (;;) {
    if (stage_ != stage::reading && in_.size() >= read_ahead_limit) {
      paused_ = true;
      watch(false, stage_ == stage::sending);
      return;
    }
    const auto [what, bytes] = io_.read({loop_.buffer.data(), loop_.buffer.size() - body_padding});
    if (what == channel::outcome::over) over_ = true;
    if (what == channel::outcome::wait_writer) watch(true, true);
    if (what == channel::outcome::wait && stage_ != stage::sending) watch(true, false);
    if (what != channel::outcome::some) return;
    take({loop_.buffer.data(), bytes});
    // A plain socket tells again of what is left in it.
    if (over_ || !io_.may_hide_bytes()) return;
  }
}

/// Bytes came: they are read where they lie, and only what is left over is kept.
void conversation::take(std::string_view bytes) {
  if (in_.empty() && stage_ == stage::reading) {
    keep(bytes.substr(consume(bytes)));
  } else {
    keep(bytes);
    if (stage_ == stage::reading) in_.erase(0, consume(in_));
  }
  if (in_.empty() && in_.capacity() > 4096)
    std::string().swap(in_); // idle connections hold nothing
}

void conversation::keep(std::string_view bytes) {
  const size_t needed = in_.size() + bytes.size() + body_padding;
  if (bytes.empty()) return;
  if (in_.capacity() < needed)
    in_.reserve(std::max({needed, in_.capacity() * 2, reader_.size() + body_padding}));
  in_.append(bytes);
}

/// Goes on with what was read ahead.
void conversation::resume() {
  if (stage_ != stage::reading || over_) return;
  if (!in_.empty()) take({});
  if (!paused_ || over_) return;
  paused_ = false;
  watch(true, stage_ == stage::sending);
  read();
}

/// Answers the requests in `bytes` as far as replies are at once; how many bytes are done with.
size_t conversation::consume(std::string_view bytes) {
  size_t used = 0;
  while (stage_ == stage::reading && !over_ && used < bytes.size()) {
    http_request request;
    switch (reader_.read(bytes.substr(used), request)) {
    case request_reader::status::more:
      if (reader_.take_continue()) io_.write("HTTP/1.1 100 Continue\r\n\r\n");
      return used;
    case request_reader::status::bad:
      begin(loop_.replies.refuse(reader_.refusal()));
      return bytes.size();
    case request_reader::status::done: break;
    }
    reply r = loop_.replies.answer(request, loop_.now, std::exchange(seen_before_, false));
    const bool held = r.act == reply::action::hold; // then the request stays, to be read again
    if (!held) used += reader_.size();
    reader_.reset();
    begin(std::move(r));
  }
  return used;
}

// ---- replies ----------------------------------------------------------------

void conversation::wait_for(std::chrono::nanoseconds delay, stage next) {
  stage_ = next;
  ticket_ = loop_.timers.set(loop_.now + delay, io_.fd());
}

void conversation::begin(reply r) {
  reply_ = std::move(r);
  sent_ = piece_end_ = 0;
  if (reply_.act == reply::action::hold)
    stage_ = stage::held;
  else if (reply_.delay.count() > 0)
    wait_for(reply_.delay, stage::delayed);
  else
    act();
}

void conversation::act() {
  switch (reply_.act) {
  case reply::action::send: next_piece(); return;
  case reply::action::reset:
    settle();
    stage_ = stage::silent;
    abort();
    return;
  case reply::action::hang:
  case reply::action::hold: stage_ = stage::silent; return;
  }
}

void conversation::next_piece() {
  stage_ = stage::sending;
  if (reply_.gap.count() == 0)
    piece_end_ = reply_.size();
  else if (reply_.by_event)
    piece_end_ = end_of_event(reply_.bytes, sent_);
  else
    piece_end_ = sent_ + 1;
  if (piece_end_ == reply_.size()) settle();
  flush();
}

void conversation::flush() {
  while (sent_ < piece_end_) {
    const auto [what, bytes] = io_.write(reply_.piece(sent_, piece_end_));
    if (what == channel::outcome::over) {
      over_ = true;
      return;
    }
    if (what != channel::outcome::some) {
      watch(!paused_, what == channel::outcome::wait_writer);
      return;
    }
    sent_ += bytes;
  }
  watch(!paused_, false);
  if (sent_ < reply_.size())
    wait_for(reply_.gap, stage::between_pieces);
  else
    finish();
}

/// Counts the reply as given. Before its last bytes go out: who has the reply finds it counted.
void conversation::settle() {
  if (reply_.answers) loop_.owner.answered(*reply_.answers);
  if (reply_.in_flight) loop_.owner.left();
  reply_.answers.reset();
  reply_.in_flight = false;
}

void conversation::finish() {
  stage_ = stage::reading;
  std::string().swap(reply_.bytes);
  if (!reply_.close) return;
  io_.say_goodbye();
  over_ = true;
}

} // namespace perennial::sim
