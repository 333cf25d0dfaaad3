// The dispatcher actor: owns every batch that is not at an end, from its validation to its last
// line. What it decides stands in dispatch_table.hpp; here it is only routed.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/work/dispatcher/dispatch_table.hpp"
#include "storage/inflight.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace perennial::actors {

/// What the dispatcher works with. The store is only read here; changes go through `writer`.
struct dispatcher_peers {
  std::shared_ptr<const storage::store> db;
  std::shared_ptr<storage::inflight> calls_out;
  store_actor writer;
  memory_actor memory;
};

struct dispatcher_options {
  routes where{{{}}};
  dispatch_limits limits;
  /// Of a batch whose creator named none.
  uint32_t max_attempts = 5;
  std::chrono::milliseconds line_deadline{0}; ///< The same; 0: none.
  /// How long a cancelled batch waits for its calls in flight.
  std::chrono::milliseconds cancel_deadline{30'000};
};

/// A line that was out when an earlier process died.
struct survivor {
  uint32_t slot = no_slot;
  uint32_t crashes = 0;
};

struct dispatcher_state {
  dispatcher_peers peers;
  dispatcher_options options;
  std::unique_ptr<dispatch_table> table;
  reader_actor reader;
  validator_actor validator;
  std::vector<supervisor_actor> supervisors;
  std::map<std::pair<storage::batch_id, storage::line_no>, survivor> survivors;
  /// Batches that were begun with and are not at their end.
  std::set<storage::batch_id> begun;
  /// Batches that are being cancelled, and until when their calls may go on.
  std::map<storage::batch_id, steady_time> stopping;
  /// Batches that are not at their end and have one that is set by the clock.
  std::map<storage::batch_id, wall_time> expiring;
  /// Their last result is on disk and their end is being written.
  std::set<storage::batch_id> completing;
  /// Batches of which a retry is being made: two of one at a time would call the same lines twice.
  std::set<storage::batch_id> retrying;
  /// Models without a provider that were warned of.
  std::set<std::string> warned_models;
  bool draining = false;
  bool read_starved = false; ///< Memory was refused: try again soon.
  uint64_t timer_generation = 0;
  steady_time timer_at = steady_time::max();
  static inline const char* name = "dispatcher";
};

dispatcher_actor::behavior_type
dispatcher_behavior(dispatcher_actor::stateful_pointer<dispatcher_state> self,
                    dispatcher_peers peers, dispatcher_options options);

} // namespace perennial::actors
