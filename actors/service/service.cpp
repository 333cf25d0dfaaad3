#include "actors/service/service.hpp"

#include "actors/protect/memory_actor.hpp"
#include "actors/results/spilled_line.hpp"
#include "actors/service/ask.hpp"
#include "actors/service/file_limit.hpp"
#include "actors/service/provider_setup.hpp"
#include "actors/work/dispatcher/dispatcher.hpp"
#include "actors/work/store_actor.hpp"
#include "actors/work/supervisor/supervisor.hpp"
#include "protocol/base/log.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace perennial::actors {

namespace {

/// Of the memory budget, what the store's caches and write buffers get.
constexpr uint64_t store_share = 4;

/// And what long answers may take together.
constexpr uint64_t answers_share = 4;

/// After an abort, calls end at once; this only bounds a defect.
constexpr std::chrono::seconds abort_deadline{20};

constexpr std::chrono::milliseconds drain_poll{10};

void exit_and_wait(caf::scoped_actor& self, const caf::actor& whom) {
  self->monitor(whom);
  self->send_exit(whom, caf::exit_reason::user_shutdown);
  self->receive([&](const caf::down_msg&) {},
                caf::after(abort_deadline) >>
                  [] { logging::error("an actor did not end in time"); });
}

} // namespace

service::system_config::system_config() {
  add_message_types<caf::id_block::perennial>();
  set("scheduler.max-threads", size_t{2});
  set("scheduler.max-throughput", size_t{100}); // unlimited starves others for 300 ms
  set("scheduler.policy", caf::atom("sharing"));
}

service::service(service_config config)
  : config_(std::move(config))
  , system_(system_config_) {}

result<std::unique_ptr<service>> service::start(service_config config) {
  auto clients = make_provider_clients(config);
  if (!clients) return tl::unexpected{clients.error()};
  if (auto ok = raise_file_limit(config); !ok) return tl::unexpected{ok.error()};

  std::unique_ptr<service> s{new service{std::move(config)}};
  storage::open_options open;
  open.data_dir = s->config_.data_dir;
  open.memory_bytes = s->config_.memory_budget / store_share;
  auto db = storage::open_store(open);
  if (!db) return tl::unexpected{db.error()};
  s->db_ = std::move(*db);
  auto calls =
    storage::inflight::open((std::filesystem::path{s->config_.data_dir} / "inflight").string());
  if (!calls) return tl::unexpected{calls.error()};
  s->calls_out_ = std::move(*calls);
  s->spawn(std::move(*clients));
  return s;
}

void service::spawn(std::vector<std::shared_ptr<const provider_client>> clients) {
  writer_ = system_.spawn<caf::detached>(store_behavior, db_);
  memory_config memory;
  memory.budget_bytes = config_.memory_budget;
  memory.store_bytes = config_.memory_budget / store_share;
  memory_ = system_.spawn(memory_behavior, memory);

  dispatcher_options options;
  std::vector<std::vector<std::string>> patterns;
  for (const auto& p : config_.providers) patterns.push_back(p.models);
  options.where = routes{std::move(patterns)};
  options.max_attempts = config_.max_attempts;
  options.limits.held_bytes = config_.memory_budget / 8;
  dispatcher_ = system_.spawn(dispatcher_behavior,
                              dispatcher_peers{db_, calls_out_, writer_, memory_}, options);

  const auto answers = std::make_shared<answer_room>(config_.memory_budget / answers_share);
  auto known = std::make_shared<known_routes>(
    (std::filesystem::path{config_.data_dir} / "known_routes").string());
  auto directory = std::make_shared<supervisor_directory>();
  for (uint32_t i = 0; i < config_.providers.size(); ++i) {
    auto knowledge = std::make_shared<route_knowledge>(known, config_.providers[i].base_url,
                                                       clients[i]->settings().api_key);
    supervisors_.push_back(
      system_.spawn(supervisor_behavior,
                    supervisor_peers{i, config_.providers[i], std::move(clients[i]), calls_out_,
                                     writer_, memory_, dispatcher_, answers, std::move(knowledge),
                                     db_, spill_over(config_.memory_budget)}));
  }
  directory->supervisors = supervisors_;
  caf::anon_send(dispatcher_, start_atom_v, directory_ptr{directory});
  expiry_ = system_.spawn<caf::detached>(expiry_behavior, db_, writer_);
}

void service::stop(std::chrono::milliseconds deadline) {
  if (std::exchange(stopped_, true) || !dispatcher_) return; // the start failed: nothing to end
  caf::scoped_actor self{system_};
  self->send(dispatcher_, drain_atom_v, true);

  // Drained: no call is out, and all results are on disk.
  const auto all_drained = [&] {
    return std::all_of(supervisors_.begin(), supervisors_.end(), [&](const auto& s) {
      auto status = ask<provider_status>(system_, s, abort_deadline, status_atom_v);
      return !status || status->drained;
    });
  };
  const auto drain = [&](bool abort, steady_time until) {
    for (const auto& s : supervisors_) self->send(s, drain_atom_v, abort);
    while (!all_drained()) {
      if (steady_now() >= until || (hurry_ && !abort)) return false;
      std::this_thread::sleep_for(drain_poll);
    }
    return true;
  };
  if (!drain(false, steady_now() + deadline)) {
    logging::info("calls in flight are aborted; their lines run again after the next start");
    drain(true, steady_now() + abort_deadline);
  }
  exit_and_wait(self, caf::actor_cast<caf::actor>(expiry_));
  for (const auto& s : supervisors_) exit_and_wait(self, caf::actor_cast<caf::actor>(s));
  exit_and_wait(self, caf::actor_cast<caf::actor>(dispatcher_));
  exit_and_wait(self, caf::actor_cast<caf::actor>(memory_));
  exit_and_wait(self, caf::actor_cast<caf::actor>(writer_));
}

service::~service() {
  stop(std::chrono::milliseconds{0});
  supervisors_.clear();
  expiry_ = nullptr;
  dispatcher_ = nullptr;
  memory_ = nullptr;
  writer_ = nullptr;
}

} // namespace perennial::actors
