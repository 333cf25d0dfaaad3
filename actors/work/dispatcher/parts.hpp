// The dispatcher's parts, for each other: each .cpp of this folder has one.
//
//   batches.cpp    a batch's life, from its beginning to its end
//   requests.cpp   what people ask for: create, cancel, pause, resume, retry
//   lines.cpp      lines on their way from the reader to the supervisors, and their results
#pragma once

#include "actors/work/dispatcher/dispatcher.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <string>

namespace perennial::actors {

using dispatcher_ptr = dispatcher_actor::stateful_pointer<dispatcher_state>;

// -- batches.cpp

/// Takes up a batch where it stands; nothing for one at its end.
void begin(dispatcher_ptr self, const resume_ptr& r);
/// Reads how it stands and begins with it; while the store is closed, as soon as it is open.
void take_up(dispatcher_ptr self, storage::batch_id id);
/// All its lines have results: its end is written.
void complete(dispatcher_ptr self, storage::batch_id id);
/// Nothing new goes out; when its calls are back, or their time is over, the validator lays out
/// what never ran.
void stop_batch(dispatcher_ptr self, storage::batch_id id);
/// Goes on with those that were stopped and whose calls are back.
void check_stopping(dispatcher_ptr self, steady_time now);
/// Stops batches whose time is over.
void check_expiring(dispatcher_ptr self, steady_time now);
/// Does it as soon as the store can write.
void when_writable(dispatcher_ptr self, std::function<void()> then);
/// After a change that the disk refused, and that may be there all the same: takes up what is
/// there.
void take_up_what_is_there(dispatcher_ptr self);
/// It is at its end: forgets it.
void end_batch(dispatcher_ptr self, storage::batch_id id);

// -- requests.cpp

caf::result<storage::created_batch> create(dispatcher_ptr self, const create_request& r,
                                           const std::function<void()>& ended = {});
caf::result<storage::batch_record> cancel(dispatcher_ptr self, storage::batch_id id);
caf::result<storage::batch_record> set_paused(dispatcher_ptr self, storage::batch_id id,
                                              bool paused, std::string reason);
caf::result<storage::created_batch> retry(dispatcher_ptr self, storage::batch_id id,
                                          const std::string& only);

// -- lines.cpp

/// Hands out what is due and wanted, and has more read.
void pump(dispatcher_ptr self);
void wake_at(dispatcher_ptr self, steady_time when, steady_time now);
/// Looks at what the clock decides, behind what is in the mailbox.
void check_soon(dispatcher_ptr self);
/// Lines leave providers that take none.
void reroute(dispatcher_ptr self);
/// Lines whose own deadline is over fail.
void fail_overdue(dispatcher_ptr self);
/// Gives back the places that lines hold in the in-flight file.
void free_slots(dispatcher_ptr self, const item_list& items);
/// Nothing more of a batch goes out, and what no worker has yet comes back.
void hold_lines(dispatcher_ptr self, storage::batch_id id);
/// What the in-flight file says of calls that were out when the last process died.
void recover_calls_out(dispatcher_ptr self);
void take_lines(dispatcher_ptr self, read_reply& reply);
void take_back(dispatcher_ptr self, returned_list& lines);
void take_results(dispatcher_ptr self, const recorded& r);

} // namespace perennial::actors
