#include "tools/sim/stream.hpp"

#include "tools/sim/json_text.hpp"

#include <fmt/format.h>

#include <iterator>

namespace perennial::sim {

namespace {

constexpr size_t piece_bytes = 48;                 // of text in one event
constexpr std::string_view event_end = "\n\n\r\n"; // of the event, then of its chunk

/// Writes events, each in a chunk of its own.
class event_writer {
public:
  void data(std::string_view event) {
    fmt::format_to(std::back_inserter(out_), "{:x}\r\ndata: {}\n\n\r\n", event.size() + 8, event);
  }
  void named(std::string_view name, std::string_view event) {
    fmt::format_to(std::back_inserter(out_), "{:x}\r\nevent: {}\ndata: {}\n\n\r\n",
                   name.size() + event.size() + 16, name, event);
  }
  std::string finish() && {
    out_.append("0\r\n\r\n");
    return std::move(out_);
  }

private:
  std::string out_;
};

/// Calls `take` with the text in pieces that end between characters.
template <class Take>
void for_each_piece(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::string_view piece = utf8_prefix(text, piece_bytes);
    take(piece);
    text.remove_prefix(piece.size());
  }
}

/// Streams of chat and of text completions: the same envelope round different choices.
class completion_stream {
public:
  completion_stream(const model_request& request, const answer_context& context)
    : chat_(request.kind == endpoint::chat) {
    envelope_ = R"({"id":")";
    append_id(envelope_, chat_ ? "chatcmpl-" : "cmpl-", context.id);
    envelope_.append(R"(","object":")")
      .append(chat_ ? "chat.completion.chunk" : "text_completion")
      .append(R"(","created":)");
    append_number(envelope_, context.created);
    envelope_.append(R"(,"model":")");
    append_escaped(envelope_, context.model);
    envelope_.append("\",");
  }

  /// One event with one choice: a delta of chat, or a piece of text.
  void choice(std::string_view delta, std::string_view finish) {
    std::string event = envelope_;
    event.append(R"("choices":[{"index":0,)").append(delta);
    event.append(R"(,"logprobs":null,"finish_reason":)").append(finish).append("}]}");
    events_.data(event);
  }

  void text(std::string_view piece) {
    std::string delta(chat_ ? R"("delta":{"content":")" : R"("text":")");
    append_escaped(delta, piece);
    choice(delta.append(chat_ ? "\"}" : "\""), "null");
  }

  void usage(token_usage usage) {
    events_.data(fmt::format(
      R"({}"choices":[],"usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}}}})",
      envelope_, usage.prompt, usage.completion, usage.prompt + usage.completion));
  }

  std::string finish() && {
    events_.data("[DONE]");
    return std::move(events_).finish();
  }

private:
  bool chat_;
  std::string envelope_;
  event_writer events_;
};

std::string stream_completion(const model_request& request, std::string_view text,
                              const answer_context& context) {
  const bool chat = request.kind == endpoint::chat;
  completion_stream out(request, context);
  if (chat) out.choice(R"("delta":{"role":"assistant","content":""})", "null");
  for_each_piece(text, [&](std::string_view piece) { out.text(piece); });
  out.choice(chat ? R"("delta":{})" : R"("text":"")", "\"stop\"");
  if (request.include_usage) out.usage(usage_of(request, text));
  return std::move(out).finish();
}

std::string stream_response(const model_request& request, std::string_view text,
                            const answer_context& context) {
  event_writer out;
  std::string id;
  append_id(id, "resp_", context.id);
  out.named("response.created", fmt::format(R"({{"type":"response.created","response":{{"id":"{}",)"
                                            R"("object":"response","status":"in_progress"}}}})",
                                            id));
  for_each_piece(text, [&](std::string_view piece) {
    std::string event(R"({"type":"response.output_text.delta","output_index":0,"delta":")");
    append_escaped(event, piece);
    out.named("response.output_text.delta", event.append("\"}"));
  });
  out.named("response.completed", fmt::format(R"({{"type":"response.completed","response":{}}})",
                                              render_answer(request, text, context)));
  return std::move(out).finish();
}

} // namespace

bool can_stream(endpoint kind) {
  return kind == endpoint::chat || kind == endpoint::completions || kind == endpoint::responses;
}

std::string render_stream(const model_request& request, std::string_view text,
                          const answer_context& context) {
  return request.kind == endpoint::responses ? stream_response(request, text, context)
                                             : stream_completion(request, text, context);
}

size_t end_of_event(std::string_view body, size_t from) {
  const size_t at = body.find(event_end, from);
  return at == std::string_view::npos ? body.size() : at + event_end.size();
}

} // namespace perennial::sim
