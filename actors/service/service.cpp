#include "actors/service/service.hpp"

#include "actors/protect/disk_actor.hpp"
#include "actors/protect/memory_actor.hpp"
#include "actors/results/spilled_line.hpp"
#include "actors/service/ask.hpp"
#include "actors/service/config_check.hpp"
#include "actors/service/file_limit.hpp"
#include "actors/service/provider_setup.hpp"
#include "actors/service/route_setup.hpp"
#include "actors/work/dispatcher/dispatcher.hpp"
#include "actors/work/store_actor.hpp"
#include "actors/work/supervisor/supervisor.hpp"
#include "protocol/base/log.hpp"

#include <caf/actor_registry.hpp>
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

constexpr std::chrono::seconds reload_patience{30};

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

result<std::unique_ptr<service>> service::start(service_config config,
                                                const store_opener& open_it) {
  auto clients = make_provider_clients(config);
  if (!clients) return tl::unexpected{clients.error()};
  std::vector<std::vector<provider_key>> keys;
  for (const auto& p : config.providers) {
    auto read = read_provider_keys(p);
    if (!read) return of_provider(p, read.error());
    warn_of_missing_keys(p);
    keys.push_back(std::move(*read));
  }
  if (auto ok = raise_file_limit(config); !ok) return tl::unexpected{ok.error()};

  std::unique_ptr<service> s{new service{std::move(config)}};
  storage::open_options open;
  open.data_dir = s->config_.data_dir;
  open.memory_bytes = s->config_.memory_budget / store_share;
  auto db = open_it(open);
  if (!db && db.error().kind == errc::no_space) {
    // The last process kept it for this.
    storage::ballast kept{(std::filesystem::path{open.data_dir} / "ballast").string()};
    if (kept.let_go() > 0) db = open_it(open);
  }
  if (!db) return tl::unexpected{db.error()};
  s->db_ = std::move(*db);
  auto calls =
    storage::inflight::open((std::filesystem::path{s->config_.data_dir} / "inflight").string());
  if (!calls) return tl::unexpected{calls.error()};
  s->calls_out_ = std::move(*calls);
  s->spawn(std::move(*clients), std::move(keys));
  return s;
}

void service::spawn(std::vector<std::shared_ptr<const provider_client>> clients,
                    std::vector<std::vector<provider_key>> keys) {
  disk_ = std::make_shared<disk_room>(config_.data_dir,
                                      disk_config{config_.disk_reserve, config_.memory_budget});
  writer_ = system_.spawn<caf::detached>(store_behavior, db_, disk_);
  disk_watch_ =
    system_.spawn<caf::detached>(disk_behavior, disk_peers{disk_, db_, calls_out_, writer_});
  disk_->when_store_changes([whom = disk_watch_.address()] {
    if (const auto watch = caf::actor_cast<caf::actor>(whom)) {
      caf::anon_send(watch, wakeup_atom_v, false);
    }
  });
  memory_config memory;
  memory.budget_bytes = config_.memory_budget;
  memory.store_bytes = config_.memory_budget / store_share;
  memory_ = system_.spawn(memory_behavior, memory);

  dispatcher_options options;
  options.where = routes_of(config_);
  options.max_attempts = config_.max_attempts;
  options.line_deadline = config_.line_deadline;
  options.limits.held_bytes = config_.memory_budget / 8;
  options.limits.copied_bytes = config_.memory_budget / 8;
  dispatcher_ = system_.spawn(dispatcher_behavior,
                              dispatcher_peers{db_, calls_out_, writer_, memory_}, options);

  const auto answers = std::make_shared<answer_room>(config_.memory_budget / answers_share);
  const std::filesystem::path dir{config_.data_dir};
  const auto known = std::make_shared<known_routes>((dir / "known_routes").string());
  const auto limits = std::make_shared<limit_memory>((dir / "learned_limits").string());
  auto directory = std::make_shared<supervisor_directory>();
  for (uint32_t i = 0; i < config_.providers.size(); ++i) {
    const auto& p = config_.providers[i];
    limits_.push_back(limits_of(p));
    supervisors_.push_back(
      system_.spawn(supervisor_behavior, supervisor_peers{i,
                                                          p,
                                                          [client = clients[i]] {
                                                            return std::shared_ptr<caller>{
                                                              client->new_connection()};
                                                          },
                                                          clients[i],
                                                          calls_out_,
                                                          writer_,
                                                          memory_,
                                                          dispatcher_,
                                                          answers,
                                                          std::move(keys[i]),
                                                          known,
                                                          limits,
                                                          db_,
                                                          spill_over(config_.memory_budget),
                                                          {},
                                                          {},
                                                          options.where.has_others(i)}));
  }
  directory->supervisors = supervisors_;
  // Before the first lines, where the disk is full from the start.
  const bool held = disk_->look(0).holds_calls();
  for (const auto& s : supervisors_) caf::anon_send(s, hold_atom_v, held);
  caf::anon_send(disk_watch_, start_atom_v, directory_ptr{directory});
  caf::anon_send(dispatcher_, start_atom_v, directory_ptr{directory});
  expiry_ = system_.spawn<caf::detached>(expiry_behavior, db_, writer_);
  watch();
}

