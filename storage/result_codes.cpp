#include "storage/result_codes.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace perennial::storage {

namespace {

struct named_code {
  uint16_t code;
  std::string_view name;
};

constexpr std::array named{
  named_code{result_code::worker_crashed, "worker_crashed"},
  named_code{result_code::line_invalid, "line_invalid"},
  named_code{result_code::response_too_large, "response_too_large"},
  named_code{result_code::retries_used_up, "retries_used_up"},
  named_code{result_code::deadline_exceeded, "deadline_exceeded"},
};

} // namespace

std::string name_of_code(uint16_t code) {
  for (const auto& n : named) {
    if (n.code == code) return std::string{n.name};
  }
  return std::to_string(code);
}

std::optional<uint16_t> code_of_name(std::string_view name) {
  for (const auto& n : named) {
    if (n.name == name) return n.code;
  }
  uint16_t code = 0;
  const auto* end = name.data() + name.size();
  const auto [at, failed] = std::from_chars(name.data(), end, code);
  if (failed != std::errc{} || at != end || code < 100 || code > 999) return std::nullopt;
  return code;
}

std::string names_of_codes() {
  std::string out;
  for (const auto& n : named) {
    if (n.code != result_code::line_invalid) out += fmt::format("{}, ", n.name);
  }
  return out + "batch_cancelled, batch_expired";
}

std::string_view unrun_code(batch_status status) noexcept {
  switch (status) {
  case batch_status::expired: return "batch_expired";
  case batch_status::cancelled: return "batch_cancelled";
  default: return {};
  }
}

} // namespace perennial::storage
