#include "tools/sim/provider.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>

namespace perennial::sim {

namespace {

/// CPU time that the process has used, so that a bench can take the provider's share off.
double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

} // namespace

provider::provider(settings s)
  : settings_(std::make_shared<const settings>(std::move(s))) {}

std::shared_ptr<const settings> provider::current() const {
  std::lock_guard lock(mutex_);
  return settings_;
}

result<void> provider::control(const nlohmann::json& changes, steady_time now) {
  {
    std::lock_guard lock(mutex_);
    settings changed = *settings_;
    if (auto ok = apply_control(changed, changes, now); !ok) return ok;
    settings_ = std::make_shared<const settings>(std::move(changed));
    version_.fetch_add(1, std::memory_order_release);
  }
  if (wake_) wake_();
  return {};
}

void provider::applied(size_t loop, uint64_t version) {
  std::lock_guard lock(mutex_);
  if (applied_.size() <= loop) applied_.resize(loop + 1);
  applied_[loop] = version;
}

void provider::connected() {
  std::lock_guard lock(mutex_);
  ++counters_.connections_total;
  counters_.connections_max = std::max(counters_.connections_max, ++counters_.connections_open);
}

void provider::disconnected() {
  std::lock_guard lock(mutex_);
  --counters_.connections_open;
}

void provider::arrived() {
  std::lock_guard lock(mutex_);
  ++counters_.requests;
  counters_.max_in_flight = std::max(counters_.max_in_flight, ++counters_.in_flight);
}

void provider::left() {
  std::lock_guard lock(mutex_);
  --counters_.in_flight;
}

void provider::refused(refusal why) {
  std::lock_guard lock(mutex_);
  ++counters_.refused[static_cast<size_t>(why)];
}

verdict provider::judge(const settings& s, uint64_t prompt, steady_time now) {
  std::lock_guard lock(mutex_);
  verdict out;
  if (s.limit_in_flight != 0 && counters_.in_flight > s.limit_in_flight) {
    out.refused = refusal::in_flight;
  } else if (s.requests_per_minute != 0) {
    if (const auto wait = rpm_.take(s.requests_per_minute, now)) {
      out.refused = refusal::rpm;
      out.wait = *wait;
    }
  }
  if (out.refused) {
    ++counters_.refused[static_cast<size_t>(*out.refused)];
    return out;
  }
  const uint32_t nth = ledger_.rolled(prompt);
  out.fate = choose_fault(s.rates, s.seed, prompt, nth);
  out.latency = choose_latency(s.latency, s.jitter, s.seed, prompt, nth);
  if (out.fate != fault::none) ++counters_.faults[static_cast<size_t>(out.fate)];
  return out;
}

void provider::answered(uint64_t prompt) {
  std::lock_guard lock(mutex_);
  ++counters_.answered_ok;
  ledger_.answered(prompt);
}

nlohmann::json provider::stats() const {
  std::lock_guard lock(mutex_);
  nlohmann::json out = to_json(counters_);
  out["distinct_prompts_seen"] = ledger_.distinct_seen();
  out["distinct_prompts_answered"] = ledger_.distinct_answered();
  out["answered_more_than_once"] = ledger_.answered_again();
  out["settled"] = std::all_of(applied_.begin(), applied_.end(),
                               [v = version_.load()](uint64_t a) { return a == v; });
  out["cpu_seconds"] = cpu_seconds();
  return out;
}

void provider::reset_stats() {
  std::lock_guard lock(mutex_);
  counters fresh;
  fresh.in_flight = fresh.max_in_flight = counters_.in_flight;
  fresh.connections_open = fresh.connections_max = counters_.connections_open;
  fresh.connections_total = counters_.connections_open;
  counters_ = fresh;
  ledger_ = prompt_ledger{};
}

} // namespace perennial::sim
