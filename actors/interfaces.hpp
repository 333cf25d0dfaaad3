// Every typed interface between the actors. Reading this once is reading the protocol.
//
//   root
//   ├─ store               the only writer; group commit; detached
//   ├─ memory_budget       grants bytes; watches RSS
//   ├─ disk_budget         watches the room on the disk; detached
//   ├─ dispatcher          active batches, fairness, waits
//   │   ├─ reader          reads lines ahead; detached
//   │   └─ validator       checks job files, ends cancelled batches; detached
//   ├─ provider_supervisor one per provider: its workers, and the two below
//   │   ├─ circuit_breaker pushes a gate whenever it changes
//   │   │   └─ probe       while it is open: can the provider be connected to? detached
//   │   ├─ throttle…       one per key; pushes permits whenever they change
//   │   └─ client_worker…  one call at a time; detached
//   ├─ file_expiry         deletes files whose time has come; detached
//   └─ gateway             the HTTP API; detached
//
// Credit bounds every stream: a supervisor asks the dispatcher for lines, the dispatcher asks the
// reader for a page, a worker gets its next line when it has given back the last.
#pragma once

#include "actors/errors.hpp"
#include "actors/messages.hpp"

#include <caf/replies_to.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <caf/unit.hpp>

CAF_BEGIN_TYPE_ID_BLOCK(perennial, caf::first_custom_type_id)

CAF_ADD_ATOM(perennial, perennial::actors, commit_atom, "commit")
CAF_ADD_ATOM(perennial, perennial::actors, create_atom, "create")
CAF_ADD_ATOM(perennial, perennial::actors, delete_atom, "delete")
CAF_ADD_ATOM(perennial, perennial::actors, state_atom, "state")
CAF_ADD_ATOM(perennial, perennial::actors, step_atom, "step")
CAF_ADD_ATOM(perennial, perennial::actors, cancel_atom, "cancel")
CAF_ADD_ATOM(perennial, perennial::actors, pause_atom, "pause")
CAF_ADD_ATOM(perennial, perennial::actors, resume_atom, "resume")
CAF_ADD_ATOM(perennial, perennial::actors, retry_atom, "retry")
CAF_ADD_ATOM(perennial, perennial::actors, want_atom, "want")
CAF_ADD_ATOM(perennial, perennial::actors, work_atom, "work")
CAF_ADD_ATOM(perennial, perennial::actors, back_atom, "back")
CAF_ADD_ATOM(perennial, perennial::actors, recorded_atom, "recorded")
CAF_ADD_ATOM(perennial, perennial::actors, read_atom, "read")
CAF_ADD_ATOM(perennial, perennial::actors, lines_atom, "lines")
CAF_ADD_ATOM(perennial, perennial::actors, forget_atom, "forget")
CAF_ADD_ATOM(perennial, perennial::actors, valid_atom, "valid")
CAF_ADD_ATOM(perennial, perennial::actors, finish_atom, "finish")
CAF_ADD_ATOM(perennial, perennial::actors, finished_atom, "finished")
CAF_ADD_ATOM(perennial, perennial::actors, call_atom, "call")
CAF_ADD_ATOM(perennial, perennial::actors, called_atom, "called")
CAF_ADD_ATOM(perennial, perennial::actors, outcome_atom, "outcome")
CAF_ADD_ATOM(perennial, perennial::actors, gate_atom, "gate")
CAF_ADD_ATOM(perennial, perennial::actors, permits_atom, "permits")
CAF_ADD_ATOM(perennial, perennial::actors, used_atom, "used")
CAF_ADD_ATOM(perennial, perennial::actors, wakeup_atom, "wakeup")
CAF_ADD_ATOM(perennial, perennial::actors, flush_atom, "flush")
CAF_ADD_ATOM(perennial, perennial::actors, drain_atom, "drain")
CAF_ADD_ATOM(perennial, perennial::actors, status_atom, "status")
CAF_ADD_ATOM(perennial, perennial::actors, grant_atom, "grant")
CAF_ADD_ATOM(perennial, perennial::actors, release_atom, "release")
CAF_ADD_ATOM(perennial, perennial::actors, start_atom, "start")
CAF_ADD_ATOM(perennial, perennial::actors, hold_atom, "hold")
CAF_ADD_ATOM(perennial, perennial::actors, workers_atom, "workers")
CAF_ADD_ATOM(perennial, perennial::actors, restart_atom, "restart")
CAF_ADD_ATOM(perennial, perennial::actors, scale_atom, "scale")
CAF_ADD_ATOM(perennial, perennial::actors, reset_atom, "reset")
CAF_ADD_ATOM(perennial, perennial::actors, details_atom, "details")
CAF_ADD_ATOM(perennial, perennial::actors, reload_atom, "reload")
CAF_ADD_ATOM(perennial, perennial::actors, available_atom, "available")
CAF_ADD_ATOM(perennial, perennial::actors, look_atom, "look")
CAF_ADD_ATOM(perennial, perennial::actors, parts_atom, "parts")

