#include "actors/service/root_actor.hpp"

#include "protocol/base/log.hpp"

namespace perennial::actors {

root_actor::behavior_type root_behavior(root_actor::stateful_pointer<root_state> self,
                                        std::vector<watched_actor> whom,
                                        std::function<void(std::string)> on_death) {
  for (auto& w : whom) {
    self->monitor(w.handle);
    self->state.watched.emplace(w.handle.address(), std::move(w.name));
  }
  self->set_down_handler([self, on_death = std::move(on_death)](const caf::down_msg& down) {
    auto& st = self->state;
    const auto who = st.watched.find(down.source);
    if (st.stopping || who == st.watched.end()) return;
    auto what = fmt::format("{} died ({})", who->second, caf::to_string(down.reason));
    logging::error("{}; nothing acknowledged is lost, and all begins anew from the disk", what);
    st.stopping = true; // others die with it
    on_death(std::move(what));
  });
  return {[self](drain_atom, bool stopping) { self->state.stopping = stopping; }};
}

} // namespace perennial::actors
