#include "tools/sim/outage.hpp"

#include "tools/sim/duration.hpp"

#include <algorithm>

namespace perennial::sim {

result<outage_window> parse_outage(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    return fail(errc::invalid_input, "\"{}\" is not an outage; write START:DURATION, as 10s:60s",
                text);
  const auto start = parse_duration(text.substr(0, colon));
  const auto duration = parse_duration(text.substr(colon + 1));
  if (!start) return fail(start.error(), "the outage's start");
  if (!duration) return fail(duration.error(), "the outage's duration");
  return outage_window{*start, *duration};
}

bool outage_schedule::down(steady_time now) const {
  if (ordered_until && now < *ordered_until) return true;
  return std::any_of(planned.begin(), planned.end(), [&](const outage_window& w) {
    return now >= started + w.start && now < started + w.start + w.duration;
  });
}

std::optional<steady_time> outage_schedule::next_change(steady_time now) const {
  std::optional<steady_time> next;
  const auto consider = [&](steady_time t) {
    if (t > now && t != steady_time::max() && (!next || t < *next)) next = t;
  };
  for (const outage_window& w : planned) {
    consider(started + w.start);
    consider(started + w.start + w.duration);
  }
  if (ordered_until) consider(*ordered_until);
  return next;
}

} // namespace perennial::sim
