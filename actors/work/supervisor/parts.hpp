// The provider supervisor's parts, for each other: each .cpp of this folder has one.
//
//   flow.cpp      which lines go out when: memory, permits, the shelf, the credit
//   workers.cpp   spawning, replacing and retiring client workers
//   deaths.cpp    workers that died or hang
//   calls.cpp     what a finished call brought
//   protectors.cpp  breakers, keys and their throttles: started, told, asked, reloaded
//   availability.cpp  which lines are taken now, told to the dispatcher
//   outbox.cpp    what was gathered goes on to the store, the dispatcher, breaker and throttle
#pragma once

#include "actors/work/supervisor/supervisor.hpp"
#include "actors/work/supervisor/worker_list.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace perennial::actors {

using supervisor_ptr = supervisor_actor::stateful_pointer<supervisor_state>;

/// So many answers may wait for the disk: a crash would repeat their calls too.
inline constexpr uint32_t most_unsynced = 512;

/// A random number in [0, 1).
double jitter(supervisor_ptr self);

// -- flow.cpp

/// Hands out what may go out now.
void pump(supervisor_ptr self);
/// So many calls may be out at once.
uint32_t most_out(const supervisor_state& st);
/// Looks again then, at the latest.
void wake_at(supervisor_ptr self, steady_time when, steady_time now);
/// The worker has the line, or gets it with this.
void goes_out(supervisor_state& st, uint32_t worker, item_ptr item, steady_time now);
/// Takes back what no worker has taken, to the front of the queue.
void clear_shelf(supervisor_state& st);
/// Gives back memory that lines in flight do not need any more.
void give_back_memory(supervisor_state& st);
/// The lines that `which` picks go back to the dispatcher, of those that no worker has.
void give_back_queued(supervisor_ptr self, const std::function<bool(const work_item&)>& which);

// -- workers.cpp

/// Sees that there is a worker that has nothing to do. False: the system has no thread for a new
/// one now, which is said; it is tried again soon.
bool has_idle_worker(supervisor_ptr self, steady_time now);
/// Its number; there must be one.
uint32_t take_idle_worker(supervisor_state& st);
/// It has ended its call and waits for a line; or is replaced, if it is to retire.
void becomes_idle(supervisor_ptr self, uint32_t number);
/// Replaces every worker: an idle one at once, others when their call has ended; `now` aborts it.
/// @returns how many.
uint32_t restart_workers(supervisor_ptr self, bool now);
/// Ends idle workers that are more than can be needed.
void end_surplus(supervisor_ptr self);
worker_list list_workers(supervisor_ptr self);

// -- deaths.cpp

/// Its line goes back, and somebody new works there after a while.
void worker_died(supervisor_ptr self, const caf::down_msg& down);
/// Places whose time has come may be used again.
void release_dead(supervisor_ptr self, steady_time now);
/// Aborts calls that are long over their time, and gives up on workers that do not come back even
/// then.
void look_for_hung_workers(supervisor_ptr self);

// -- calls.cpp

/// Takes the finished calls from the tray. While there are some it looks again by itself.
void collect_calls(supervisor_ptr self);
/// A line that no worker has gets a failed result.
void fail_line(supervisor_ptr self, const work_item& item, uint16_t code, std::string_view name,
               std::string_view message);

// -- protectors.cpp

void start_protectors(supervisor_ptr self);
/// The number of the breaker that this model has; 0: none but the provider's.
uint32_t breaker_of(supervisor_ptr self, const std::string& model);
void take_gate(supervisor_ptr self, uint32_t number, const breaker_gate& g);
/// Whether all breakers let out whatever comes.
bool breakers_are_closed(const supervisor_state& st);
/// Notes how a call of this line ended, for all that learn from it; they hear it at the next flush.
void note_outcome(supervisor_state& st, const work_item& item, outcome_event event);
/// The line is back from the provider, and cost so many tokens.
void comes_back(supervisor_state& st, const work_item& item, int64_t tokens);
void tell_protectors(supervisor_ptr self);
/// After failures in a row: makes no more calls until the breakers have heard of all of them. Else,
/// while their word is on its way, every idle worker would make one more call into an outage.
void wait_for_breakers(supervisor_ptr self);
void reset_breakers(supervisor_ptr self);
void set_most_in_flight(supervisor_ptr self, uint32_t calls);
/// Takes other keys and limits; a key that has changed is not parked any more.
void reload(supervisor_ptr self, const provider_keys_ptr& fresh);
/// Its breaker, the throttles of its keys, the breakers of its models.
std::vector<caf::actor> protectors(const supervisor_state& st);
/// What is parked, of all keys.
std::vector<parked_route> all_parked(const supervisor_state& st);
/// Asks breakers and throttles, and answers when all have.
caf::result<provider_details_ptr> details(supervisor_ptr self, provider_status status);

// -- availability.cpp

/// Tells the dispatcher which lines are taken now, where that has changed.
void tell_availability(supervisor_ptr self, steady_time now);
/// While the provider is closed as a whole, as the dispatcher knows: how many more lines could be
/// tried now. Nothing while it is not.
std::optional<uint32_t> trial_room(const supervisor_state& st, steady_time now);

// -- supervisor.cpp

/// What needs a person, in a sentence; empty where all is well.
std::string alarm_text(const supervisor_state& st, steady_time now);
/// That no key may be used for long, and until when; empty where that is nothing to speak of.
std::string pause_text(const supervisor_state& st, steady_time now);
/// What there is to say where `has_idle_worker` is not.
std::string threads_text();

// -- outbox.cpp

storage::commit_group& group(supervisor_state& st);
/// Sends on all that was gathered.
void flush(supervisor_ptr self);
/// While the store writes a group, good answers gather for the next one: it flushes when the store
/// has answered. What went wrong goes out at once, since the breaker and the throttle act on it.
void flush_soon(supervisor_ptr self, bool urgent);

} // namespace perennial::actors
