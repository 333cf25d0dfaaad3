#include "actors/work/limit_memory.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace perennial::actors {

namespace {

constexpr int64_t longest_span_ms = 86'400'000;

std::string text_of(const learned_limits& l) {
  return fmt::format("{} {} {} {} .", l.requests.limit, l.requests.span.count(), l.tokens.limit,
                     l.tokens.span.count());
}

std::optional<learned_limits> parse(std::string_view text) {
  std::array<uint64_t, 4> n{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (size_t i = 0; i < n.size(); ++i) {
    if (i > 0 && (at == end || *at++ != ' ')) return std::nullopt;
    const auto read = std::from_chars(at, end, n[i]);
    if (read.ec != std::errc{}) return std::nullopt;
    at = read.ptr;
  }
  if (std::string_view{at, end} != " ." || n[1] > longest_span_ms || n[3] > longest_span_ms)
    return std::nullopt;
  const auto limit = [](uint64_t calls, uint64_t ms) {
    return learned_limit{calls, std::chrono::milliseconds{static_cast<int64_t>(ms)}, 0};
  };
  return learned_limits{limit(n[0], n[1]), limit(n[2], n[3])};
}

} // namespace

limit_memory::limit_memory(std::string path)
  : file_(std::move(path), [this, lines = size_t{0}](auto print, auto text) mutable {
    if (const auto l = parse(text)) limits_.insert_or_assign(std::string{print}, *l);
    return limits_.size() < most && ++lines < 100 * most;
  }) {
  std::string all;
  for (const auto& [print, limits] : limits_) all += fmt::format("{} {}\n", print, text_of(limits));
  if (!all.empty()) file_.rewrite(all); // each once
}

learned_limits limit_memory::find(std::string_view base_url, const secret& key) const {
  const auto print = file_.fingerprint(base_url, key, {});
  const std::lock_guard lock{mutex_};
  const auto found = limits_.find(print);
  return found == limits_.end() ? learned_limits{} : found->second;
}

void limit_memory::put(std::string_view base_url, const secret& key, const learned_limits& limits) {
  const auto print = file_.fingerprint(base_url, key, {});
  const std::lock_guard lock{mutex_};
  const auto found = limits_.find(print);
  if (found == limits_.end() ? limits_.size() >= most : found->second.same(limits)) return;
  limits_.insert_or_assign(print, limits);
  file_.append(print, text_of(limits));
}

} // namespace perennial::actors
