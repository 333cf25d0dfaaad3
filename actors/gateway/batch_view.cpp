#include "actors/gateway/batch_view.hpp"

#include "actors/results/result_reader.hpp"
#include "protocol/openai/ids.hpp"

#include <optional>

namespace perennial::actors {

namespace {

int64_t seconds(wall_time t) {
  return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}

std::optional<int64_t> when(wall_time t) {
  if (t == wall_time{}) return std::nullopt;
  return seconds(t);
}

/// OpenAI's clients know cancelling → cancelled, with nothing between.
storage::batch_status shown(const storage::batch_state& s) {
  const bool ending =
    s.status == storage::batch_status::finalizing && s.cancelling_at != wall_time{};
  return ending ? storage::batch_status::cancelling : s.status;
}

} // namespace

openai::batch_object view_of(const storage::batch_record& b,
                             const std::vector<storage::stored_problem>& problems) {
  const auto& d = b.definition;
  const auto& s = b.state;
  const auto& p = b.progress;
  openai::batch_object o;
  o.id = openai::batch_id(b.id);
  o.endpoint = d.endpoint;
  o.model = d.model;
  for (const auto& e : problems) {
    o.errors.push_back({e.code, e.message, std::nullopt,
                        e.number ? std::optional<uint64_t>{e.number} : std::nullopt});
  }
  o.input_file_id = openai::file_id(d.file);
  o.completion_window = d.completion_window;
  o.status = storage::to_string(shown(s));
  if (p.ok_bytes > 0) o.output_file_id = openai::output_file_id(b.id);
  if (output_size(b, storage::output_kind::error) > 0)
    o.error_file_id = openai::error_file_id(b.id);
  o.created_at = seconds(d.created);
  o.in_progress_at = when(s.in_progress_at);
  o.expires_at = when(d.expires);
  o.finalizing_at = when(s.finalizing_at);
  o.completed_at = when(s.completed_at);
  o.failed_at = when(s.failed_at);
  o.expired_at = when(s.expired_at);
  o.cancelling_at = when(s.cancelling_at);
  o.cancelled_at = when(s.cancelled_at);
  o.total = p.total;
  o.completed = p.completed;
  o.failed = p.failed;
  if (p.tokens != storage::token_usage{}) {
    o.usage =
      openai::batch_usage{p.tokens.input, p.tokens.cached, p.tokens.output, p.tokens.reasoning};
  }
  o.metadata = d.metadata;
  openai::batch_extra x;
  x.paused = s.paused;
  x.pause_reason = s.pause_reason;
  if (d.retry_of != 0) x.retry_of = openai::batch_id(d.retry_of);
  x.format = d.format == storage::line_format::text ? "text" : "jsonl";
  x.on_invalid = d.on_invalid == storage::invalid_policy::skip ? "skip" : "fail";
  x.weight = d.weight;
  x.priority = d.priority;
  x.line_deadline_ms = d.line_deadline.count();
  x.problems = s.problems;
  x.retried = p.retried;
  x.ambiguous = p.ambiguous;
  x.dropped = p.dropped;
  o.perennial = std::move(x);
  return o;
}

openai::file_object view_of(const storage::file_record& f) {
  openai::file_object o;
  o.id = openai::file_id(f.id);
  o.bytes = f.bytes;
  o.created_at = seconds(f.created);
  o.expires_at = when(f.expires);
  o.filename = f.name;
  o.purpose = f.purpose == storage::file_purpose::batch ? "batch" : "user_data";
  return o;
}

openai::file_object output_view_of(const storage::batch_record& b, storage::output_kind kind) {
  const bool ok = kind == storage::output_kind::ok;
  openai::file_object o;
  o.id = ok ? openai::output_file_id(b.id) : openai::error_file_id(b.id);
  o.bytes = output_size(b, kind);
  o.created_at = seconds(b.definition.created);
  o.filename = openai::batch_id(b.id) + (ok ? "_output.jsonl" : "_error.jsonl");
  o.purpose = "batch_output";
  return o;
}

} // namespace perennial::actors
