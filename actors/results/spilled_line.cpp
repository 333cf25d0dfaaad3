#include "actors/results/spilled_line.hpp"

#include "actors/results/answered_line.hpp"
#include "protocol/jobs/result_line.hpp"

namespace perennial::actors {

namespace {

/// Written at once. Every call in flight may hold as much: no more than it was granted for a small
/// answer.
constexpr size_t piece_bytes = 64 * kib;

} // namespace

result<void> spilled_line::begin(const call_report& head) {
  // A call may begin anew on another connection.
  ready_.clear();
  body_ = std::make_unique<jobs::body_stream>();
  blob_.reset();
  auto made = db_.begin_blob(item_.batch->id, item_.line);
  if (!made) return tl::unexpected{made.error()};
  blob_ = std::move(*made);
  ready_.reserve(piece_bytes + piece_bytes / 2);
  jobs::render_result_head(answer_fields(item_, head), ready_);
  return {};
}

result<void> spilled_line::append(std::string_view bytes) {
  if (!body_->feed(bytes, ready_)) {
    return fail(errc::invalid_input, "its answer is not JSON; check that the base URL is an API's");
  }
  return write(piece_bytes);
}

result<void> spilled_line::end() {
  if (body_->whole()) return {};
  return fail(errc::invalid_input, "its answer is not a whole JSON object or array");
}

result<void> spilled_line::write(size_t at_least) {
  if (ready_.size() < at_least) return {};
  auto ok = blob_->append(ready_);
  ready_.clear();
  return ok;
}

result<storage::line_result> spilled_line::finish(uint32_t attempts, const call_report& report) {
  auto fields = answer_fields(item_, report);
  fields.attempts = attempts;
  name_providers(fields, item_, provider_, false);
  jobs::render_result_tail(fields, ready_);
  auto ok = write(0);
  if (ok) ok = blob_->finish();
  if (!ok) return tl::unexpected{ok.error()};
  auto out = answer_entry(item_, attempts, report);
  const auto used = body_->usage();
  out.tokens = {used.input, used.cached, used.output, used.reasoning};
  out.long_text = std::move(blob_);
  return out;
}

} // namespace perennial::actors
