#include "actors/results/unrun.hpp"

#include "actors/work/job_rules.hpp"
#include "actors/work/reader.hpp"
#include "protocol/jobs/result_line.hpp"

#include <utility>

namespace perennial::actors {

namespace {

/// Calls `fn` for every line without a result in these segments.
template <class F>
result<void> for_each_unrun(const storage::store& db, const storage::batch_record& batch,
                            std::vector<uint32_t> segments, F&& fn) {
  read_cursor c;
  c.context = std::make_shared<const batch_context>(batch_context{batch.id, batch.definition});
  c.slicer = std::make_unique<jobs::slicer>(rules_of(batch.definition));
  c.segments = std::move(segments);
  while (!c.at_end()) {
    auto read = read_lines(db, c, nullptr);
    if (read.failure) return tl::unexpected{*read.failure};
    for (const auto& item : read.items) fn(*item);
  }
  return {};
}

bool was_cancelled(const storage::batch_record& b) { return b.state.cancelling_at != wall_time{}; }

} // namespace

void render_unrun_line(storage::batch_id batch, storage::line_no line, std::string_view custom_id,
                       bool cancelled, std::string& out) {
  jobs::result_fields f;
  f.batch = batch;
  f.ordinal = line;
  f.custom_id = custom_id;
  f.error_code = cancelled ? "batch_cancelled" : "batch_expired";
  f.error_message = cancelled ? "This request was not run: the batch was cancelled before its turn."
                              : "This request was not run: the batch expired before its turn.";
  jobs::render_result(f, out);
}

result<unrun_lines> lay_out_unrun(const storage::store& db, storage::batch_id id) {
  auto r = db.resume_batch(id);
  if (!r) return tl::unexpected{r.error()};
  const bool cancelled = was_cancelled(r->batch);
  unrun_lines out;
  out.batch = id;
  uint64_t at = r->batch.progress.error_bytes;
  std::string scratch;
  auto ok = for_each_unrun(db, r->batch, r->unfinished_segments, [&](const work_item& item) {
    const auto segment = storage::segment_of(item.line);
    if (out.segments.empty() || out.segments.back().segment != segment) {
      out.segments.push_back({segment, unrun_form, at, 0, 0});
    }
    scratch.clear();
    render_unrun_line(id, item.line, item.custom_id, cancelled, scratch);
    ++out.segments.back().lines;
    out.segments.back().bytes += scratch.size();
    at += scratch.size();
  });
  if (!ok) return tl::unexpected{ok.error()};
  out.bytes = at - r->batch.progress.error_bytes;
  return out;
}

result<std::string> render_unrun_segment(const storage::store& db,
                                         const storage::batch_record& batch,
                                         const storage::store::unrun_segment& place) {
  if (place.form != unrun_form) {
    return fail(errc::unsupported,
                "the lines of batch_{:016x} that never ran were laid out by a newer program (form "
                "{}, this one knows {}); read them with that program",
                batch.id, place.form, unrun_form);
  }
  std::string out;
  uint32_t lines = 0;
  const bool cancelled = was_cancelled(batch);
  auto ok = for_each_unrun(db, batch, {place.segment}, [&](const work_item& item) {
    render_unrun_line(batch.id, item.line, item.custom_id, cancelled, out);
    ++lines;
  });
  if (!ok) return tl::unexpected{ok.error()};
  if (out.size() != place.bytes || lines != place.lines) {
    return fail(errc::corrupt,
                "segment {} of batch_{:016x} has {} lines that never ran in {} bytes, and {} in {} "
                "were laid out",
                place.segment, batch.id, lines, out.size(), place.lines, place.bytes);
  }
  return out;
}

} // namespace perennial::actors
