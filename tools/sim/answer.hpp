// The bodies of good answers, in the shapes of the OpenAI API. Each one carries "echo: " and the
// prompt, so that a result can be checked against its own request. Pure functions.
#pragma once

#include "tools/sim/model_request.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::sim {

/// How much of a prompt is echoed, and how long the answer is made.
struct echo_limits {
  uint64_t max_echo = 1 << 20;
  uint64_t answer_bytes = 0;
};

/// "echo: " and the prompt. Of a prompt beyond `max_echo` only the front is echoed, and then the
/// SHA-256 of the whole; a shorter text is padded with dots to `answer_bytes`.
std::string echo(std::string_view prompt, const echo_limits& limits);

/// What identifies an answer, beside its text.
struct answer_context {
  std::string_view model;
  uint64_t id = 0;
  uint64_t created = 0; ///< Unix seconds
};

struct token_usage {
  uint64_t prompt = 0;
  uint64_t completion = 0;
};

/// Tokens as a rule of thumb counts them: a quarter of the bytes, at least one.
token_usage usage_of(const model_request& request, std::string_view text);

/// Appends "prefix" and the id in hexadecimal.
void append_id(std::string& out, std::string_view prefix, uint64_t id);

/// The JSON body of a whole (not streamed) answer whose text is `text`.
std::string render_answer(const model_request& request, std::string_view text,
                          const answer_context& context);

/// The body of GET /v1/models.
std::string render_models(const std::vector<std::string>& names);

} // namespace perennial::sim
