#include "protocol/openai/ids.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace perennial::openai {

namespace {

constexpr size_t digits = 16;

/// In the order of `id_kind`.
constexpr std::array<std::string_view, 4> prefixes{"file-", "batch_", "file-o", "file-e"};

} // namespace

std::string format_id(id_kind kind, uint64_t id) {
  return fmt::format("{}{:016x}", prefixes[static_cast<size_t>(kind)], id);
}

std::optional<object_id> parse_id(std::string_view text) {
  for (size_t kind = 0; kind < prefixes.size(); ++kind) {
    if (text.size() != prefixes[kind].size() + digits || !text.starts_with(prefixes[kind]))
      continue;
    const auto number = text.substr(prefixes[kind].size());
    if (number.find_first_not_of("0123456789abcdef") != std::string_view::npos) continue;
    object_id out;
    out.kind = static_cast<id_kind>(kind);
    std::from_chars(number.data(), number.data() + number.size(), out.id, 16);
    if (out.id != 0) return out;
  }
  return std::nullopt;
}

std::optional<uint64_t> parse_batch_id(std::string_view text) {
  const auto id = parse_id(text);
  if (!id || id->kind != id_kind::batch) return std::nullopt;
  return id->id;
}

} // namespace perennial::openai
