// The provider supervisor: hands lines to its workers as the breaker's gate, the throttle's
// permits, parked routes and the memory budget allow; spawns workers when there is more to do than
// idle ones, replaces those that die; gathers results and outcomes and sends them on in groups.
//
//   dispatcher ─work─▶ queue ─call──▶ worker ─▶ tray ─▶ ┬─ results, waits ─▶ store ─▶ recorded ─▶
//                        └──▶ shelf ──▶                 │                               dispatcher
//        ▲                                              ├─ back ─▶ dispatcher
//        └── want (credit) ─────────────────────────────┴─ outcomes ─▶ breaker, throttle
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/answer_room.hpp"
#include "actors/protect/key_ring.hpp"
#include "actors/protect/permits.hpp"
#include "actors/protect/restart_policy.hpp"
#include "actors/protect/token_guess.hpp"
#include "actors/service/config.hpp"
#include "actors/work/call_key.hpp"
#include "actors/work/limit_memory.hpp"
#include "actors/work/provider_availability.hpp"
#include "actors/work/supervisor/call_pace.hpp"
#include "actors/work/supervisor/shelf.hpp"
#include "actors/work/supervisor/tray.hpp"
#include "protocol/provider/connection.hpp"
#include "storage/inflight.hpp"

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace perennial::actors {

/// A call keeps its own total timeout. One that is out for `grace` longer hangs: it is aborted;
/// after the same again its worker is given up.
struct hang_rules {
  std::chrono::milliseconds grace{10'000};
  std::chrono::milliseconds look_every{1'000};
};

struct supervisor_peers {
  uint32_t number = 0; ///< The provider's place in the configuration.
  provider_config config;
  caller_maker connect; ///< A connection for each worker.
  /// To see whether it can be connected to while it is taken for down; null: nobody looks.
  std::shared_ptr<const provider_client> client;
  std::shared_ptr<storage::inflight> calls_out;
  store_actor writer;
  memory_actor memory;
  dispatcher_actor dispatcher;
  std::shared_ptr<answer_room> answers;         ///< Of all providers together.
  std::vector<provider_key> keys{{}};           ///< At least one, be it none.
  std::shared_ptr<known_routes> known = {};     ///< Null: of this process only.
  std::shared_ptr<limit_memory> limits = {};    ///< Null: likewise.
  std::shared_ptr<storage::store> db = nullptr; ///< Takes answers of more than...
  uint64_t spill_over = 0;                      ///< ...so many bytes.
  restart_config restarts = {};
  hang_rules hang = {};
  bool has_others = false; ///< Its lines may go to another provider.
};

/// One of the provider's keys, beside its slot in the ring, and what its throttle has to hear.
struct supervised_key {
  std::shared_ptr<const call_key> key;
  throttle_actor throttle;
  outcome_list outcomes;
  uint32_t used = 0; ///< Calls that went out.
  int64_t used_tokens = 0;
};

/// Failures in a row that a breaker judges, as they were collected.
struct failure_run {
  uint32_t length = 0;
  uint32_t told = 0; ///< So many when it was asked last.
};

/// The circuit breaker of one model, and what it has to hear.
struct model_breaker {
  std::string model;
  breaker_actor breaker;
  breaker_gate says;
  permit_counter permits;
  outcome_list outcomes;
  std::optional<steady_time> last_success;
  failure_run failing;
};

/// A worker's place, as its supervisor sees it. Its number stays; who works there changes.
struct worker_slot {
  worker_actor handle; ///< Null: nobody.
  std::shared_ptr<caller> connection;
  item_ptr item;       ///< The line it works on; null when idle.
  steady_time since{}; ///< Of its call, or of being idle.
  /// Set: it takes no line from the shelf, and is replaced as soon as its call has ended.
  std::shared_ptr<std::atomic<bool>> retiring = std::make_shared<std::atomic<bool>>(false);
  bool overdue = false; ///< Its call was aborted for taking too long, and has not come back.
  uint64_t calls = 0;
  uint32_t restarts = 0;
};

/// What was gathered since the last flush.
struct supervisor_outbox {
  group_ptr group;
  recorded done;               ///< For the dispatcher, when `group` is on disk.
  std::vector<uint32_t> slots; ///< Of the in-flight file, free when `group` is on disk.
  uint64_t charged = 0;        ///< Memory that `group` holds...
  std::vector<std::shared_ptr<answer_share>> answers; ///< ...and what long answers hold.
  returned_list back;
  outcome_list outcomes; ///< For the provider's breaker.
  bool flush_sent = false;
};

struct supervisor_state {
  supervisor_state() = default;
  supervisor_state(const supervisor_state&) = delete;
  supervisor_state& operator=(const supervisor_state&) = delete;
  /// However it ends: workers make no more calls whose results nobody would take.
  ~supervisor_state();

  supervisor_peers peers;
  breaker_actor breaker;
  std::vector<supervised_key> keys;
  key_ring ring{0};
  std::vector<model_breaker> models; ///< Number n is models[n - 1].
  std::map<std::string, uint32_t, std::less<>> model_numbers;
  token_guess guess;
  int64_t tokens_a_call = 256;                  ///< The last guess, where tokens are counted.
  uint32_t most_in_flight = auto_in_flight_max; ///< With all keys together.
  restart_policy restarts;
  std::mt19937_64 random{std::random_device{}()};

  std::deque<item_ptr> queue;
  std::shared_ptr<shelf> ready = std::make_shared<shelf>();
  std::shared_ptr<tray> finished = std::make_shared<tray>();
  call_pace pace;
  bool look_sent = false; ///< The next look into the tray is on its way.
  std::vector<worker_slot> workers;
  std::vector<uint32_t> idle;                       ///< Last in, first out: warm connections first.
  std::optional<steady_time> no_thread_until;       ///< There was none for a new worker...
  std::optional<steady_time> no_thread_said;        ///< ...which was logged then...
  std::optional<steady_time> ask_for_threads_until; ///< ...and one may be missing again.
  std::vector<uint32_t> empty;                      ///< Places without a worker...
  std::multimap<steady_time, uint32_t> dead;        ///< ...and those that stay so until then.
  std::map<caf::actor_addr, uint32_t> by_address;
  uint32_t in_flight = 0;
  uint32_t wanted = 0; ///< Lines asked for and not come.

  breaker_gate breaker_says{.epoch = 0, .permits = 0}; ///< Nothing goes out before they spoke.
  std::string down_reason; ///< Why the breaker opened; empty while it is closed.
  permit_counter breaker_permits;
  std::optional<steady_time> last_success;
  failure_run failing;
  uint32_t doubts = 0; ///< Breakers that were told of such a run and have not answered.

  std::vector<memory_grant_ptr> grants; ///< Bytes that lines in flight may take...
  uint64_t granted = 0;
  uint64_t charged = 0; ///< ...and do take.
  bool grant_asked = false;
  steady_time memory_short_since{}; ///< Grants are refused since then; not set: they are given.
  double response_estimate = 4096;  ///< Bytes; follows what comes.

  supervisor_outbox outbox;
  provider_availability told; ///< To the dispatcher...
  steady_time told_at{};      ///< ...and when.
  bool pause_logged = false;  ///< Its end is to be, too.
  bool draining = false;
  bool held = false;        ///< No new calls: the disk is short of room.
  uint32_t commits_out = 0; ///< Groups that the store has not answered.
  uint32_t unsynced = 0;    ///< Results in those groups and in the outbox.
  uint64_t timer_generation = 0;
  steady_time timer_at = steady_time::max();
  uint64_t calls = 0;
  uint64_t answered = 0;
  static inline const char* name = "provider_supervisor";
};

supervisor_actor::behavior_type
supervisor_behavior(supervisor_actor::stateful_pointer<supervisor_state> self,
                    supervisor_peers peers);

} // namespace perennial::actors
