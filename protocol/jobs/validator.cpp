#include "protocol/jobs/validator.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/simdjson_pool.hpp"
#include "protocol/jobs/form_check.hpp"
#include "protocol/jobs/json_text.hpp"

#include <cstring>
#include <string>

namespace perennial::jobs {

namespace {

namespace code = problem_code;
namespace dom = simdjson::dom;

finding json_problem(simdjson::error_code error) {
  const auto invalid = [](std::string_view why) {
    return finding{code::invalid_json_line, fmt::format("the line is not valid JSON: {}", why)};
  };
  switch (error) {
  case simdjson::UNCLOSED_STRING: return invalid("a string is not closed; add its quote");
  case simdjson::STRING_ERROR:
    return invalid("a string has a wrong escape; mend what follows the \\");
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

} // namespace

struct validator::impl {
  job_rules rules;
  dom::parser parser;
  std::string custom_id;

  check run(const line& l) {
    custom_id.clear();
    if (l.too_long || l.size > rules.max_line_bytes) {
      return finding{
        code::line_too_long,
        fmt::format("the line is {} long and at most {} are allowed; make it shorter or "
                    "raise the limit for lines: --max-line-bytes of a command, max_line_bytes of a "
                    "request",
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
        if (l.bytes.starts_with("\xEF\xBB\xBF")) {
          wrong->message =
            "the line is not valid JSON: it starts with a byte order mark, which may "
            "stand at the start of the file only; remove it";
        }
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
    return check_form(object, rules, l.ordinal, custom_id);
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
