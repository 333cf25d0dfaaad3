#include "tools/sim/chunked_decoder.hpp"

#include <algorithm>
#include <charconv>

namespace perennial::sim {

namespace {

constexpr size_t line_limit = 4096; // of a size line with its extensions, or of a trailer

} // namespace

chunked_decoder::status chunked_decoder::read_size(std::string_view line) {
  const auto [at, problem] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  const char* const end = line.data() + line.size();
  if (problem != std::errc{} || (at != end && *at != ';' && *at != ' ')) return status::bad;
  if (left_ > limit_ - body_.size()) return status::too_large;
  place_ = left_ == 0 ? place::trailer : place::data;
  return status::more;
}

chunked_decoder::status chunked_decoder::read(std::string_view bytes, size_t& used) {
  for (;;) {
    const std::string_view rest = bytes.substr(used);
    if (place_ == place::data) {
      const size_t n = std::min(left_, rest.size());
      body_.append(rest.data(), n);
      used += n;
      left_ -= n;
      if (left_ != 0) return status::more;
      place_ = place::data_end;
      continue;
    }
    const size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return rest.size() > line_limit ? status::bad : status::more;
    used += end + 2;
    if (place_ == place::size_line) {
      if (const status s = read_size(rest.substr(0, end)); s != status::more) return s;
    } else if (place_ == place::data_end) {
      if (end != 0) return status::bad;
      place_ = place::size_line;
    } else if (end == 0) { // the empty line after the trailers
      return status::done;
    }
  }
}

} // namespace perennial::sim
