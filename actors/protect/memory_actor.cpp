#include "actors/protect/memory_actor.hpp"

#include "actors/memory_grant.hpp"
#include "protocol/base/bytes.hpp"
#include "protocol/base/log.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <fstream>
#include <string>
#include <string_view>

namespace perennial::actors {

namespace {

constexpr std::chrono::milliseconds measure_every{250};

uint64_t status_bytes(std::string_view name) {
  std::ifstream in{"/proc/self/status"};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return std::stoull(line.substr(name.size())) * kib;
  }
  return 0;
}

/// A level that comes and goes with single grants is no news.
constexpr std::chrono::seconds news_after{1};

void say_level(memory_state& st, steady_time now) {
  const auto level = st.ledger.level();
  if (level == st.told) {
    st.other_since.reset();
    return;
  }
  if (!st.other_since) st.other_since = now;
  if (now - *st.other_since < news_after) return;
  st.told = level;
  logging::info("memory is {}: {} resident, budget {}", to_string(level),
                format_bytes(st.ledger.rss()), format_bytes(st.ledger.budget()));
}

} // namespace

uint64_t resident_bytes() { return status_bytes("VmRSS:"); }
uint64_t peak_resident_bytes() { return status_bytes("VmHWM:"); }

memory_actor::behavior_type memory_behavior(memory_actor::stateful_pointer<memory_state> self,
                                            memory_config config) {
  self->state.ledger = memory_ledger{config};
  self->delayed_send(self, measure_every, wakeup_atom_v);
  return {
    [self](grant_atom, memory_class kind, uint64_t bytes) -> memory_grant_ptr {
      auto& st = self->state;
      if (!st.ledger.grant(kind, bytes)) return nullptr;
      return std::make_shared<const memory_grant>(caf::actor_cast<memory_actor>(self), kind, bytes);
    },
    [self](release_atom, memory_class kind, uint64_t bytes) {
      self->state.ledger.release(kind, bytes);
      say_level(self->state, self->clock().now());
    },
    [self](status_atom) {
      const auto& st = self->state;
      memory_status s;
      s.budget = st.ledger.budget();
      s.granted = st.ledger.total();
      s.rss = st.ledger.rss();
      s.peak_rss = peak_resident_bytes();
      s.level = st.ledger.level();
      return s;
    },
    [self](wakeup_atom) {
      auto& st = self->state;
      st.ledger.on_rss(resident_bytes());
      say_level(st, self->clock().now());
      self->delayed_send(self, measure_every, wakeup_atom_v);
    },
  };
}

} // namespace perennial::actors
