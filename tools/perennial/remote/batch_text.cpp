#include "tools/perennial/remote/batch_text.hpp"

#include "protocol/base/clock.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/terminal.hpp"

#include <algorithm>
#include <array>

namespace perennial::tool {

namespace {

uint64_t done_lines(const openai::batch_object& b) { return b.completed + b.failed; }

/// When it ended; nothing while it goes on.
std::optional<int64_t> end_of(const openai::batch_object& b) {
  for (const auto& t : {b.completed_at, b.failed_at, b.expired_at, b.cancelled_at})
    if (t) return t;
  return std::nullopt;
}

/// Why its file was refused.
std::string refusal(const openai::batch_object& b) {
  const auto problems = b.perennial ? b.perennial->problems : b.errors.size();
  std::string out = "its job file was refused, nothing was sent:\n";
  const auto shown = problem_lines(b, b.input_file_id, problems_shown);
  for (const auto& line : shown) out += fmt::format("  {}\n", line);
  if (problems > shown.size()) {
    out += fmt::format("  and {} more{}\n", with_commas(problems - shown.size()),
                       b.errors.size() > shown.size() ? " (--json shows the first 1,000)" : "");
  }
  return out;
}

} // namespace

bool is_final(const openai::batch_object& b) {
  constexpr std::array ends{"completed", "failed", "expired", "cancelled"};
  return std::find(ends.begin(), ends.end(), b.status) != ends.end();
}

int exit_status(const openai::batch_object& b) {
  if (b.status == "failed") return wrong_use; // the file's fault: nothing was sent
  return b.status == "completed" && b.failed == 0 ? done : some_failed;
}

int exit_status(const error& e) {
  const bool theirs = e.kind == errc::invalid_input || e.kind == errc::conflict ||
                      e.kind == errc::not_found || e.kind == errc::unsupported;
  return theirs ? wrong_use : unreachable;
}

std::string status_text(const openai::batch_object& b) {
  if (!b.perennial || !b.perennial->paused) return b.status;
  const auto& why = b.perennial->pause_reason;
  return fmt::format("{} (paused{}{})", b.status, why.empty() ? "" : ": ", why);
}

std::string details(const openai::batch_object& b) {
  std::string out;
  const auto row = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("  {:<11}{}\n", name, value);
  };
  out += b.id + "\n";
  row("status", status_text(b));
  row("lines", fmt::format("{} of {} done, {} failed", with_commas(done_lines(b)),
                           with_commas(b.total), with_commas(b.failed)));
  if (b.perennial) {
    if (b.perennial->priority != 0) row("priority", std::to_string(b.perennial->priority));
    row("retried", with_commas(b.perennial->retried));
    row("ambiguous", with_commas(b.perennial->ambiguous));
    row("retry of", b.perennial->retry_of);
  }
  if (b.usage) {
    row("tokens", fmt::format("{} in, {} out", with_commas(b.usage->input_tokens),
                              with_commas(b.usage->output_tokens)));
  }
  row("endpoint", b.endpoint);
  row("model", b.model);
  row("created", format_time(b.created_at));
  if (b.expires_at && !end_of(b)) row("expires", format_time(*b.expires_at));
  if (const auto end = end_of(b)) {
    row("ended", fmt::format("{}, after {}", format_time(*end),
                             format_duration(std::chrono::seconds{*end - b.created_at})));
  }
  row("input", b.input_file_id);
  row("output", b.output_file_id);
  row("errors", b.error_file_id);
  for (const auto& [key, value] : b.metadata) row("metadata", fmt::format("{}={}", key, value));
  if (b.status == "failed") out += refusal(b);
  out.pop_back();
  return out;
}

std::string table(const std::vector<openai::batch_object>& batches) {
  size_t status_columns = 6;
  for (const auto& b : batches) status_columns = std::max(status_columns, status_text(b).size());
  auto out = fmt::format("{:<24}  {:<20}  {:<{}}  {:>12}  {:>12}  {:>8}", "BATCH", "CREATED",
                         "STATUS", status_columns, "DONE", "LINES", "FAILED");
  for (const auto& b : batches) {
    out += fmt::format("\n{:<24}  {}  {:<{}}  {:>12}  {:>12}  {:>8}", b.id,
                       format_time(b.created_at), status_text(b), status_columns,
                       with_commas(done_lines(b)), with_commas(b.total), with_commas(b.failed));
  }
  return out;
}

std::vector<std::string> problem_lines(const openai::batch_object& b, const std::string& jobs,
                                       size_t most) {
  std::vector<std::string> out;
  for (const auto& e : b.errors) {
    if (out.size() == most) break;
    const auto where = e.line ? fmt::format("{}:{}", jobs, *e.line) : jobs;
    out.push_back(fmt::format("{}: {} [{}]", where, e.message, e.code));
  }
  return out;
}

run_summary summary_of(const openai::batch_object& b) {
  run_summary s;
  s.counts.total = b.total;
  s.counts.completed = b.completed;
  s.counts.failed = b.failed;
  if (b.perennial) {
    s.counts.retried = b.perennial->retried;
    s.counts.ambiguous = b.perennial->ambiguous;
  }
  if (b.usage) {
    s.counts.tokens.input = b.usage->input_tokens;
    s.counts.tokens.output = b.usage->output_tokens;
  }
  s.done_now = done_lines(b);
  return s;
}

} // namespace perennial::tool