void service::watch() {
  std::vector<watched_actor> all{{"the store", caf::actor_cast<caf::actor>(writer_)},
                                 {"the memory budget", caf::actor_cast<caf::actor>(memory_)},
                                 {"the disk budget", caf::actor_cast<caf::actor>(disk_watch_)},
                                 {"the dispatcher", caf::actor_cast<caf::actor>(dispatcher_)},
                                 {"the file expiry", caf::actor_cast<caf::actor>(expiry_)}};
  for (size_t i = 0; i < supervisors_.size(); ++i) {
    all.push_back({fmt::format("the supervisor of {}", config_.providers[i].name),
                   caf::actor_cast<caf::actor>(supervisors_[i])});
  }
  root_ = system_.spawn(root_behavior, std::move(all), [this](std::string what) {
    const std::lock_guard lock{failure_mutex_};
    failure_ = std::move(what);
  });
}

std::optional<std::string> service::failure() const {
  const std::lock_guard lock{failure_mutex_};
  return failure_;
}

result<void> service::reload_keys(uint32_t provider) {
  const auto& p = config_.providers[provider];
  auto keys = read_provider_keys(p);
  if (!keys) return of_provider(p, keys.error());
  const std::lock_guard lock{reloading_};
  const auto& limits = limits_[provider];
  auto fresh = std::make_shared<provider_keys>();
  fresh->keys = std::move(*keys);
  fresh->max_in_flight = limits.max_in_flight;
  fresh->requests_per_minute = limits.requests_per_minute;
  fresh->tokens_per_minute = limits.tokens_per_minute;
  auto told = ask<provider_status>(system_, supervisors_[provider], reload_patience, reload_atom_v,
                                   provider_keys_ptr{std::move(fresh)});
  if (!told) return tl::unexpected{told.error()};
  return {};
}

result<void> service::reload(const service_config& fresh) {
  const auto plan = plan_reload(config_, fresh);
  for (const auto& what : plan.need_restart)
    logging::warn("reload: {} changed; that needs a restart, the old one is still in force", what);
  {
    const std::lock_guard lock{reloading_};
    for (size_t i = 0; i < limits_.size(); ++i) limits_[i] = plan.limits[i].value_or(limits_[i]);
  }
  result<void> all;
  for (uint32_t i = 0; i < supervisors_.size(); ++i) {
    if (auto ok = reload_keys(i); !ok) all = ok;
  }
  return all;
}

void service::stop(std::chrono::milliseconds deadline) {
  if (std::exchange(stopped_, true) || !dispatcher_) return; // the start failed: nothing to end
  caf::scoped_actor self{system_};
  self->send(root_, drain_atom_v, true);
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
  exit_and_wait(self, caf::actor_cast<caf::actor>(root_));
  exit_and_wait(self, caf::actor_cast<caf::actor>(expiry_));
  for (const auto& s : supervisors_) exit_and_wait(self, caf::actor_cast<caf::actor>(s));
  exit_and_wait(self, caf::actor_cast<caf::actor>(dispatcher_));
  exit_and_wait(self, caf::actor_cast<caf::actor>(memory_));
  exit_and_wait(self, caf::actor_cast<caf::actor>(disk_watch_));
  exit_and_wait(self, caf::actor_cast<caf::actor>(writer_));
}

bool service::threads_ended(std::chrono::milliseconds patience) {
  const auto until = steady_now() + patience;
  while (system_.registry().running() > 0) {
    if (steady_now() >= until) return false;
    std::this_thread::sleep_for(drain_poll);
  }
  return true;
}

service::~service() {
  stop(std::chrono::milliseconds{0});
  supervisors_.clear();
  root_ = nullptr;
  expiry_ = nullptr;
  dispatcher_ = nullptr;
  memory_ = nullptr;
  disk_watch_ = nullptr;
  writer_ = nullptr;
}

} // namespace perennial::actors
