#include "actors/errors.hpp"
#include "actors/work/dispatcher/parts.hpp"
#include "protocol/base/log.hpp"
#include "storage/result_codes.hpp"

#include <limits>

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

/// It ended before it could have a result: a retry of it would have nothing to start from.
bool never_ran(const batch_record& b) {
  return storage::is_final(b.state.status) && b.state.in_progress_at == wall_time{};
}

/// The newest batch of the chain of retries that `id` belongs to: a retry goes on from there, so
/// that no line is paid for twice.
result<batch_record> end_of_chain(const storage::store& db, batch_id id) {
  auto newest = db.get_batch(id);
  auto all = db.list_batches(0, std::numeric_limits<uint32_t>::max());
  if (!newest || !all) return newest ? tl::unexpected{all.error()} : newest;
  for (auto b = all->rbegin(); b != all->rend(); ++b) { // oldest first: each link once
    if (b->definition.retry_of == newest->id && !never_ran(*b)) newest = *b;
  }
  return newest;
}

result<create_request> retry_of(const storage::store& db, batch_id id, const std::string& only) {
  auto parent = end_of_chain(db, id);
  if (!parent) return tl::unexpected{parent.error()};
  const auto& p = *parent;
  if (!storage::is_final(p.state.status)) {
    const auto status = to_string(p.state.status);
    if (p.id == id) return fail(errc::conflict, "the batch is {}; wait for its end", status);
    return fail(errc::conflict, "batch_{:016x}, its newest retry, is {}; wait for its end", p.id,
                status);
  }
  if (never_ran(p)) {
    return fail(errc::conflict,
                "the batch never ran, so its lines were not found good; create it again");
  }
  if (p.progress.completed >= p.progress.total) {
    return fail(errc::conflict, "no line of the batch failed: there is nothing to retry");
  }
  if (!only.empty() && !storage::code_of_name(only) && only != "batch_cancelled" &&
      only != "batch_expired") {
    return fail(errc::invalid_input,
                "\"{}\" is no code of a failed line; give an HTTP status as 500, or one of {}",
                only, storage::names_of_codes());
  }
  create_request r{p.definition, {}};
  r.definition.retry_of = p.id;
  r.definition.retry_only = only;
  r.definition.created = wall_now();
  // As long a life as its parent had.
  if (p.definition.expires != wall_time{}) {
    r.definition.expires = r.definition.created + (p.definition.expires - p.definition.created);
  }
  r.same.request_hash = sha256(fmt::format("retry {} {}", p.id, only));
  return r;
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
    if (b.state.paused) logging::warn("batch {:016x} is paused: {}", b.id, b.state.pause_reason);
    if (b.state.paused) {
      hold_lines(self, b.id);
    } else {
      self->state.table->set_paused(b.id, false);
    }
    pump(self);
  });
}

caf::result<storage::created_batch> create(dispatcher_ptr self, const create_request& r) {
  auto promise = self->make_response_promise<storage::created_batch>();
  self->request(self->state.peers.writer, caf::infinite, create_atom_v, r)
    .then(
      [self, promise](const storage::created_batch& made) mutable {
        promise.deliver(made);
        if (self->state.begun.contains(made.batch.id)) return;
        take_up(self, made.batch.id);
      },
      [self, promise](caf::error& e) mutable { refuse(self, promise, e); });
  return promise;
}

caf::result<storage::created_batch> retry(dispatcher_ptr self, batch_id id,
                                          const std::string& only) {
  auto request = retry_of(*self->state.peers.db, id, only);
  if (!request) return to_caf(request.error());
  return create(self, *request);
}

} // namespace perennial::actors