CAF_ADD_TYPE_ID(perennial, (perennial::actors::group_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::commit_reply))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::create_request))
CAF_ADD_TYPE_ID(perennial, (perennial::storage::created_batch))
CAF_ADD_TYPE_ID(perennial, (perennial::storage::batch_record))
CAF_ADD_TYPE_ID(perennial, (perennial::storage::file_record))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::state_change))
CAF_ADD_TYPE_ID(perennial, (perennial::storage::validation_step))
CAF_ADD_TYPE_ID(perennial, (perennial::storage::validation_end))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::selection_step))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::unrun_lines))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::item_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::item_list))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::returned_list))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::recorded))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::read_request))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::read_reply))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::context_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::resume_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::directory_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::outcome_list))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::breaker_gate))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::throttle_permits))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::memory_class))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::memory_grant_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::memory_status))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::provider_status))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::worker_list_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::breaker_details_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::throttle_details_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::provider_details_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::provider_keys_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::availability_ptr))
CAF_ADD_TYPE_ID(perennial, (perennial::actors::dispatcher_status))

CAF_END_TYPE_ID_BLOCK(perennial)

namespace perennial::actors {

/// STORE: the only one that changes what is stored. Every answer means "on disk". After a write
/// error it keeps what it was given, reopens the database with backoff, and writes it again;
/// answers wait.
using store_actor = caf::typed_actor<
  // Final results and waits; merged with what else has come, and written in synced writes of
  // bounded size. The answer comes when all of them are on disk. Takes what is in the group.
  caf::replies_to<commit_atom, group_ptr>::with<commit_reply>,
  caf::replies_to<create_atom, create_request>::with<storage::created_batch>,
  // Deletes a file.
  caf::replies_to<delete_atom, uint64_t>::with<storage::file_record>,
  // A change of a batch's state, as storage/batch_life.hpp allows it; else errc::conflict.
  caf::replies_to<state_atom, state_change>::with<storage::batch_record>,
  caf::replies_to<step_atom, storage::validation_step>::with<bool>,
  caf::replies_to<step_atom, storage::validation_end>::with<storage::batch_record>,
  // One segment of a retry's selection; answers the next one, or none.
  caf::replies_to<step_atom, selection_step>::with<selection_step>,
  caf::replies_to<finish_atom, unrun_lines>::with<storage::batch_record>,
  // A write beside this actor has failed, an upload's: open the database again.
  caf::reacts_to<reload_atom>,
  // Internal: write what was gathered; try to reopen.
  caf::reacts_to<flush_atom>, caf::reacts_to<wakeup_atom>>;

/// MEMORY_BUDGET: grants bytes out of the one budget. A grant ends when its last copy goes.
using memory_actor = caf::typed_actor<
  // Answers a null grant where there is no room now: ask again later.
  caf::replies_to<grant_atom, memory_class, uint64_t>::with<memory_grant_ptr>,
  caf::reacts_to<release_atom, memory_class, uint64_t>,
  caf::replies_to<status_atom>::with<memory_status>,
  // Internal: measure RSS.
  caf::reacts_to<wakeup_atom>>;

/// DISK_BUDGET: looks at the room on the disk, holds the supervisors' calls while it is short of
/// room for results, has the store opened again after a write beside it has failed.
using disk_actor = caf::typed_actor<
  // Whose calls to hold; sent once, when they are there.
  caf::reacts_to<start_atom, directory_ptr>,
  // Look now: the store could not write, or can again. True: its own timer.
  caf::reacts_to<wakeup_atom, bool>>;

/// DISPATCHER: owns every batch that is not at an end.
using dispatcher_actor = caf::typed_actor<
  caf::replies_to<create_atom, create_request>::with<storage::created_batch>,
  caf::replies_to<cancel_atom, uint64_t>::with<storage::batch_record>,
  caf::replies_to<pause_atom, uint64_t, std::string>::with<storage::batch_record>,
  caf::replies_to<resume_atom, uint64_t>::with<storage::batch_record>,
  // A new batch of the lines that failed, or of those with this code only.
  caf::replies_to<retry_atom, uint64_t, std::string>::with<storage::created_batch>,
  // Go on with what the store holds; sent once, when the supervisors are there.
  caf::reacts_to<start_atom, directory_ptr>,
  // A provider can take so many lines more.
  caf::reacts_to<want_atom, uint32_t, uint32_t>,
  // Lines that come back without a result.
  caf::reacts_to<back_atom, returned_list>,
  // Results that are on disk.
  caf::reacts_to<recorded_atom, recorded>,
  // Which lines a provider takes now, and which it does not for a while.
  caf::reacts_to<available_atom, availability_ptr>,
  // From the reader and the validator.
  caf::reacts_to<lines_atom, read_reply>, caf::reacts_to<valid_atom, storage::batch_record>,
  caf::reacts_to<finished_atom, storage::batch_record>,
  // Hand nothing out any more (true), or do again.
  caf::reacts_to<drain_atom, bool>, caf::replies_to<status_atom>::with<dispatcher_status>,
  // Those that live and die with it: reader, validator.
  caf::replies_to<parts_atom>::with<std::vector<caf::actor>>,
  caf::reacts_to<wakeup_atom, uint64_t>>;

/// READER: reads job lines ahead, a page at a time.
using reader_actor = caf::typed_actor<
  // Begins with a batch; its lines get this context.
  caf::reacts_to<start_atom, context_ptr, resume_ptr>,
  // About one page of pending lines; answers with `lines` to the dispatcher.
  caf::reacts_to<read_atom, read_request>, caf::reacts_to<forget_atom, uint64_t>>;

/// VALIDATOR: the slow passes over whole files. Answers with `valid` or `finished` to the
/// dispatcher.
using validator_actor = caf::typed_actor<
  // Validates, or makes a retry's selection; goes on where an earlier process stopped.
  caf::reacts_to<start_atom, resume_ptr>,
  // Lays out the lines that never ran, then ends the batch as cancelled or expired.
  caf::reacts_to<finish_atom, uint64_t>, caf::reacts_to<forget_atom, uint64_t>,
  // Internal: the next step.
  caf::reacts_to<step_atom, uint64_t>>;

/// PROVIDER_SUPERVISOR: hands lines to its workers as breaker, throttle and memory allow.
using supervisor_actor = caf::typed_actor<
  caf::reacts_to<work_atom, item_list>,
  // Calls lie finished in the tray. True: its own look, not a worker's word.
  caf::reacts_to<called_atom, bool>,
  // From the breaker of this number (0: the whole provider's), and the throttle of this key.
  caf::reacts_to<gate_atom, uint32_t, breaker_gate>,
  caf::reacts_to<permits_atom, uint32_t, throttle_permits>,
  // Give back what is queued of this batch.
  caf::reacts_to<forget_atom, uint64_t>,
  // No new calls until the opposite is said: the disk is short of room for results.
  caf::reacts_to<hold_atom, bool>,
  // By hand: unpark; close the breakers; new keys.
  caf::replies_to<resume_atom>::with<provider_status>,
  caf::replies_to<reset_atom>::with<provider_status>,
  caf::replies_to<reload_atom, provider_keys_ptr>::with<provider_status>,
  // By hand: a new worker for each, when its call has ended, or (true) at once; says how many.
  caf::replies_to<restart_atom, bool>::with<uint32_t>,
  // By hand: at most so many calls at once from now on; 0: as many as it bears.
  caf::replies_to<scale_atom, uint32_t>::with<provider_status>,
  // For people.
  caf::replies_to<workers_atom>::with<worker_list_ptr>,
  caf::replies_to<details_atom>::with<provider_details_ptr>,
  // Those that live and die with it: its breaker, the throttles of its keys, its models' breakers.
  caf::replies_to<parts_atom>::with<std::vector<caf::actor>>,
  // Give back what is queued and take no new lines; true: abort the calls in flight as well.
  caf::reacts_to<drain_atom, bool>, caf::replies_to<status_atom>::with<provider_status>,
  // Internal: send on what was gathered; timers; look for workers that hang.
  caf::reacts_to<flush_atom>, caf::reacts_to<wakeup_atom, uint64_t>, caf::reacts_to<look_atom>>;

/// CIRCUIT_BREAKER: learns outcomes, pushes gates.
using breaker_actor =
  caf::typed_actor<caf::reacts_to<outcome_atom, outcome_list>,
                   caf::replies_to<status_atom>::with<breaker_gate>,
                   // The provider can be connected to, or cannot; from a probe.
                   caf::reacts_to<available_atom, bool>,
                   // With its history, for people.
                   caf::replies_to<details_atom>::with<breaker_details_ptr>,
                   // Close by hand.
                   caf::reacts_to<reset_atom>, caf::reacts_to<wakeup_atom, uint64_t>>;

/// THROTTLE: learns outcomes and use, pushes permits.
using throttle_actor =
  caf::typed_actor<caf::reacts_to<outcome_atom, outcome_list>,
                   // So many calls went out, with so many tokens, as far as is known; fewer than
                   // none where an earlier guess was too high.
                   caf::reacts_to<used_atom, uint32_t, int64_t>,
                   caf::replies_to<status_atom>::with<throttle_permits>,
                   caf::replies_to<details_atom>::with<throttle_details_ptr>,
                   // At most so many calls at once; 0: find out.
                   caf::reacts_to<scale_atom, uint32_t>,
                   // Other limits, and perhaps another key.
                   caf::reacts_to<reload_atom, provider_keys_ptr>,
                   // By hand: no pause any more.
                   caf::reacts_to<resume_atom>, caf::reacts_to<wakeup_atom, uint64_t>>;

/// PROBE: tries now and then whether a provider that is down can be connected to, and tells its
/// breaker.
using probe_actor = caf::typed_actor<caf::reacts_to<wakeup_atom>>;

/// CLIENT_WORKER: makes one call at a time on a connection of its own.
using worker_actor = caf::typed_actor<caf::reacts_to<call_atom, item_ptr>>;

/// The supervisors, in the order of the configuration: their index is a provider's number.
struct supervisor_directory {
  std::vector<supervisor_actor> supervisors;
};

} // namespace perennial::actors
