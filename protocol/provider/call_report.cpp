#include "protocol/provider/call_report.hpp"

namespace perennial {

std::string_view to_string(transport_failure failure) noexcept {
  switch (failure) {
  case transport_failure::none: return "none";
  case transport_failure::dns: return "dns";
  case transport_failure::refused: return "refused";
  case transport_failure::connect_timeout: return "connect_timeout";
  case transport_failure::proxy: return "proxy";
  case transport_failure::tls: return "tls";
  case transport_failure::write_failed: return "write_failed";
  case transport_failure::reset: return "reset";
  case transport_failure::first_byte_timeout: return "first_byte_timeout";
  case transport_failure::idle_timeout: return "idle_timeout";
  case transport_failure::total_timeout: return "total_timeout";
  case transport_failure::truncated: return "truncated";
  case transport_failure::too_large: return "too_large";
  case transport_failure::garbage: return "garbage";
  case transport_failure::aborted: return "aborted";
  case transport_failure::not_kept: return "not_kept";
  }
  return "unknown";
}

} // namespace perennial
