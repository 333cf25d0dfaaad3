// The one error of the project, and the result that carries it.
//
// A function that can fail returns `result<T>`. Exceptions stay inside start-up code and never
// cross an actor or a thread. The kind says what the caller should do; the message is for people:
// one sentence that says what is wrong, where, and what to do.
#pragma once

#include <tl/expected.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace perennial {

/// What kind of failure it was. The comment says what the caller should do.
enum class errc : uint8_t {
  invalid_input = 1, ///< The input is wrong: tell whoever sent it; trying again changes nothing.
  not_found,         ///< No such thing: tell whoever asked.
  conflict,          ///< Fights with what is there (other state, other owner): tell whoever asked.
  busy,              ///< A limit is reached for now: try again later.
  no_space,          ///< The disk is full or nearly: stop admitting, free space, reopen.
  io_error,    ///< A read or write failed: the open database is no longer to be trusted, reopen it.
  corrupt,     ///< Stored bytes are not what was written: stop and tell the operator.
  closed,      ///< Used after close: a defect of the caller.
  cancelled,   ///< The caller or a shutdown ended it.
  timed_out,   ///< A deadline passed.
  unavailable, ///< The other side cannot be reached: try again later.
  unsupported, ///< Known, and not possible here.
  internal,    ///< A broken invariant: a defect of ours.
};

/// The kind's name in lower case, as it stands in logs and in JSON.
std::string_view to_string(errc kind) noexcept;

/// A failure: its kind and a sentence for people. Never holds a secret.
struct error {
  errc kind = errc::internal;
  std::string message;

  friend bool operator==(const error&, const error&) = default;
};

template <class T>
using result = tl::expected<T, error>;

/// Makes the failing side of a result: `return fail(errc::not_found, "no batch {}", id);`
template <class... Ts>
tl::unexpected<error> fail(errc kind, fmt::format_string<Ts...> text, Ts&&... args) {
  return tl::unexpected<error>{error{kind, fmt::format(text, std::forward<Ts>(args)...)}};
}

/// Passes a failure on with the same kind and words put before it.
inline tl::unexpected<error> fail(const error& cause, std::string_view where) {
  return tl::unexpected<error>{error{cause.kind, fmt::format("{}: {}", where, cause.message)}};
}

} // namespace perennial
