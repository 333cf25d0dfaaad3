#include "protocol/jobs/form_check.hpp"

#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/line_members.hpp"

#include <array>

namespace perennial::jobs {

namespace {

namespace code = problem_code;
namespace dom = simdjson::dom;

/// The parts of a JSON line, as far as they are there.
struct parts {
  member_set seen;
  std::optional<member> twice;
  std::array<dom::element, static_cast<size_t>(member::other)> value;
  bool messages = false, input = false, instructions = false, stream = false;

  const dom::element& operator[](member m) const { return value[static_cast<size_t>(m)]; }

  /// The member as a string; nothing when it is missing or something else.
  std::optional<std::string_view> text(member m) const {
    std::string_view out;
    if (!seen.has(m) || (*this)[m].get(out) != simdjson::SUCCESS) return std::nullopt;
    return out;
  }
};

bool asks_for_stream(const dom::key_value_pair& field) {
  bool on = false;
  return field.key == "stream" && field.value.get(on) == simdjson::SUCCESS && on;
}

/// A result is one body; these endpoints would answer such a request with a stream of events.
check check_stream(const job_rules& rules, bool asked) {
  const bool can = rules.endpoint == "/v1/chat/completions" || rules.endpoint == "/v1/responses" ||
                   rules.endpoint == "/v1/completions";
  if (!asked || !can) return std::nullopt;
  return finding{code::stream_not_supported,
                 "the line asks for a stream, which a batch does not have; remove \"stream\", or "
                 "set it to false"};
}

parts take_apart(const dom::object& object) {
  parts p;
  member_set twice;
  for (const auto& field : object) {
    const auto m = member_of(field.key);
    if (m == member::other) {
      p.messages |= field.key == "messages";
      p.input |= field.key == "input";
      p.instructions |= field.key == "instructions";
      p.stream |= asks_for_stream(field);
    } else if (p.seen.add(m)) {
      p.value[static_cast<size_t>(m)] = field.value;
    } else {
      twice.add(m);
    }
  }
  const bool openai = is_openai_form(p.seen);
  for (auto m = member::custom_id; m != member::other;
       m = static_cast<member>(static_cast<uint8_t>(m) + 1)) {
    if (twice.has(m) && belongs_to_form(m, openai)) p.twice = m;
  }
  return p;
}

std::string_view name(member m) {
  constexpr std::array<std::string_view, 9> names{"custom_id", "method", "url",    "body", "prompt",
                                                  "id",        "model",  "system", ""};
  return names[static_cast<size_t>(m)];
}

/// Puts the line's id into `id`.
check take_id(const parts& p, member m, std::string& id) {
  if (const auto text = p.text(m)) {
    id = *text;
  } else if (m == member::id && p[m].is_int64()) {
    id = std::to_string(p[m].get_int64().value_unsafe());
  } else if (m == member::id && p[m].is_uint64()) {
    id = std::to_string(p[m].get_uint64().value_unsafe());
  } else {
    return finding{code::invalid_custom_id,
                   fmt::format("\"{}\" is not a string; put it in quotes", name(m))};
  }
  if (id.empty()) {
    return finding{code::invalid_custom_id,
                   fmt::format("\"{}\" is empty; give the line an id of its own", name(m))};
  }
  if (id.size() > max_custom_id_bytes) {
    auto f = finding{code::invalid_custom_id,
                     fmt::format("\"{}\" is {} bytes long and at most {} are allowed; shorten it",
                                 name(m), id.size(), max_custom_id_bytes)};
    id.clear();
    return f;
  }
  if (!is_utf8(id)) { // half of a surrogate pair, written as an escape
    id.clear();
    return finding{code::invalid_custom_id,
                   fmt::format("\"{}\" has a \\u escape that is half of a character; write both "
                               "halves, or the character itself",
                               name(m))};
  }
  return std::nullopt;
}

check check_openai_form(const parts& p, const job_rules& rules, std::string& id) {
  if (!p.seen.has(member::custom_id)) {
    return finding{code::missing_custom_id,
                   "the line has no \"custom_id\"; give each line one of its own"};
  }
  if (auto wrong = take_id(p, member::custom_id, id)) return wrong;
  if (!p.seen.has(member::method)) {
    return finding{code::missing_method, "the line has no \"method\"; write \"method\":\"POST\""};
  }
  if (p.text(member::method) != "POST") {
    const auto text = p.text(member::method);
    return finding{code::invalid_method,
                   fmt::format("the method is {}; only \"POST\" is possible",
                               text ? in_quotes(*text) : std::string{"not a string"})};
  }
  if (!p.seen.has(member::url)) {
    return finding{code::missing_url,
                   fmt::format("the line has no \"url\"; write \"url\":\"{}\"", rules.endpoint)};
  }
  if (p.text(member::url) != rules.endpoint) {
    const auto text = p.text(member::url);
    return finding{
      code::url_mismatch,
      fmt::format("the url is {} and the batch's endpoint is \"{}\"; make them the same",
                  text ? in_quotes(*text) : std::string{"not a string"}, rules.endpoint)};
  }
  if (!p.seen.has(member::body)) {
    return finding{code::missing_body,
                   "the line has no \"body\"; put the request's own fields there"};
  }
  dom::object body;
  if (p[member::body].get(body) != simdjson::SUCCESS) {
    return finding{code::invalid_body, "\"body\" is not an object; write \"body\":{…}"};
  }
  bool stream = false;
  for (const auto& field : body) stream |= asks_for_stream(field);
  return check_stream(rules, stream);
}

/// Fields that the composed body has already.
check check_conflicts(const parts& p, prompt_place place) {
  const auto conflict = [](std::string_view field, std::string_view with) {
    return finding{code::conflicting_member,
                   fmt::format("the line has \"{}\" beside \"{}\", and both go to the same place; "
                               "keep one, or write the line in OpenAI's form",
                               field, with)};
  };
  const bool input = place == prompt_place::input || place == prompt_place::response;
  if (place == prompt_place::messages && p.messages) return conflict("messages", "prompt");
  if (input && p.input) return conflict("input", "prompt");
  if (place == prompt_place::response && p.instructions && p.seen.has(member::system)) {
    return conflict("instructions", "system");
  }
  return std::nullopt;
}

check check_short_form(const parts& p, const job_rules& rules, uint64_t ordinal, std::string& id) {
  const bool own_id = p.seen.has(member::id), custom_id = p.seen.has(member::custom_id);
  if (own_id && custom_id) {
    return finding{code::conflicting_member,
                   "the line has \"id\" beside \"custom_id\", which mean the same; keep one"};
  }
  if (own_id || custom_id) {
    if (auto wrong = take_id(p, own_id ? member::id : member::custom_id, id)) return wrong;
  } else {
    id = default_custom_id(ordinal);
  }
  if (!p.seen.has(member::prompt)) {
    return finding{code::missing_prompt,
                   "the line has neither \"prompt\" nor \"body\"; write {\"prompt\":\"…\"}, or "
                   "OpenAI's form with custom_id, method, url and body"};
  }
  if (!p.text(member::prompt)) {
    return finding{
      code::invalid_prompt,
      "\"prompt\" is not a string; put it in quotes, or write the line in OpenAI's form"};
  }
  if (p.seen.has(member::model) && p.text(member::model).value_or("").empty()) {
    return finding{code::invalid_model,
                   "\"model\" is not a string with a name in it; name a model or leave it out"};
  }
  if (p.seen.has(member::system) && !p.text(member::system)) {
    return finding{code::invalid_system,
                   "\"system\" is not a string; put it in quotes or leave it out"};
  }
  if (auto wrong = check_stream(rules, p.stream)) return wrong;
  const auto* to = find_endpoint(rules.endpoint);
  const auto place = to ? to->place : prompt_place::prompt;
  const bool takes_system = place == prompt_place::messages || place == prompt_place::response;
  if (p.seen.has(member::system) && !takes_system) {
    return finding{code::invalid_system,
                   fmt::format("{} has no place for \"system\"; leave it out", rules.endpoint)};
  }
  return check_conflicts(p, place);
}

} // namespace

check check_form(const dom::object& object, const job_rules& rules, uint64_t ordinal,
                 std::string& id) {
  const auto p = take_apart(object);
  if (p.twice) {
    return finding{code::duplicate_member,
                   fmt::format("the line has \"{}\" twice; keep one", name(*p.twice))};
  }
  return is_openai_form(p.seen) ? check_openai_form(p, rules, id)
                                : check_short_form(p, rules, ordinal, id);
}

} // namespace perennial::jobs
