#include "actors/errors.hpp"
#include "actors/work/dispatcher/parts.hpp"
#include "actors/work/dispatcher/retry_request.hpp"
#include "protocol/base/log.hpp"

namespace perennial::actors {

namespace {

using storage::batch_id;
using storage::batch_record;

/// Tells who asked that it failed. Where the disk was at fault it may be done all the same.
template <class Promise>
void refuse(dispatcher_ptr self, Promise& promise, caf::error& e) {
  const auto kind = from_caf(e).kind;
  promise.deliver(std::move(e));
  if (is_callers_fault(kind) || kind == errc::unavailable) return;
  when_writable(self, [self] { take_up_what_is_there(self); });
}

/// A change that someone asked for and waits for.
template <class F>
caf::result<batch_record> try_change(dispatcher_ptr self, state_change change, F then) {
  auto promise = self->make_response_promise<batch_record>();
  self->request(self->state.peers.writer, caf::infinite, state_atom_v, std::move(change))
    .then(
      [promise, then](const batch_record& b) mutable {
        promise.deliver(b);
        then(b);
      },
      [self, promise](caf::error& e) mutable { refuse(self, promise, e); });
  return promise;
}

} // namespace

caf::result<batch_record> cancel(dispatcher_ptr self, batch_id id) {
  return try_change(self, {id, storage::batch_change::cancel, {}}, [self, id](const batch_record&) {
    stop_batch(self, id);
    check_stopping(self, self->clock().now());
  });
}

caf::result<batch_record> set_paused(dispatcher_ptr self, batch_id id, bool paused,
                                     std::string reason) {
  const auto change = paused ? storage::batch_change::pause : storage::batch_change::resume;
  return try_change(self, {id, change, std::move(reason)}, [self](const batch_record& b) {
    if (b.state.paused) logging::warn("batch_{:016x} is paused: {}", b.id, b.state.pause_reason);
    if (b.state.paused) {
      hold_lines(self, b.id);
    } else {
      self->state.table->set_paused(b.id, false);
    }
    pump(self);
  });
}

caf::result<storage::created_batch> create(dispatcher_ptr self, const create_request& r,
                                           const std::function<void()>& ended) {
  auto promise = self->make_response_promise<storage::created_batch>();
  self->request(self->state.peers.writer, caf::infinite, create_atom_v, r)
    .then(
      [self, promise, ended](const storage::created_batch& made) mutable {
        if (ended) ended();
        promise.deliver(made);
        if (self->state.begun.contains(made.batch.id)) return;
        take_up(self, made.batch.id);
      },
      [self, promise, ended](caf::error& e) mutable {
        if (ended) ended();
        refuse(self, promise, e);
      });
  return promise;
}

caf::result<storage::created_batch> retry(dispatcher_ptr self, batch_id id,
                                          const std::string& only) {
  auto request = make_retry(*self->state.peers.db, id, only);
  if (!request) return to_caf(request.error());
  const auto parent = request->definition.retry_of;
  if (!self->state.retrying.insert(parent).second) {
    return to_caf({errc::conflict, "a retry of this batch is just being made; try again"});
  }
  return create(self, *request, [self, parent] { self->state.retrying.erase(parent); });
}

} // namespace perennial::actors
