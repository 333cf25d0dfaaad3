#include "actors/work/dispatcher/retry_request.hpp"

#include "protocol/base/clock.hpp"
#include "protocol/jobs/json_text.hpp"
#include "storage/line_bits.hpp"
#include "storage/result_codes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace perennial::actors {

namespace {

using storage::batch_id;
using storage::batch_record;
using storage::batch_status;

constexpr std::string_view line_invalid = "line_invalid";

/// What the error file says of lines that got no whole answer, as `classify` names it
/// (protocol/provider/outcome.cpp). The index keeps `retries_used_up` for all of them.
constexpr std::array<std::string_view, 9> reasons_without_answer{
  "dns_error",   "connection_refused", "connect_timeout",
  "proxy_error", "tls_error",          "connection_reset",
  "timeout",     "bad_response",       "redirected"};

constexpr size_t codes_shown = 20;

/// It ended before it could have a result: a retry of it would have nothing to start from.
bool never_ran(const batch_record& b) {
  return storage::is_final(b.state.status) && b.state.in_progress_at == wall_time{};
}

/// The newest batch of the chain of retries that `id` belongs to: a retry goes on from there, so
/// that no line is paid for twice.
result<batch_record> end_of_chain(const storage::store& db, batch_id id) {
  auto newest = db.get_batch(id);
  // A retry that was cancelled before it began is no link: its parent's lines are what it was for.
  while (newest && never_ran(*newest) && newest->definition.retry_of != 0) {
    newest = db.get_batch(newest->definition.retry_of);
  }
  auto all = db.list_batches(0, std::numeric_limits<uint32_t>::max());
  if (!newest || !all) return newest ? tl::unexpected{all.error()} : newest;
  for (auto b = all->rbegin(); b != all->rend(); ++b) { // oldest first: each link once
    if (b->definition.retry_of == newest->id && !never_ran(*b)) newest = *b;
  }
  return newest;
}

/// How many lines of the chain have not succeeded in any of its batches.
result<uint64_t> lines_left(const storage::store& db, const batch_record& newest) {
  auto total = newest.progress.total;
  auto completed = newest.progress.completed;
  for (auto id = newest.definition.retry_of; id != 0;) {
    const auto older = db.get_batch(id);
    if (!older && older.error().kind == errc::not_found) break;
    if (!older) return tl::unexpected{older.error()};
    total = older->progress.total; // of the first batch in the end, which has every line
    completed += older->progress.completed;
    id = older->definition.retry_of;
  }
  return completed < total ? total - completed : 0;
}

/// Whether a line that failed may have this code, and a retry be made of it.
result<void> check_code(const std::string& only) {
  if (only.empty() || only == storage::unrun_code(batch_status::cancelled) ||
      only == storage::unrun_code(batch_status::expired)) {
    return {};
  }
  if (only == line_invalid) {
    return fail(errc::invalid_input, "lines that were found invalid (line_invalid) cannot run: "
                                     "mend them in the job file and create a new batch");
  }
  if (storage::code_of_name(only)) return {};
  if (std::ranges::find(reasons_without_answer, only) != reasons_without_answer.end()) {
    return fail(errc::invalid_input,
                "a retry cannot tell \"{}\" from other reasons why a line got no answer; give "
                "retries_used_up, which takes them all",
                only);
  }
  return fail(errc::invalid_input,
              "{} is no code of a failed line; give an HTTP status as 500, or one of {} "
              "(retries_used_up stands for every reason why a line got no answer)",
              jobs::in_quotes(only), storage::names_of_codes());
}

error nothing_left() {
  return {errc::conflict, "no line of the batch is left that failed: there is nothing to retry"};
}

/// "403 (3 lines), 500 (1 line)"
std::string to_text(const storage::failure_counts& failures) {
  std::vector<std::string> out;
  for (const auto& [code, count] : failures) {
    if (out.size() == codes_shown) {
      out.emplace_back("…");
      break;
    }
    out.push_back(fmt::format("{} ({} line{})", code, count, count == 1 ? "" : "s"));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

/// Why a retry takes none of the lines that failed so.
error takes_none(storage::failure_counts failures, const std::string& only) {
  const auto invalid = failures.contains(std::string{line_invalid});
  failures.erase(std::string{line_invalid});
  if (!failures.empty()) {
    return {errc::conflict,
            fmt::format("no failed line has the code {}: there are {}; ask for one of these, or "
                        "for all by leaving the code out",
                        only, to_text(failures))};
  }
  if (!invalid) return nothing_left();
  return {errc::conflict, "all lines that failed were found invalid (line_invalid) and cannot run: "
                          "mend them in the job file and create a new batch"};
}

} // namespace

result<create_request> make_retry(const storage::store& db, batch_id id, const std::string& only) {
  auto newest = end_of_chain(db, id);
  if (!newest) return tl::unexpected{newest.error()};
  const auto& p = *newest;
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
  if (auto ok = check_code(only); !ok) return tl::unexpected{ok.error()};
  const auto left = lines_left(db, p);
  if (!left) return tl::unexpected{left.error()};
  if (*left == 0) return tl::unexpected{nothing_left()};
  create_request r{p.definition, {}};
  r.definition.retry_of = p.id;
  // In the one way of writing it: 0500 is 500.
  const auto code = storage::code_of_name(only);
  r.definition.retry_only = code ? storage::name_of_code(*code) : only;
  r.definition.created = wall_now();
  // As long a life as its parent had.
  if (p.definition.expires != wall_time{}) {
    r.definition.expires = r.definition.created + (p.definition.expires - p.definition.created);
  }
  r.same.request_hash = sha256(fmt::format("retry {} {}", p.id, r.definition.retry_only));
  return r;
}

result<void> check_takes_lines(const storage::store& db, const storage::batch_definition& retry,
                               const std::function<bool()>& go_on) {
  // What `make_retry` has seen to be left can run: no line was found invalid.
  const auto& only = retry.retry_only;
  if (only.empty() && retry.on_invalid == storage::invalid_policy::fail) return {};
  storage::failure_counts all;
  for (uint32_t s = 0; s < storage::segments_of(retry.lines); ++s) {
    if (!go_on()) return {};
    const auto failures = db.failures_in_segment(retry.retry_of, s);
    if (!failures) return tl::unexpected{failures.error()};
    for (const auto& [code, count] : *failures) {
      if (code != line_invalid && (only.empty() || code == only)) return {};
      all[code] += count;
    }
  }
  return tl::unexpected{takes_none(std::move(all), only)};
}

} // namespace perennial::actors
