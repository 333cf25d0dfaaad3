#include "tools/sim/answer.hpp"

#include "protocol/base/hash.hpp"
#include "tools/sim/hash64.hpp"
#include "tools/sim/json_text.hpp"
#include "tools/sim/png.hpp"

#include <cstring>

namespace perennial::sim {

namespace {

void append_usage(std::string& out, token_usage usage, std::string_view in, std::string_view of) {
  out.append(R"("usage":{")").append(in).append("\":");
  append_number(out, usage.prompt);
  if (!of.empty()) {
    out.append(",\"").append(of).append("\":");
    append_number(out, usage.completion);
  }
  out.append(",\"total_tokens\":");
  append_number(out, usage.prompt + (of.empty() ? 0 : usage.completion));
  out.push_back('}');
}

/// Opens the object with what chat and text completions share, up to their only choice.
void append_completion_head(std::string& out, const char* prefix, const char* object,
                            const answer_context& context) {
  out.append(R"({"id":")");
  append_id(out, prefix, context.id);
  out.append(R"(","object":")").append(object).append(R"(","created":)");
  append_number(out, context.created);
  out.append(R"(,"model":")");
  append_escaped(out, context.model);
  out.append(R"(","choices":[{"index":0,)");
}

std::string render_chat(const model_request& request, std::string_view text,
                        const answer_context& context) {
  std::string out;
  out.reserve(text.size() + text.size() / 8 + 384);
  append_completion_head(out, "chatcmpl-", "chat.completion", context);
  out.append(R"("message":{"role":"assistant","content":")");
  append_escaped(out, text);
  out.append(R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],)");
  append_usage(out, usage_of(request, text), "prompt_tokens", "completion_tokens");
  out.push_back('}');
  return out;
}

std::string render_completion(const model_request& request, std::string_view text,
                              const answer_context& context) {
  std::string out;
  append_completion_head(out, "cmpl-", "text_completion", context);
  out.append(R"("text":")");
  append_escaped(out, text);
  out.append(R"(","logprobs":null,"finish_reason":"stop"}],)");
  append_usage(out, usage_of(request, text), "prompt_tokens", "completion_tokens");
  out.push_back('}');
  return out;
}

std::string render_response(const model_request& request, std::string_view text,
                            const answer_context& context) {
  std::string out(R"({"id":")");
  append_id(out, "resp_", context.id);
  out.append(R"(","object":"response","created_at":)");
  append_number(out, context.created);
  out.append(R"(,"status":"completed","error":null,"model":")");
  append_escaped(out, context.model);
  out.append(R"(","output":[{"type":"message","id":")");
  append_id(out, "msg_", context.id);
  out.append(
    R"(","status":"completed","role":"assistant","content":[{"type":"output_text","text":")");
  append_escaped(out, text);
  out.append(R"(","annotations":[]}]}],)");
  append_usage(out, usage_of(request, text), "input_tokens", "output_tokens");
  out.push_back('}');
  return out;
}

/// Numbers in [-1, 1) that follow from the text.
std::vector<float> embed(std::string_view text, uint64_t dimensions) {
  const uint64_t seed = hash64(text);
  std::vector<float> out(dimensions);
  for (uint64_t i = 0; i < dimensions; ++i)
    out[i] = static_cast<float>(2 * fraction(mix64(seed ^ mix64(i))) - 1);
  return out;
}

void append_embedding(std::string& out, const std::vector<float>& vector, bool as_base64) {
  if (as_base64) {
    std::string bytes(vector.size() * sizeof(float), '\0'); // little-endian, as OpenAI's
    std::memcpy(bytes.data(), vector.data(), bytes.size());
    out.append("\"").append(base64(bytes)).append("\"");
    return;
  }
  char sign = '[';
  for (const float f : vector) {
    out.push_back(std::exchange(sign, ','));
    fmt::format_to(std::back_inserter(out), "{}", f);
  }
  out.push_back(']');
}

