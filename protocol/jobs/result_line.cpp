#include "protocol/jobs/result_line.hpp"

#include "protocol/base/simdjson_pool.hpp"
#include "protocol/jobs/huge_body.hpp"
#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/usage_dom.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace perennial::jobs {

namespace {

template <class... Ts>
void put(std::string& out, fmt::format_string<Ts...> text, Ts&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Ts>(args)...);
}

/// A JSON string, or null where there is none.
void put_text(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    append_json_string(out, text);
  }
}

bool put_huge(std::string_view body, rendered_result& rendered) {
  const auto found = usage_of_huge(body);
  if (found) rendered.usage = *found;
  return found.has_value();
}

/// The body as it is, if it is JSON; `out` may be left with it half done otherwise.
bool put_json(std::string& out, std::string_view body, rendered_result& rendered) {
  const auto start = out.size();
  out.reserve(start + body.size() + json_padding + 256); // 256: for what follows the body
  out.append(body);
  const bool valid =
    body.size() > huge_text
      ? put_huge(body, rendered)
      : dom_pool().use(body.size(), [&](auto& parser) {
          make_room(parser, body.size());
          simdjson::dom::element root;
          if (parser.parse(out.data() + start, body.size(), false).get(root) != simdjson::SUCCESS) {
            return false;
          }
          rendered.usage = usage_of(root);
          return true;
        });
  if (!valid) return false;
  if (body.find('\n') != std::string_view::npos || body.find('\r') != std::string_view::npos) {
    out.resize(start + body.size() + json_padding);
    size_t size = 0;
    if (simdjson::minify(body.data(), body.size(), out.data() + start, size)) return false;
    out.resize(start + size);
  }
  return true;
}

void put_body(std::string& out, std::string_view body, rendered_result& rendered) {
  const auto start = out.size();
  if (body.empty()) {
    out += "null";
  } else if (!put_json(out, body, rendered)) {
    out.resize(start);
    append_json_string(out, body);
    rendered.body_is_json = false;
  }
}

/// Our own member, if anything is in it.
void put_perennial(std::string& out, const result_fields& in) {
  const auto start = out.size();
  const auto next = [&] { out += out.size() == start ? ",\"perennial\":{" : ","; };
  if (in.line_number > 0) {
    next();
    put(out, "\"line\":{}", in.line_number);
  }
  if (in.attempts > 1) {
    next();
    put(out, "\"attempts\":{}", in.attempts);
  }
  if (in.ambiguous) {
    next();
    out += "\"ambiguous\":true";
  }
  if (!in.provider.empty()) {
    next();
    out += "\"provider\":";
    append_json_string(out, in.provider);
  }
  if (!in.others.empty()) {
    next();
    out += "\"others\":[";
    for (const auto& o : in.others) {
      out += &o == in.others.data() ? "{\"provider\":" : ",{\"provider\":";
      append_json_string(out, o.provider);
      out += ",\"code\":";
      append_json_string(out, o.code);
      out += ",\"message\":";
      append_json_string(out, o.message);
      out += '}';
    }
    out += ']';
  }
  if (in.model_replaced) {
    next();
    out += "\"model_replaced\":{\"from\":";
    put_text(out, in.model_before);
    out += ",\"to\":";
    put_text(out, in.model);
    out += '}';
  }
  if (out.size() != start) out += '}';
}

/// Takes `word` off the front.
bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

/// Takes a JSON string or null off the front.
bool take_text(std::string_view& text, std::string& out) {
  if (take(text, "null")) return true;
  if (!take(text, "\"")) return false;
  size_t end = 0;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2U : 1U;
  if (end >= text.size() || !append_unescaped(out, text.substr(0, end))) return false;
  text.remove_prefix(end + 1);
  return true;
}

bool take_number(std::string_view& text, int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool take_head(std::string_view text, result_head& out) {
  std::string id;
  if (!take(text, "{\"id\":") || !take_text(text, id) || !take(text, ",\"custom_id\":") ||
      !take_text(text, out.custom_id) || !take(text, ",\"response\":")) {
    return false;
  }
  if (take(text, "{\"status_code\":")) return take_number(text, out.status_code);
  if (!take(text, "null,\"error\":")) return false;
  return take(text, "null") || (take(text, "{\"code\":") && take_text(text, out.error_code));
}

} // namespace

void render_result_head(const result_fields& in, std::string& out) {
  put(out, "{{\"id\":\"batch_req_{:016x}{:010x}\",\"custom_id\":", in.batch, in.ordinal);
  put_text(out, in.custom_id);
  out += ",\"response\":";
  if (in.status_code == 0) {
    out += "null";
    return;
  }
  put(out, "{{\"status_code\":{},\"request_id\":", in.status_code);
  put_text(out, in.request_id);
  out += ",\"body\":";
}

void render_result_tail(const result_fields& in, std::string& out) {
  if (in.status_code != 0) out += '}';
  out += ",\"error\":";
  if (in.error_code.empty()) {
    out += "null";
  } else {
    out += "{\"code\":";
    append_json_string(out, in.error_code);
    out += ",\"message\":";
    append_json_string(out, in.error_message);
    out += '}';
  }
  put_perennial(out, in);
  out += "}\n";
}

rendered_result render_result(const result_fields& in, std::string& out) {
  rendered_result rendered;
  const auto start = out.size();
  render_result_head(in, out);
  if (in.status_code != 0) put_body(out, in.body, rendered);
  render_result_tail(in, out);
  rendered.bytes = out.size() - start;
  return rendered;
}

result<result_head> read_result_head(std::string_view text) {
  result_head out;
  if (!take_head(text, out))
    return fail(errc::corrupt, "this is not a result line of this program");
  return out;
}

} // namespace perennial::jobs
