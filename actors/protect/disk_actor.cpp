#include "actors/protect/disk_actor.hpp"

#include "protocol/base/log.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace perennial::actors {

namespace {

using disk_self = disk_actor::stateful_pointer<disk_state>;

constexpr std::chrono::milliseconds look_every{100};

/// One sentence for each change. The store itself says when it cannot write, and when it can again.
void say(const disk_status& before, const disk_status& now) {
  if (now.level == before.level) return;
  if (now.level == disk_level::normal) {
    logging::info("The disk has room again: {} free; uploads and calls go on.",
                  format_bytes(now.seen.free));
  } else if (now.store_writes) {
    logging::warn("Note: {}.", now.says);
  }
}

void hold(disk_self self, bool held) {
  auto& st = self->state;
  if (!st.supervisors) return;
  for (const auto& s : st.supervisors->supervisors) self->send(s, hold_atom_v, held);
}

void look(disk_self self) {
  auto& st = self->state;
  if (!st.peers.db->takes_changes()) self->send(st.peers.writer, reload_atom_v);
  auto now = st.peers.room->look(st.peers.calls_out->taken());
  if (now.holds_calls() != st.told.holds_calls()) hold(self, now.holds_calls());
  say(st.told, now);
  st.told = std::move(now);
}

} // namespace

disk_actor::behavior_type disk_behavior(disk_self self, disk_peers peers) {
  self->state.peers = std::move(peers);
  look(self);
  self->delayed_send(self, look_every, wakeup_atom_v, true);
  return {
    [self](start_atom, const directory_ptr& supervisors) {
      self->state.supervisors = supervisors;
      hold(self, self->state.told.holds_calls()); // it may have changed since they were told
    },
    [self](wakeup_atom, bool by_timer) {
      look(self);
      if (by_timer) self->delayed_send(self, look_every, wakeup_atom_v, true);
    },
  };
}

} // namespace perennial::actors
