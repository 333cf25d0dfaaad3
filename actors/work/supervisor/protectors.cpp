#include "actors/protect/breaker_actor.hpp"
#include "actors/protect/details.hpp"
#include "actors/protect/throttle_actor.hpp"
#include "actors/work/supervisor/parts.hpp"
#include "protocol/base/log.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

/// After so many failures in a row an outage may have begun.
constexpr uint32_t doubtful_from = 3;
/// Job files may name any number of models: lines of further ones go by the provider's breaker.
constexpr size_t most_models = 64;

supervisor_actor me(supervisor_ptr self) { return caf::actor_cast<supervisor_actor>(self); }

breaker_setup setup_of(const supervisor_state& st) {
  const auto& p = st.peers.config;
  breaker_setup s;
  s.name = p.name;
  s.config.open_for = {.first = p.breaker_open, .max = 30 * p.breaker_open};
  return s;
}

std::shared_ptr<const call_key> make_key(const supervisor_peers& peers, uint32_t number,
                                         provider_key from) {
  auto knowledge =
    peers.known ? std::make_shared<route_knowledge>(peers.known, peers.config.base_url, from.text)
                : std::make_shared<route_knowledge>();
  return std::make_shared<const call_key>(call_key{std::move(from), number, std::move(knowledge)});
}

breaker_gate& gate_of(supervisor_state& st, uint32_t number) {
  return number == 0 ? st.breaker_says : st.models[number - 1].says;
}

} // namespace

void start_protectors(supervisor_ptr self) {
  auto& st = self->state;
  const auto& config = st.peers.config;
  auto breaker = setup_of(st);
  breaker.client = st.peers.client;
  if (config.breaker_per_model) breaker.scope = breaker_scope::connections;
  st.breaker = self->spawn<caf::linked>(breaker_behavior, std::move(breaker), me(self));
  st.ring = key_ring{static_cast<uint32_t>(st.peers.keys.size())};
  for (uint32_t n = 0; n < st.ring.size(); ++n) {
    const auto& key = st.peers.keys[n];
    throttle_setup setup{throttle_config_of(config), n, config.base_url, key.text, st.peers.limits};
    st.keys.push_back({make_key(st.peers, n, key),
                       self->spawn<caf::linked>(throttle_behavior, std::move(setup), me(self)),
                       {}});
  }
  if (config.max_in_flight > 0) st.most_in_flight = config.max_in_flight;
}

uint32_t breaker_of(supervisor_ptr self, const std::string& model) {
  auto& st = self->state;
  if (!st.peers.config.breaker_per_model || model.empty()) return 0;
  if (const auto found = st.model_numbers.find(model); found != st.model_numbers.end())
    return found->second;
  if (st.models.size() >= most_models) return 0;
  const auto number = static_cast<uint32_t>(st.models.size() + 1);
  auto setup = setup_of(st);
  setup.name = fmt::format("{}, model \"{}\"", setup.name, model);
  setup.number = number;
  setup.scope = breaker_scope::model;
  auto& m = st.models.emplace_back();
  m.model = model;
  m.breaker = self->spawn<caf::linked>(breaker_behavior, std::move(setup), me(self));
  m.permits.on_gate(m.says.epoch, m.says.permits); // closed, as it begins
  st.model_numbers.emplace(model, number);
  return number;
}

void take_gate(supervisor_ptr self, uint32_t number, const breaker_gate& g) {
  auto& st = self->state;
  gate_of(st, number) = g;
  auto& permits = number == 0 ? st.breaker_permits : st.models[number - 1].permits;
  permits.on_gate(g.epoch, g.permits);
  if (number > 0) return;
  if (g.state == breaker_state::closed) {
    st.down_reason.clear();
  } else if (st.down_reason.empty()) {
    st.down_reason = g.reason; // not what each trial says: the alarm is one alarm
  }
}

bool breakers_are_closed(const supervisor_state& st) {
  return st.breaker_permits.available() == unlimited_permits &&
         std::ranges::all_of(st.models, [](const model_breaker& m) {
           return m.permits.available() == unlimited_permits;
         });
}

void note_outcome(supervisor_state& st, const work_item& item, outcome_event event) {
  event.breaker_epoch = item.breaker_epoch;
  st.keys[item.key->number].outcomes.push_back(event);
  if (item.model_breaker > 0) {
    auto& of_model = st.models[item.model_breaker - 1].outcomes;
    of_model.push_back(event);
    of_model.back().breaker_epoch = item.model_epoch;
  }
  st.outbox.outcomes.push_back(std::move(event));
}

void comes_back(supervisor_state& st, const work_item& item, int64_t tokens) {
  const auto more = tokens - item.tokens;
  st.ring.comes_back(item.key->number, more);
  st.keys[item.key->number].used_tokens += more;
}

