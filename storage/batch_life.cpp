#include "storage/batch_life.hpp"

namespace perennial::storage {

namespace {

tl::unexpected<error> refuse(const batch_state& s, std::string_view what) {
  return fail(errc::conflict, "the batch is {}; {}", to_string(s.status), what);
}

/// One that ends, or is to, waits for nobody any more.
void unpause(batch_state& s) {
  s.paused = false;
  s.pause_reason.clear();
}

bool all_done(const batch_progress& p) { return p.completed + p.failed >= p.total; }

} // namespace

result<batch_state> apply(const batch_record& batch, batch_change change, const std::string& reason,
                          wall_time now) {
  auto s = batch.state;
  const bool running =
    s.status == batch_status::validating || s.status == batch_status::in_progress;
  switch (change) {
  case batch_change::pause:
  case batch_change::resume:
    if (!running)
      return refuse(s, "only one that is validating or in progress can be paused or resumed");
    s.paused = change == batch_change::pause;
    s.pause_reason = s.paused ? reason : std::string{};
    return s;
  case batch_change::cancel:
    if (s.status == batch_status::cancelling) return s;
    if (!running) return refuse(s, "only one that is validating or in progress can be cancelled");
    s.status = batch_status::cancelling;
    s.cancelling_at = now;
    unpause(s);
    return s;
  case batch_change::complete:
    if (s.status == batch_status::completed) return s;
    if (s.status != batch_status::in_progress || !all_done(batch.progress)) {
      return refuse(s, "it cannot be completed now");
    }
    s.status = batch_status::completed;
    s.finalizing_at = s.completed_at = now;
    unpause(s);
    return s;
  case batch_change::finalize:
    if (is_final(s.status)) return refuse(s, "it is at its end already");
    s.status = batch_status::finalizing;
    if (s.finalizing_at == wall_time{}) s.finalizing_at = now;
    unpause(s);
    return s;
  case batch_change::close:
    if (s.status != batch_status::finalizing) return refuse(s, "it is not being finalized");
    if (s.cancelling_at != wall_time{}) {
      s.status = batch_status::cancelled;
      s.cancelled_at = now;
    } else if (all_done(batch.progress)) {
      s.status = batch_status::completed;
      s.completed_at = now;
    } else {
      s.status = batch_status::expired;
      s.expired_at = now;
    }
    return s;
  }
  return refuse(s, "no such change");
}

} // namespace perennial::storage
