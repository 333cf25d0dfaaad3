#include "protocol/base/error.hpp"

namespace perennial {

std::string_view to_string(errc kind) noexcept {
  switch (kind) {
  case errc::invalid_input: return "invalid_input";
  case errc::not_found: return "not_found";
  case errc::conflict: return "conflict";
  case errc::busy: return "busy";
  case errc::no_space: return "no_space";
  case errc::io_error: return "io_error";
  case errc::corrupt: return "corrupt";
  case errc::closed: return "closed";
  case errc::cancelled: return "cancelled";
  case errc::timed_out: return "timed_out";
  case errc::unavailable: return "unavailable";
  case errc::unsupported: return "unsupported";
  case errc::internal: return "internal";
  }
  return "internal";
}

} // namespace perennial