std::string render_embeddings(const model_request& request, std::string_view text,
                              const answer_context& context) {
  std::string out(R"({"object":"list","data":[)");
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    out.append(i == 0 ? "" : ",").append(R"({"object":"embedding","index":)");
    append_number(out, i);
    out.append(R"(,"embedding":)");
    append_embedding(out, embed(request.inputs[i], request.dimensions), request.base64);
    out.push_back('}');
  }
  out.append(R"(],"model":")");
  append_escaped(out, context.model);
  out.append(R"(","echo":")");
  append_escaped(out, text);
  out.append("\",");
  append_usage(out, usage_of(request, text), "prompt_tokens", "");
  out.push_back('}');
  return out;
}

std::string render_moderations(const model_request& request, std::string_view text,
                               const answer_context& context) {
  std::string out(R"({"id":")");
  append_id(out, "modr-", context.id);
  out.append(R"(","model":")");
  append_escaped(out, context.model);
  out.append(R"(","results":[)");
  for (size_t i = 0; i < request.inputs.size(); ++i)
    out.append(i == 0 ? "" : ",")
      .append(R"({"flagged":false,"categories":{"violence":false,"harassment":false},)")
      .append(R"("category_scores":{"violence":0.001,"harassment":0.001}})");
  out.append(R"(],"echo":")");
  append_escaped(out, text);
  out.append("\"}");
  return out;
}

std::string render_images(const model_request& request, std::string_view text,
                          const answer_context& context) {
  std::string out(R"({"created":)");
  append_number(out, context.created);
  out.append(R"(,"data":[)");
  const uint64_t seed = hash64(request.prompt);
  for (uint64_t i = 0; i < request.n; ++i) {
    out.append(i == 0 ? "" : ",").append(R"({"b64_json":")").append(base64(tiny_png(seed + i)));
    out.append(R"(","revised_prompt":")");
    append_escaped(out, text);
    out.append("\"}");
  }
  out.append("]}");
  return out;
}

} // namespace

std::string echo(std::string_view prompt, const echo_limits& limits) {
  std::string out("echo: ");
  out.reserve(std::max<size_t>(out.size() + std::min<size_t>(prompt.size(), limits.max_echo) + 96,
                               limits.answer_bytes));
  out.append(utf8_prefix(prompt, limits.max_echo));
  if (prompt.size() > limits.max_echo)
    out.append(" [cut; sha256 ").append(to_hex(sha256(prompt))).append("]");
  if (out.size() < limits.answer_bytes) out.append(" ").resize(limits.answer_bytes, '.');
  return out;
}

token_usage usage_of(const model_request& request, std::string_view text) {
  return {std::max<uint64_t>(1, (request.input_bytes + 3) / 4),
          std::max<uint64_t>(1, (text.size() + 3) / 4)};
}

void append_id(std::string& out, std::string_view prefix, uint64_t id) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.append(prefix);
  for (int shift = 60; shift >= 0; shift -= 4) out.push_back(digits[id >> shift & 15]);
}

std::string render_answer(const model_request& request, std::string_view text,
                          const answer_context& context) {
  switch (request.kind) {
  case endpoint::chat: return render_chat(request, text, context);
  case endpoint::completions: return render_completion(request, text, context);
  case endpoint::responses: return render_response(request, text, context);
  case endpoint::embeddings: return render_embeddings(request, text, context);
  case endpoint::moderations: return render_moderations(request, text, context);
  case endpoint::images: return render_images(request, text, context);
  }
  return {};
}

std::string render_models(const std::vector<std::string>& names) {
  std::string out(R"({"object":"list","data":[)");
  for (size_t i = 0; i < names.size(); ++i) {
    out.append(i == 0 ? "" : ",").append(R"({"id":")");
    append_escaped(out, names[i]);
    out.append(R"(","object":"model","created":1700000000,"owned_by":"perennial-sim"})");
  }
  out.append("]}");
  return out;
}

} // namespace perennial::sim
