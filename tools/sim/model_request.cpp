#include "tools/sim/model_request.hpp"

#include "tools/sim/request_reader.hpp"

namespace perennial::sim {

using namespace simdjson;

namespace {

static_assert(body_padding >= SIMDJSON_PADDING);

/// A member that is there and is not what it must be.
struct wrong_member {
  std::string message;
};

/// The member that holds what the model is to work on.
std::string_view input_member(endpoint kind) {
  switch (kind) {
  case endpoint::chat: return "messages";
  case endpoint::completions:
  case endpoint::images: return "prompt";
  default: return "input";
  }
}

} // namespace

std::optional<endpoint> endpoint_of(std::string_view path) {
  if (path == "/v1/chat/completions") return endpoint::chat;
  if (path == "/v1/completions") return endpoint::completions;
  if (path == "/v1/embeddings") return endpoint::embeddings;
  if (path == "/v1/responses") return endpoint::responses;
  if (path == "/v1/moderations") return endpoint::moderations;
  if (path == "/v1/images/generations") return endpoint::images;
  return std::nullopt;
}

/// A text, or an array of parts of which those with a text count.
std::string_view model_request_reader::read_content(ondemand::value value) {
  switch (value.type()) {
  case ondemand::json_type::string: return value.get_string();
  case ondemand::json_type::null: return {};
  case ondemand::json_type::array: break;
  default: throw wrong_member{"content must be a string or an array of parts"};
  }
  std::string& joined = joined_.emplace_back();
  for (ondemand::object part : value.get_array())
    for (auto field : part)
      if (std::string_view key = field.unescaped_key(); key == "text")
        joined += std::string_view(field.value().get_string());
  return joined;
}

/// The last user message is the prompt; without one, the last message.
void model_request_reader::read_messages(ondemand::value value, model_request& out) {
  if (value.type() != ondemand::json_type::array)
    throw wrong_member{"messages must be an array of objects with role and content"};
  bool user_spoke = false;
  bool any = false;
  for (ondemand::object message : value.get_array()) {
    std::string_view role;
    std::string_view content;
    for (auto field : message) {
      const std::string_view key = field.unescaped_key();
      if (key == "role") role = field.value().get_string();
      if (key == "content") content = read_content(field.value());
    }
    any = true;
    out.input_bytes += content.size();
    if (role == "user" || !user_spoke) out.prompt = content;
    user_spoke = user_spoke || role == "user";
  }
  if (!any) throw wrong_member{"messages must not be empty"};
}

/// One text or an array of texts; all of them together are the prompt.
void model_request_reader::read_prompt(ondemand::value value, model_request& out) {
  if (value.type() == ondemand::json_type::string) {
    out.inputs.push_back(value.get_string());
  } else if (value.type() == ondemand::json_type::array) {
    for (ondemand::value one : value.get_array()) {
      if (one.type() != ondemand::json_type::string)
        throw wrong_member{"the input must be a string or an array of strings"};
      out.inputs.push_back(one.get_string());
    }
  } else {
    throw wrong_member{"the input must be a string or an array of strings"};
  }
  if (out.inputs.empty()) throw wrong_member{"the input must not be empty"};
  for (const std::string_view one : out.inputs) out.input_bytes += one.size();
  if (out.inputs.size() == 1) {
    out.prompt = out.inputs.front();
    return;
  }
  std::string& joined = joined_.emplace_back();
  for (const std::string_view one : out.inputs) joined.append(one).push_back('\n');
  out.prompt = joined;
}

void model_request_reader::read_options(ondemand::value value, model_request& out) {
  if (value.is_null()) return;
  for (auto field : value.get_object())
    if (std::string_view key = field.unescaped_key(); key == "include_usage")
      out.include_usage = field.value().get_bool();
}

void model_request_reader::read_member(std::string_view key, ondemand::value value,
                                       model_request& out) {
  if (key == input_member(out.kind)) {
    const bool conversation =
      out.kind == endpoint::chat ||
      (out.kind == endpoint::responses && value.type() == ondemand::json_type::array);
    if (conversation)
      read_messages(value, out);
    else
      read_prompt(value, out);
  } else if (key == "model") {
    out.model = value.get_string();
  } else if (key == "stream") {
    out.stream = !value.is_null() && value.get_bool();
  } else if (key == "stream_options") {
    read_options(value, out);
  } else if (key == "encoding_format") {
    out.base64 = std::string_view(value.get_string()) == "base64";
  } else if (key == "dimensions") {
    out.dimensions = value.get_uint64();
    if (out.dimensions == 0 || out.dimensions > 4096)
      throw wrong_member{"dimensions must be from 1 to 4096"};
  } else if (key == "n" && out.kind == endpoint::images) {
    out.n = value.get_uint64();
    if (out.n == 0 || out.n > 10) throw wrong_member{"n must be from 1 to 10"};
  }
}

result<model_request> model_request_reader::read(endpoint kind, std::string_view body) {
  model_request out;
  out.kind = kind;
  joined_.clear();
  bool has_input = false;
  try {
    auto document = parser_.iterate(body.data(), body.size(), body.size() + body_padding);
    for (auto field : document.get_object()) {
      const std::string_view key = field.unescaped_key();
      has_input = has_input || key == input_member(kind);
      read_member(key, field.value(), out);
    }
  } catch (const wrong_member& wrong) {
    return fail(errc::invalid_input, "{}", wrong.message);
  } catch (const simdjson_error& broken) {
    return fail(errc::invalid_input, "the body is not the JSON that this endpoint takes: {}",
                error_message(broken.error()));
  }
  if (!has_input) return fail(errc::invalid_input, "\"{}\" is missing", input_member(kind));
  return out;
}

} // namespace perennial::sim
