// What a request asks of the model: the few members of its JSON body that the fake provider needs,
// read with simdjson on-demand in one pass.
#pragma once

#include "protocol/base/error.hpp"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::sim {

enum class endpoint : uint8_t { chat, completions, embeddings, responses, moderations, images };

/// Which endpoint a path names, as "/v1/chat/completions".
std::optional<endpoint> endpoint_of(std::string_view path);

/// The views live until the reader reads again.
struct model_request {
  endpoint kind = endpoint::chat;
  std::string_view model; ///< empty: not said
  /// The text that stands for the request: the last user message, the prompt, or all inputs.
  std::string_view prompt;
  std::vector<std::string_view> inputs; ///< of embeddings and moderations, one answer each
  size_t input_bytes = 0;               ///< of all text, for the usage
  bool stream = false;
  bool include_usage = false; ///< a stream ends with the usage
  bool base64 = false;        ///< embeddings as base64 instead of numbers
  uint64_t dimensions = 8;    ///< of embeddings
  uint64_t n = 1;             ///< images
};

/// Keeps its buffers from request to request. Not thread-safe.
class model_request_reader {
public:
  /// Reads a body; `body_padding` bytes after it must be readable. The error is a sentence for the
  /// client (400).
  result<model_request> read(endpoint kind, std::string_view body);

private:
  void read_member(std::string_view key, simdjson::ondemand::value value, model_request& out);
  void read_options(simdjson::ondemand::value value, model_request& out);
  void read_messages(simdjson::ondemand::value value, model_request& out);
  void read_prompt(simdjson::ondemand::value value, model_request& out);
  std::string_view read_content(simdjson::ondemand::value value);

  simdjson::ondemand::parser parser_;
  std::deque<std::string> joined_; ///< texts that were put together from parts
};

} // namespace perennial::sim
