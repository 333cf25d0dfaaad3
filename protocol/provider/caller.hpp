// One who makes calls to a provider, one at a time: a `connection`, or what a test has in its
// place.
#pragma once

#include "protocol/base/bytes.hpp"
#include "protocol/base/error.hpp"
#include "protocol/provider/answer_memory.hpp"
#include "protocol/provider/answer_spill.hpp"
#include "protocol/provider/call_report.hpp"
#include "protocol/provider/settings.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace perennial {

/// Answers up to this size ask nobody for memory.
inline constexpr uint64_t small_answer = 64 * kib;

struct call_options {
  /// In place of the provider's.
  std::optional<call_timeouts> timeouts = {};
  /// The call is cut then, if not before: a total_timeout.
  std::optional<steady_time> until = {};
  /// Asked before an answer of more than `small_answer` bytes is kept, for twice its size: the body
  /// and what is made of it. Null: there is no limit but max_response_bytes.
  answer_memory* memory = nullptr;
  /// In place of the provider's; empty: none is sent. Must be one that may stand in a header
  /// (`is_header_value`).
  const secret* key = nullptr;
  /// Takes good answers (2xx) of more than `spill_over` bytes; others may not be longer than that.
  /// Null: all are held.
  answer_spill* spill = nullptr;
  uint64_t spill_over = 0;
};

/// `call` belongs to one thread at a time; `abort` and `close` may come from any.
class caller {
public:
  virtual ~caller() = default;

  /// Posts `body` (JSON) to `path`, a job's `url`: see `join_path`. Waits for the whole answer, at
  /// most `total`. Follows no redirect: the report has the 3xx. Whatever the network or the
  /// provider did wrong is in the report; the error side is for the caller's own: closed; conflict
  /// (another thread is in a call); invalid_input (the path cannot be sent).
  virtual result<call_report> call(std::string_view path, std::string_view body,
                                   const call_options& options) = 0;

  /// Ends the call in progress, in whatever phase it is, and returns at once. Its report says
  /// `aborted`. Without a call in progress nothing happens; later calls are not touched.
  virtual void abort() = 0;

  /// As `abort`, and no more calls: they return `closed`. May be called often.
  virtual void close() = 0;
};

/// Makes one for each worker.
using caller_maker = std::function<std::shared_ptr<caller>()>;

} // namespace perennial
