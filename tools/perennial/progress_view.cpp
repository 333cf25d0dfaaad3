#include "tools/perennial/progress_view.hpp"

#include "protocol/base/bytes.hpp"
#include "tools/perennial/terminal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace perennial::tool {

namespace {

constexpr std::chrono::seconds rate_window{10};
constexpr size_t bar_columns = 16;

double per_second(uint64_t n, std::chrono::milliseconds d) {
  return d.count() > 0 ? static_cast<double>(n) * 1000.0 / static_cast<double>(d.count()) : 0.0;
}

std::string show_rate(double rate) {
  return rate < 10 ? fmt::format("{:.1f}/s", rate)
                   : fmt::format("{}/s", with_commas(static_cast<uint64_t>(rate)));
}

} // namespace

double progress_view::rate() const {
  if (window_.size() < 2) return 0;
  const auto span = std::chrono::duration_cast<std::chrono::milliseconds>(window_.back().first -
                                                                          window_.front().first);
  return per_second(window_.back().second - window_.front().second, span);
}

std::string progress_view::line(const progress_sample& now, steady_time at) {
  window_.emplace_back(at, now.done);
  while (window_.size() > 2 && at - window_.front().first > rate_window) window_.pop_front();
  const double share =
    now.total ? static_cast<double>(now.done) / static_cast<double>(now.total) : 0;
  const auto full = std::min(bar_columns, static_cast<size_t>(share * bar_columns));
  auto out = fmt::format("[{}{}] {}/{} {:.0f}%", std::string(full, '#'),
                         std::string(bar_columns - full, ' '), with_commas(now.done),
                         with_commas(now.total), share * 100);
  const auto r = rate();
  out += " · " + show_rate(r);
  if (r > 0 && now.total > now.done) {
    const auto left = static_cast<double>(now.total - now.done) / r;
    out += " · ETA " + format_duration(std::chrono::seconds{static_cast<int64_t>(left) + 1});
  }
  out += fmt::format(" · failed {} · in flight {} · RSS {}", with_commas(now.failed), now.in_flight,
                     format_bytes(now.rss_bytes));
  if (!now.note.empty()) out += " · " + now.note;
  return out;
}

std::string to_text(const run_summary& s) {
  const auto& c = s.counts;
  std::string out;
  const auto row = [&](std::string_view name, const std::string& value) {
    out += fmt::format("  {:<11}{}\n", name, value);
  };
  row("lines", with_commas(c.total));
  row("failed", with_commas(c.failed));
  row("retried", with_commas(c.retried));
  row("ambiguous", with_commas(c.ambiguous));
  row("tokens",
      fmt::format("{} in, {} out", with_commas(c.tokens.input), with_commas(c.tokens.output)));
  row("wall time", format_duration(s.wall));
  row("rate", show_rate(per_second(s.done_now, s.wall)));
  if (s.peak_rss > 0) row("peak RSS", format_bytes(s.peak_rss));
  if (!s.output.empty()) row("results", s.output);
  out.pop_back();
  return out;
}

std::string to_json(const run_summary& s) {
  const auto& c = s.counts;
  nlohmann::ordered_json j{
    {"lines", c.total},
    {"completed", c.completed},
    {"failed", c.failed},
    {"retried", c.retried},
    {"ambiguous", c.ambiguous},
    {"tokens", {{"input", c.tokens.input}, {"output", c.tokens.output}}},
    {"wall_seconds", static_cast<double>(s.wall.count()) / 1000.0},
    {"lines_per_second", per_second(s.done_now, s.wall)},
    {"peak_rss_bytes", s.peak_rss},
    {"output", s.output},
    {"data_dir", s.data_dir},
  };
  return j.dump();
}

} // namespace perennial::tool
