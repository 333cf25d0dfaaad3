#include "protocol/jobs/validator.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/line_members.hpp"
#include "protocol/jobs/simdjson_pool.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <string>

namespace perennial::jobs {

namespace {

namespace code = problem_code;
namespace dom = simdjson::dom;

constexpr size_t own_parser_limit = 1024 * 1024;

/// What is wrong with a line, before its place in the file is known.
struct finding {
  std::string_view code;
  std::string message;
};
using check = std::optional<finding>;

finding json_problem(simdjson::error_code error) {
  const auto invalid = [](std::string_view why) {
    return finding{code::invalid_json_line, fmt::format("the line is not valid JSON: {}", why)};
  };
  switch (error) {
  case simdjson::UNCLOSED_STRING: return invalid("a string is not closed; add its quote");
  case simdjson::STRING_ERROR: return invalid("a string has a wrong escape; mend what follows the \\");
  case simdjson::UNESCAPED_CHARS:
    return invalid("a control character stands in a string; write it as \\n, \\t or \\u00XX");
  case simdjson::T_ATOM_ERROR:
  case simdjson::F_ATOM_ERROR:
  case simdjson::N_ATOM_ERROR:
    return invalid("a bare word is none of true, false and null; put text in quotes");
  case simdjson::NUMBER_ERROR:
    return {code::invalid_json_line,
            "the line has a number that is not valid JSON, or one beyond 64 bits or 1e308 (such as "
            "1e400), which JSON allows and this program does not; write it smaller or as a string"};
  case simdjson::DEPTH_ERROR:
    return {code::invalid_json_line,
            "the line is nested deeper than 1,024 levels; make it flatter"};
  case simdjson::MEMALLOC:
  case simdjson::CAPACITY:
    return {code::line_too_long, "there is not enough memory to check the line; make it shorter"};
  default:
    return invalid("brackets, commas, colons and quotes do not fit; write one whole object on one "
                   "line, and nothing after it");
  }
}

/// The parts of a JSON line, as far as they are there.
struct parts {
  member_set seen;
  std::optional<member> twice;
  std::array<dom::element, static_cast<size_t>(member::other)> value;
  bool messages = false, input = false, instructions = false;

  const dom::element& operator[](member m) const { return value[static_cast<size_t>(m)]; }

  /// The member as a string; nothing when it is missing or something else.
  std::optional<std::string_view> text(member m) const {
    std::string_view out;
    if (!seen.has(m) || (*this)[m].get(out) != simdjson::SUCCESS) return std::nullopt;
    return out;
  }
};

parts take_apart(const dom::object& object) {
  parts p;
  member_set twice;
  for (const auto& field : object) {
    const auto m = member_of(field.key);
    if (m == member::other) {
      p.messages |= field.key == "messages";
      p.input |= field.key == "input";
      p.instructions |= field.key == "instructions";
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
                               text ? quoted(*text) : std::string{"not a string"})};
  }
  if (!p.seen.has(member::url)) {
    return finding{code::missing_url, fmt::format("the line has no \"url\"; write \"url\":\"{}\"",
                                                  rules.endpoint)};
  }
  if (p.text(member::url) != rules.endpoint) {
    const auto text = p.text(member::url);
    return finding{code::url_mismatch,
                   fmt::format("the url is {} and the batch's endpoint is \"{}\"; make them the same",
                               text ? quoted(*text) : std::string{"not a string"}, rules.endpoint)};
  }
  if (!p.seen.has(member::body)) {
    return finding{code::missing_body,
                   "the line has no \"body\"; put the request's own fields there"};
  }
  if (!p[member::body].is_object()) {
    return finding{code::invalid_body, "\"body\" is not an object; write \"body\":{…}"};
  }
  return std::nullopt;
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
    return finding{code::invalid_prompt,
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

struct validator::impl {
  job_rules rules;
  dom::parser parser;
  std::string custom_id;

  check run(const line& l) {
    custom_id.clear();
    if (l.too_long || l.size > rules.max_line_bytes) {
      return finding{code::line_too_long,
                     fmt::format("the line is {} long and at most {} are allowed; make it shorter or "
                                 "raise the limit for lines (max_line_bytes)",
                                 format_bytes(l.size), format_bytes(rules.max_line_bytes))};
    }
    if (rules.format == job_format::text) {
      custom_id = default_custom_id(l.ordinal);
      return check_bytes(l.bytes);
    }
    return with_parser(parser, l.bytes.size(), own_parser_limit, [&](auto& p) {
      auto wrong = check_json(p, l);
      // Bad bytes are bad JSON to the parser; look what it was only after it has said so.
      if (wrong && wrong->code == code::invalid_json_line) {
        if (auto bytes = check_bytes(l.bytes)) return check{bytes};
      }
      return wrong;
    });
  }

  static check check_bytes(std::string_view bytes) {
    if (!is_utf8(bytes)) {
      return finding{code::invalid_utf8, "the line is not UTF-8; save the file in that encoding"};
    }
    if (std::memchr(bytes.data(), 0, bytes.size())) {
      return finding{code::nul_byte, "the line has a NUL byte; the file is damaged or not text: "
                                     "remove it, or save the file as UTF-8"};
    }
    return std::nullopt;
  }

  check check_json(dom::parser& p, const line& l) {
    dom::element root;
    if (auto error = p.parse(l.bytes.data(), l.bytes.size(), false).get(root)) {
      return json_problem(error);
    }
    dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
      return finding{code::not_an_object,
                     "the line is not a JSON object; write one {…} on each line"};
    }
    const auto parts = take_apart(object);
    if (parts.twice) {
      return finding{code::duplicate_member,
                     fmt::format("the line has \"{}\" twice; keep one", name(*parts.twice))};
    }
    return is_openai_form(parts.seen) ? check_openai_form(parts, rules, custom_id)
                                      : check_short_form(parts, rules, l.ordinal, custom_id);
  }
};

validator::validator(job_rules rules)
  : impl_(std::make_unique<impl>()) {
  impl_->rules = std::move(rules);
}
validator::~validator() = default;
validator::validator(validator&&) noexcept = default;
validator& validator::operator=(validator&&) noexcept = default;

tl::expected<std::string_view, line_problem> validator::validate(const line& l) {
  auto wrong = impl_->run(l);
  if (!wrong) return std::string_view{impl_->custom_id};
  line_problem p;
  p.number = l.number;
  p.offset = l.offset;
  p.code = wrong->code;
  p.message = std::move(wrong->message);
  p.custom_id = impl_->custom_id;
  return tl::unexpected<line_problem>{std::move(p)};
}

} // namespace perennial::jobs