void tell_protectors(supervisor_ptr self) {
  auto& st = self->state;
  const auto tell = [self](const breaker_actor& whom, outcome_list& what) {
    if (!what.empty()) self->send(whom, outcome_atom_v, std::exchange(what, {}));
  };
  tell(st.breaker, st.outbox.outcomes);
  for (auto& m : st.models) tell(m.breaker, m.outcomes);
  for (auto& k : st.keys) {
    if (!k.outcomes.empty()) self->send(k.throttle, outcome_atom_v, std::exchange(k.outcomes, {}));
    if (k.used > 0 || k.used_tokens != 0) {
      self->send(k.throttle, used_atom_v, std::exchange(k.used, 0),
                 std::exchange(k.used_tokens, 0));
    }
  }
}

void wait_for_breakers(supervisor_ptr self) {
  auto& st = self->state;
  if (st.doubts > 0) return;
  std::vector<breaker_actor> in_doubt;
  const auto look_at = [&](failure_run& run, const breaker_actor& whom) {
    if (run.length < doubtful_from || run.told == run.length) return;
    run.told = run.length;
    in_doubt.push_back(whom);
  };
  look_at(st.failing, st.breaker);
  for (auto& m : st.models) look_at(m.failing, m.breaker);
  if (in_doubt.empty()) return;
  tell_protectors(self);
  // A gate that has changed comes before the answer.
  for (const auto& whom : in_doubt) {
    ++st.doubts;
    self->request(whom, caf::infinite, status_atom_v).then([self](const breaker_gate&) {
      if (--self->state.doubts > 0) return;
      wait_for_breakers(self); // of those that have failed meanwhile
      pump(self);
    });
  }
}

void reset_breakers(supervisor_ptr self) {
  self->send(self->state.breaker, reset_atom_v);
  for (const auto& m : self->state.models) self->send(m.breaker, reset_atom_v);
}

void set_most_in_flight(supervisor_ptr self, uint32_t calls) {
  auto& st = self->state;
  st.most_in_flight = calls > 0 ? calls : auto_in_flight_max;
  for (const auto& k : st.keys) self->send(k.throttle, scale_atom_v, calls);
}

void reload(supervisor_ptr self, const provider_keys_ptr& fresh) {
  auto& st = self->state;
  auto& config = st.peers.config;
  for (uint32_t n = 0; n < st.ring.size() && n < fresh->keys.size(); ++n) {
    const auto& key = fresh->keys[n];
    if (key.text.reveal() == st.keys[n].key->from.text.reveal()) continue;
    logging::info("{}: {} holds another key now; it is used from here on", config.name, key.name());
    st.keys[n].key = make_key(st.peers, n, key);
    st.ring.at(n).parked.resume();
  }
  clear_shelf(st); // its lines are stamped with the keys before
  for (const auto& k : st.keys) self->send(k.throttle, reload_atom_v, fresh);
  if (std::exchange(config.max_in_flight, fresh->max_in_flight) != fresh->max_in_flight)
    set_most_in_flight(self, fresh->max_in_flight);
}

std::vector<caf::actor> protectors(const supervisor_state& st) {
  std::vector<caf::actor> out{caf::actor_cast<caf::actor>(st.breaker)};
  for (const auto& k : st.keys) out.push_back(caf::actor_cast<caf::actor>(k.throttle));
  for (const auto& m : st.models) out.push_back(caf::actor_cast<caf::actor>(m.breaker));
  return out;
}

std::vector<parked_route> all_parked(const supervisor_state& st) {
  std::vector<parked_route> all;
  for (uint32_t n = 0; n < st.ring.size(); ++n) {
    for (auto& p : st.ring.at(n).parked.parked()) all.push_back(std::move(p));
  }
  return all;
}

caf::result<provider_details_ptr> details(supervisor_ptr self, provider_status status) {
  auto& st = self->state;
  auto promise = self->make_response_promise<provider_details_ptr>();
  auto out = std::make_shared<provider_details>();
  out->status = std::move(status);
  for (uint32_t n = 0; n < st.ring.size(); ++n) {
    const auto& slot = st.ring.at(n);
    out->keys.push_back({st.keys[n].key->from.name(), slot.in_flight, {}, slot.parked.parked()});
  }
  for (const auto& m : st.models) out->models.push_back({m.model, {}});
  auto missing = std::make_shared<size_t>(1 + out->models.size() + out->keys.size());
  auto came = [promise, out, missing]() mutable {
    if (--*missing == 0) promise.deliver(provider_details_ptr{out});
  };
  const auto ask_breaker = [&](const breaker_actor& whom, breaker_details& to) {
    self->request(whom, caf::infinite, details_atom_v)
      .then([came, &to](const breaker_details_ptr& b) mutable { // `came` keeps what `to` is in
        to = *b;
        came();
      });
  };
  ask_breaker(st.breaker, out->breaker);
  for (size_t i = 0; i < st.models.size(); ++i)
    ask_breaker(st.models[i].breaker, out->models[i].breaker);
  for (size_t i = 0; i < st.keys.size(); ++i) {
    self->request(st.keys[i].throttle, caf::infinite, details_atom_v)
      .then([came, out, i](const throttle_details_ptr& t) mutable {
        out->keys[i].throttle = *t;
        came();
      });
  }
  return promise;
}

} // namespace perennial::actors
