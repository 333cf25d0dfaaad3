#include "actors/results/answered_line.hpp"

#include "protocol/jobs/result_line.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

/// The index's code of a failure without an HTTP answer.
uint16_t code_of(const perennial::outcome& o) {
  return o.kind == outcome_kind::too_large ? storage::result_code::response_too_large
                                           : storage::result_code::retries_used_up;
}

} // namespace

storage::line_result answered_line(const work_item& item, uint32_t attempts,
                                   const perennial::call_report& report,
                                   const perennial::outcome& outcome, std::string_view provider) {
  const bool ok = outcome.kind == outcome_kind::success;
  const bool answered = report.status != 0 && report.failure == transport_failure::none;
  jobs::result_fields f;
  f.batch = item.batch->id;
  f.ordinal = item.line;
  f.custom_id = item.custom_id;
  if (answered) {
    f.status_code = report.status;
    f.request_id = report.request_id;
    f.body = report.body;
  } else {
    f.error_code = outcome.code;
    f.error_message = outcome.message;
  }
  f.attempts = attempts;
  f.ambiguous = item.ambiguous;
  if (!ok || item.several_providers) f.provider = provider;
  for (const auto& w : item.words) {
    if (w.provider != provider) f.others.push_back({w.provider, w.code, w.message});
  }
  f.model_replaced = item.model_replaced || !item.asked_model.empty();
  f.model_before = item.model_replaced ? item.replaced_model : item.asked_model;
  f.model = item.model;

  storage::line_result r;
  r.batch = item.batch->id;
  r.line = item.line;
  r.kind = ok ? storage::output_kind::ok : storage::output_kind::error;
  r.code = answered ? static_cast<uint16_t>(report.status) : code_of(outcome);
  r.attempts = static_cast<uint16_t>(std::min(attempts, 0xffffu));
  r.ambiguous = item.ambiguous;
  r.text.reserve(report.body.size() + 256);
  const auto rendered = jobs::render_result(f, r.text);
  r.tokens = {rendered.usage.input, rendered.usage.cached, rendered.usage.output,
              rendered.usage.reasoning};
  return r;
}

} // namespace perennial::actors
