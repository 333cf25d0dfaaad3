#include "actors/gateway/hold_ups.hpp"

#include "actors/service/ask.hpp"
#include "actors/service/route_setup.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

constexpr std::chrono::milliseconds good_for{500};
/// They answer in microseconds unless the machine is overloaded; then it is not told.
constexpr std::chrono::milliseconds patience{500};

} // namespace

void hold_ups::refresh() {
  const std::unique_lock one{asking_, std::try_to_lock};
  if (!one) return;
  {
    const std::lock_guard lock{mutex_};
    if (last_.taken != steady_time::min() && steady_now() - last_.taken < good_for) return;
  }
  snapshot now;
  if (auto s =
        ask<dispatcher_status>(owner_.system(), owner_.dispatcher(), patience, status_atom_v)) {
    now.work = std::move(*s);
  }
  for (const auto& supervisor : owner_.supervisors()) {
    auto s = ask<provider_status>(owner_.system(), supervisor, patience, status_atom_v);
    now.alarms.push_back(s ? std::move(s->alarm) : std::string{});
  }
  now.taken = steady_now();
  const std::lock_guard lock{mutex_};
  last_ = std::move(now);
}

std::optional<uint32_t> hold_ups::provider_of(const storage::batch_record& b) const {
  if (b.definition.model.empty()) return std::nullopt;
  const auto where = routes_of(owner_.config());
  const auto* r = where.route_of(b.definition.model);
  if (r == nullptr || r->targets.size() > 1) return std::nullopt;
  return r->targets.front().provider;
}

std::vector<std::string> hold_ups::of(const storage::batch_record& b) {
  if (b.state.status != storage::batch_status::in_progress || b.state.paused) return {};
  refresh();
  const auto only = provider_of(b);
  std::vector<std::string> out;
  const std::lock_guard lock{mutex_};
  const auto& all = last_.work.batches;
  const auto load = std::ranges::find(all, b.id, &batch_load::id);
  if (load != all.end() && load->unrouted_model) {
    out.push_back(fmt::format("no provider takes the model \"{}\"; add it to a provider's `models`",
                              *load->unrouted_model));
  }
  if (auto disk = owner_.disk().status(); disk.holds_calls()) out.push_back(std::move(disk.says));
  for (uint32_t i = 0; i < last_.alarms.size(); ++i) {
    if (!last_.alarms[i].empty() && (!only || *only == i)) out.push_back(last_.alarms[i]);
  }
  return out;
}

} // namespace perennial::actors
