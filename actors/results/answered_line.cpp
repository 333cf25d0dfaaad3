#include "actors/results/answered_line.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

/// The index's code of a failure without an HTTP answer.
uint16_t code_of(const perennial::outcome& o) {
  return o.kind == outcome_kind::too_large ? storage::result_code::response_too_large
                                           : storage::result_code::retries_used_up;
}

} // namespace

jobs::result_fields answer_fields(const work_item& item, const call_report& report) {
  jobs::result_fields f;
  f.batch = item.batch->id;
  f.ordinal = item.line;
  f.custom_id = item.custom_id;
  f.status_code = report.status;
  f.request_id = report.request_id;
  f.ambiguous = item.ambiguous;
  f.model_replaced = item.model_replaced || item.renamed;
  f.model_before = item.model_replaced ? item.replaced_model : item.asked_model;
  f.model = item.model;
  return f;
}

void name_providers(jobs::result_fields& f, const work_item& item, std::string_view provider,
                    bool failed) {
  for (const auto& w : item.words) {
    if (w.provider != provider) f.others.push_back({w.provider, w.code, w.message});
  }
  if (failed || item.several_providers || !f.others.empty()) f.provider = provider;
}

storage::line_result answer_entry(const work_item& item, uint32_t attempts,
                                  const call_report& report) {
  storage::line_result r;
  r.batch = item.batch->id;
  r.line = item.line;
  r.code = static_cast<uint16_t>(report.status);
  r.attempts = static_cast<uint16_t>(std::min(attempts, 0xffffu));
  r.ambiguous = item.ambiguous;
  return r;
}

storage::line_result answered_line(const work_item& item, uint32_t attempts,
                                   const call_report& report, const perennial::outcome& outcome,
                                   std::string_view provider) {
  const bool ok = outcome.kind == outcome_kind::success;
  const bool answered = report.status != 0 && report.failure == transport_failure::none;
  auto f = answer_fields(item, report);
  f.attempts = attempts;
  if (answered) {
    f.body = report.body;
  } else {
    f.status_code = 0;
    f.request_id = {};
    f.error_code = outcome.code;
    f.error_message = outcome.message;
  }
  name_providers(f, item, provider, !ok);

  auto r = answer_entry(item, attempts, report);
  r.kind = ok ? storage::output_kind::ok : storage::output_kind::error;
  if (!answered) r.code = code_of(outcome);
  r.text.reserve(report.body.size() + 256);
  const auto rendered = jobs::render_result(f, r.text);
  r.tokens = {rendered.usage.input, rendered.usage.cached, rendered.usage.output,
              rendered.usage.reasoning};
  return r;
}

} // namespace perennial::actors
