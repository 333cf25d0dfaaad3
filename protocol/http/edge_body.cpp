#include "protocol/http/edge_body.hpp"

namespace perennial::http {

namespace {

constexpr size_t buffer_bytes = 256 * kib;

} // namespace

body_reader::body_reader(connection& c, const edge_limits& limits, edge_counters& counters)
  : c_(c)
  , counters_(counters)
  , rate_(limits.receive)
  , length_(c.in.request().head.content_length)
  , owes_continue_(c.in.request().streamed && c.in.request().head.expects_continue) {
  const auto& request = c.in.request();
  if (!request.head.has_body()) {
    length_ = 0;
  } else if (!request.streamed) {
    length_ = request.body.size();
    raw_ = request.body;
  } else {
    rest_ = c.in.take_rest();
    raw_ = rest_;
  }
  finished_ = length_ == 0;
}

result<std::string_view> body_reader::next() {
  if (failed_) return tl::unexpected<error>{*failed_};
  if (finished_) return std::string_view{};
  auto piece = length_ ? next_sized() : next_chunk();
  if (!piece) failed_ = piece.error();
  return piece;
}

result<std::string_view> body_reader::next_sized() {
  if (raw_.empty())
    if (auto ok = fill(); !ok) return tl::unexpected<error>{ok.error()};
  const auto piece = raw_.substr(0, static_cast<size_t>(*length_ - received_));
  raw_.remove_prefix(piece.size());
  finished_ = received_ + piece.size() == *length_;
  return take(piece);
}

result<std::string_view> body_reader::next_chunk() {
  for (;;) {
    std::string_view piece;
    switch (chunks_.next(raw_, piece)) {
    case chunk_decoder::step::data: return take(piece);
    case chunk_decoder::step::end: finished_ = true; return std::string_view{};
    case chunk_decoder::step::bad:
      return refuse(errc::invalid_input,
                    {refusal_reason::bad_chunk, "The body's chunks are broken."});
    case chunk_decoder::step::more:
      if (auto ok = fill(); !ok) return tl::unexpected<error>{ok.error()};
    }
  }
}

result<std::string_view> body_reader::take(std::string_view piece) {
  received_ += piece.size();
  const auto limit = c_.in.request().to.body_limit;
  if (limit > 0 && received_ > limit)
    return refuse(
      errc::invalid_input,
      {refusal_reason::body_too_large,
       fmt::format("The body is larger than the {} that are taken here.", format_bytes(limit))});
  return piece;
}

result<void> body_reader::fill() {
  if (std::exchange(owes_continue_, false) && raw_.empty() &&
      !send_all(c_, "HTTP/1.1 100 Continue\r\n\r\n", counters_))
    return lose();
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(buffer_bytes);
  for (;;) {
    const auto [status, bytes] = c_.io->receive(buffer_.get(), buffer_bytes);
    if (status == io_status::done) {
      raw_ = {buffer_.get(), bytes};
      rate_.moved(bytes);
      add(counters_.bytes_in, bytes);
      return {};
    }
    if (status == io_status::ended || status == io_status::failed) return lose();
    switch (wait_for(*c_.io, status, rate_)) {
    case wait_outcome::ready: break;
    case wait_outcome::failed: return lose();
    case wait_outcome::too_slow:
      return refuse(errc::timed_out,
                    {refusal_reason::slow_body, "The request's body came too slowly."});
    }
  }
}

tl::unexpected<error> body_reader::refuse(errc kind, refusal why) {
  counters_.count(why.reason);
  fault_ = std::move(why);
  return tl::unexpected<error>{error{kind, fault_->message}};
}

tl::unexpected<error> body_reader::lose() {
  client_lost_ = true;
  return fail(errc::unavailable, "the client was gone after {} of its body", received_);
}

void body_reader::return_rest() {
  if (c_.in.request().streamed) c_.in.put_rest(std::string{raw_});
}

} // namespace perennial::http
