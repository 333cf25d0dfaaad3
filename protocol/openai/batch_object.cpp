#include "protocol/openai/batch_object.hpp"

#include "protocol/openai/objects_json.hpp"

#include <array>

namespace perennial::openai {

namespace {

using time_field = std::optional<int64_t> batch_object::*;

/// In the order of OpenAI's documentation.
constexpr std::array<std::pair<const char*, time_field>, 8> times{{
  {"in_progress_at", &batch_object::in_progress_at},
  {"expires_at", &batch_object::expires_at},
  {"finalizing_at", &batch_object::finalizing_at},
  {"completed_at", &batch_object::completed_at},
  {"failed_at", &batch_object::failed_at},
  {"expired_at", &batch_object::expired_at},
  {"cancelling_at", &batch_object::cancelling_at},
  {"cancelled_at", &batch_object::cancelled_at},
}};

json errors_json(const std::vector<batch_error>& errors) {
  if (errors.empty()) return nullptr;
  auto data = json::array();
  for (const auto& e : errors) {
    data.push_back({{"code", e.code},
                    {"message", e.message},
                    {"param", or_null(e.param)},
                    {"line", or_null(e.line)}});
  }
  return {{"object", "list"}, {"data", std::move(data)}};
}

json usage_json(const std::optional<batch_usage>& usage) {
  if (!usage) return nullptr;
  return {{"input_tokens", usage->input_tokens},
          {"input_tokens_details", {{"cached_tokens", usage->cached_tokens}}},
          {"output_tokens", usage->output_tokens},
          {"output_tokens_details", {{"reasoning_tokens", usage->reasoning_tokens}}},
          {"total_tokens", usage->input_tokens + usage->output_tokens}};
}

json metadata_json(const metadata_list& metadata) {
  if (metadata.empty()) return nullptr;
  auto out = json::object();
  for (const auto& [key, value] : metadata) out[key] = value;
  return out;
}

json extra_json(const batch_extra& x) {
  return {{"paused", x.paused},
          {"pause_reason", or_null(x.pause_reason)},
          {"retry_of", or_null(x.retry_of)},
          {"format", x.format},
          {"on_invalid", x.on_invalid},
          {"weight", x.weight},
          {"priority", x.priority},
          {"line_deadline_ms", x.line_deadline_ms},
          {"problems", x.problems},
          {"retried", x.retried},
          {"ambiguous", x.ambiguous},
          {"dropped", x.dropped},
          {"waiting_for", x.waiting_for}};
}

void read_errors(const json& value, std::vector<batch_error>& out) {
  const auto& data = member_of(value, "data");
  if (!data.is_array()) return;
  for (const auto& item : data) {
    batch_error e;
    e.code = text_of(item, "code");
    e.message = text_of(item, "message");
    if (auto param = text_of(item, "param"); !param.empty()) e.param = std::move(param);
    e.line = number_of<uint64_t>(item, "line");
    out.push_back(std::move(e));
  }
}

uint64_t count_of(const json& value, const char* key) {
  return number_of<uint64_t>(value, key).value_or(0);
}

void read_usage(const json& value, std::optional<batch_usage>& out) {
  if (!value.is_object()) return;
  out.emplace();
  out->input_tokens = count_of(value, "input_tokens");
  out->cached_tokens = count_of(member_of(value, "input_tokens_details"), "cached_tokens");
  out->output_tokens = count_of(value, "output_tokens");
  out->reasoning_tokens = count_of(member_of(value, "output_tokens_details"), "reasoning_tokens");
}

void read_extra(const json& value, std::optional<batch_extra>& out) {
  if (!value.is_object()) return;
  out.emplace();
  out->paused = member_of(value, "paused") == json(true);
  out->pause_reason = text_of(value, "pause_reason");
  out->retry_of = text_of(value, "retry_of");
  out->format = text_of(value, "format");
  out->on_invalid = text_of(value, "on_invalid");
  out->weight = number_of<uint32_t>(value, "weight").value_or(1);
  out->priority = number_of<int32_t>(value, "priority").value_or(0);
  out->line_deadline_ms = number_of<int64_t>(value, "line_deadline_ms").value_or(0);
  out->problems = count_of(value, "problems");
  out->retried = count_of(value, "retried");
  out->ambiguous = count_of(value, "ambiguous");
  out->dropped = count_of(value, "dropped");
  if (const auto& all = member_of(value, "waiting_for"); all.is_array()) {
    for (const auto& sentence : all) {
      if (sentence.is_string()) out->waiting_for.push_back(sentence.get<std::string>());
    }
  }
}

} // namespace

batch_error to_batch_error(const jobs::line_problem& problem) {
  batch_error e;
  e.code = problem.code;
  e.message = problem.message;
  if (problem.number > 0) e.line = problem.number;
  return e;
}

json as_json(const batch_object& b) {
  json out{{"id", b.id},
           {"object", "batch"},
           {"endpoint", b.endpoint},
           {"model", or_null(b.model)},
           {"errors", errors_json(b.errors)},
           {"input_file_id", b.input_file_id},
           {"completion_window", b.completion_window},
           {"status", b.status},
           {"output_file_id", or_null(b.output_file_id)},
           {"error_file_id", or_null(b.error_file_id)},
           {"created_at", b.created_at}};
  for (const auto& [name, field] : times) out[name] = or_null(b.*field);
  out["request_counts"] = {{"total", b.total}, {"completed", b.completed}, {"failed", b.failed}};
  out["usage"] = usage_json(b.usage);
  out["metadata"] = metadata_json(b.metadata);
  if (b.perennial) out["perennial"] = extra_json(*b.perennial);
  return out;
}

result<batch_object> batch_from(const json& v) {
  if (text_of(v, "object") != "batch" || text_of(v, "id").empty()) {
    return fail(errc::invalid_input, "this is not a Batch object");
  }
  batch_object b;
  b.id = text_of(v, "id");
  b.endpoint = text_of(v, "endpoint");
  b.model = text_of(v, "model");
  read_errors(member_of(v, "errors"), b.errors);
  b.input_file_id = text_of(v, "input_file_id");
  b.completion_window = text_of(v, "completion_window");
  b.status = text_of(v, "status");
  b.output_file_id = text_of(v, "output_file_id");
  b.error_file_id = text_of(v, "error_file_id");
  b.created_at = number_of(v, "created_at").value_or(0);
  for (const auto& [name, field] : times) b.*field = number_of(v, name);
  const auto& counts = member_of(v, "request_counts");
  b.total = count_of(counts, "total");
  b.completed = count_of(counts, "completed");
  b.failed = count_of(counts, "failed");
  read_usage(member_of(v, "usage"), b.usage);
  if (const auto& metadata = member_of(v, "metadata"); metadata.is_object()) {
    for (const auto& [key, value] : metadata.items()) {
      if (value.is_string()) b.metadata.emplace_back(key, value.get<std::string>());
    }
  }
  read_extra(member_of(v, "perennial"), b.perennial);
  return b;
}

std::string to_json(const batch_object& batch) { return dump(as_json(batch)); }

result<batch_object> parse_batch(std::string_view text) {
  const auto value = parse_object(text);
  if (!value) return tl::unexpected<error>{value.error()};
  return batch_from(*value);
}

} // namespace perennial::openai
