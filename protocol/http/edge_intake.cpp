#include "protocol/http/edge_intake.hpp"

#include "protocol/http/edge_request_id.hpp"

#include <algorithm>
#include <utility>

namespace perennial::http {

namespace {

/// An idle connection keeps no more memory than this for its next head.
constexpr size_t kept_capacity = 1024;

void release_if_large(std::string& buffer) {
  if (buffer.capacity() > kept_capacity) std::string{}.swap(buffer);
}

} // namespace

intake::intake(const edge_limits& limits, const router& where, steady_time now)
  : limits_(&limits)
  , where_(&where)
  , scanner_(limits)
  , rate_(limits.receive)
  , since_(now)
  , last_(now) {}

void intake::refuse(refusal why) {
  why_ = std::move(why);
  state_ = state::refused;
}

void intake::refuse_slow() {
  if (state_ == state::body) {
    refuse({refusal_reason::slow_body, "The request's body came too slowly."});
  } else {
    refuse({refusal_reason::slow_head, "The request's head came too slowly."});
  }
}

intake::state intake::feed(std::string_view bytes, steady_time now) {
  if (raw_.empty()) {
    auto rest = bytes;
    advance(rest, now);
    raw_.assign(rest);
  } else {
    raw_.append(bytes);
    std::string_view rest{raw_};
    advance(rest, now);
    raw_.erase(0, raw_.size() - rest.size());
  }
  if (raw_.empty()) release_if_large(raw_);
  return state_;
}

intake::state intake::next(steady_time now) {
  state_ = state::idle;
  since_ = now;
  scanner_ = head_scanner{*limits_};
  chunks_ = {};
  owes_continue_ = false;
  release_if_large(request_.body); // assigning would keep its memory
  request_ = {};
  return feed({}, now);
}

intake::state intake::advance(std::string_view& bytes, steady_time now) {
  if (state_ == state::idle && !bytes.empty()) {
    state_ = state::head;
    since_ = now;
  }
  if (state_ == state::head && !read_head(bytes, now)) return state_;
  if (state_ == state::body) {
    const auto before = request_.body.size();
    rate_.waited(now - last_);
    last_ = now;
    const auto whole = request_.head.chunked ? read_chunks(bytes) : read_sized(bytes);
    rate_.moved(request_.body.size() - before);
    if (whole) state_ = state::ready;
  }
  return state_;
}

bool intake::read_head(std::string_view& bytes, steady_time now) {
  switch (scanner_.scan(bytes)) {
  case head_scanner::outcome::more: return false;
  case head_scanner::outcome::refused: refuse(scanner_.why()); return false;
  case head_scanner::outcome::whole: break;
  }
  auto head =
    parse_head(bytes.substr(scanner_.begin(), scanner_.end() - scanner_.begin()), *limits_);
  bytes.remove_prefix(scanner_.end());
  if (!head) {
    refuse(std::move(head.error()));
    return false;
  }
  request_.head = std::move(*head);
  request_.id = choose_request_id(request_.head.header("x-request-id"));
  request_.to = (*where_)(request_.head);
  begin_body(now);
  return state_ != state::refused;
}

void intake::begin_body(steady_time now) {
  const auto& head = request_.head;
  const auto length = head.content_length.value_or(0);
  const auto streaming = request_.to.kind == route_kind::streaming;
  const auto limit = streaming ? request_.to.body_limit : limits_->small_body_bytes;
  const auto limited = !streaming || limit > 0;
  if (limited && length > limit)
    return refuse(
      {refusal_reason::body_too_large, fmt::format("The body has {}; at most {} are taken here.",
                                                   format_bytes(length), format_bytes(limit))});
  if (!head.has_body()) {
    state_ = state::ready;
  } else if (streaming && (head.chunked || length > limits_->small_body_bytes)) {
    request_.streamed = true;
    state_ = state::ready;
  } else {
    state_ = state::body;
    since_ = last_ = now;
    rate_ = rate_guard{limits_->receive};
    owes_continue_ = head.expects_continue;
  }
}

bool intake::read_sized(std::string_view& bytes) {
  auto& body = request_.body;
  const auto missing = *request_.head.content_length - body.size();
  const auto piece = bytes.substr(0, static_cast<size_t>(missing));
  body.append(piece);
  bytes.remove_prefix(piece.size());
  return body.size() == *request_.head.content_length;
}

bool intake::read_chunks(std::string_view& bytes) {
  for (;;) {
    std::string_view piece;
    switch (chunks_.next(bytes, piece)) {
    case chunk_decoder::step::more: return false;
    case chunk_decoder::step::end: return true;
    case chunk_decoder::step::bad:
      refuse({refusal_reason::bad_chunk, "The body's chunks are broken."});
      return false;
    case chunk_decoder::step::data:
      if (request_.body.size() + piece.size() > limits_->small_body_bytes) {
        refuse({refusal_reason::body_too_large,
                fmt::format("The body is larger than the {} that are taken here.",
                            format_bytes(limits_->small_body_bytes))});
        return false;
      }
      request_.body.append(piece);
    }
  }
}

steady_time intake::deadline() const {
  switch (state_) {
  case state::idle: return since_ + limits_->idle_deadline;
  case state::head: return since_ + limits_->head_deadline;
  case state::body: {
    const auto slow = last_ + std::chrono::duration_cast<steady_time::duration>(rate_.credit());
    return std::min<steady_time>(slow, since_ + limits_->small_body_deadline);
  }
  case state::ready:
  case state::refused: break;
  }
  return steady_time::max();
}

bool intake::take_continue() {
  return std::exchange(owes_continue_, false) && state_ == state::body && request_.body.empty() &&
         raw_.empty();
}

} // namespace perennial::http
