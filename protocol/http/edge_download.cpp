#include "protocol/http/edge_download.hpp"

#include "protocol/http/edge_blocking.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace perennial::http {

namespace {

/// Small writes are put together up to this size; larger ones go out as they are.
constexpr size_t gather_bytes = 64 * kib;

/// Frames what a provider writes, and counts it.
class body_writer {
public:
  body_writer(connection& c, edge_counters& counters, const download& what)
    : c_(c)
    , counters_(counters)
    , what_(what) {}

  bool write(std::string_view bytes) {
    if (!good_ || bytes.empty()) return good_;
    written_ += bytes.size();
    if (what_.length > 0 && written_ > what_.length)
      return good_ = false; // a defect of the provider
    if (what_.chunked) gathered_ += fmt::format("{:x}\r\n", bytes.size());
    if (gathered_.size() + bytes.size() <= gather_bytes) {
      gathered_ += bytes;
    } else {
      good_ = flush() && send_all(c_, bytes, counters_);
    }
    if (what_.chunked) gathered_ += "\r\n";
    return good_;
  }

  bool flush() {
    good_ = good_ && send_all(c_, gathered_, counters_);
    gathered_.clear();
    return good_;
  }

  bool finish() {
    if (what_.chunked) gathered_ += "0\r\n\r\n";
    return flush();
  }

  bool good() const { return good_; }
  uint64_t written() const { return written_; }

private:
  connection& c_;
  edge_counters& counters_;
  const download& what_;
  std::string gathered_;
  uint64_t written_ = 0;
  bool good_ = true;
};

} // namespace

download::~download() {
  if (releaser) releaser(false); // it never ran to its end
}

bool download::run(connection& c, edge_counters& counters, const std::atomic<bool>& aborting) {
  auto whole = send_all(c, std::string_view{c.out}.substr(c.sent), counters);
  c.out.clear();
  c.sent = 0;

  body_writer writer{c, counters, *this};
  auto done = false;
  httplib::DataSink sink;
  sink.write = [&](const char* data, size_t size) { return writer.write({data, size}); };
  sink.done = [&] { done = true; };
  sink.is_writable = [&] {
    return writer.good() && !aborting.load(std::memory_order_relaxed) && !client_gone(*c.io);
  };
  try {
    while (whole && !done && (length == 0 || writer.written() < length)) {
      const auto offset = static_cast<size_t>(writer.written());
      const auto size = length == 0 ? 0 : static_cast<size_t>(length) - offset;
      whole =
        !aborting.load(std::memory_order_relaxed) && provider(offset, size, sink) && writer.flush();
    }
  } catch (const std::exception&) {
    add(counters.handler_exceptions, 1);
    whole = false;
  }
  whole = whole && writer.finish() && (length == 0 || writer.written() == length);
  if (auto release = std::exchange(releaser, nullptr)) release(whole);
  return whole;
}

download take_provider(httplib::Response& answer) {
  download out;
  out.provider = std::exchange(answer.content_provider_, nullptr);
  out.releaser = std::exchange(answer.content_provider_resource_releaser_, nullptr);
  out.length = answer.content_length_;
  out.chunked = answer.is_chunked_content_provider_;
  return out;
}

} // namespace perennial::http
