#include "protocol/jobs/slicer.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/simdjson_pool.hpp"
#include "protocol/jobs/compose.hpp"
#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/line_members.hpp"
#include "protocol/jobs/ondemand_text.hpp"
#include "protocol/jobs/replace_model.hpp"

#include <utility>

namespace perennial::jobs {

namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

/// The inside of a JSON string that is given with its quotes.
bool read_string(std::string_view text, std::string& out) {
  out.clear();
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  return append_unescaped(out, text.substr(1, text.size() - 2));
}

/// The first "model" of a body, if it is a string. Leaves the object somewhere in its middle.
error_code find_model(ondemand::object& body, std::string& room, std::string& model) {
  for (auto next : body) {
    ondemand::field field;
    if (auto error = std::move(next).get(field)) return error;
    written_key key;
    if (auto error = read_key(field, room, key)) return error;
    if (key.name != "model") continue;
    std::string_view text;
    if (field.value().get_string().get(text) == simdjson::SUCCESS) model = text;
    return simdjson::SUCCESS;
  }
  return simdjson::SUCCESS;
}

} // namespace

struct slicer::impl {
  job_rules rules;
  prompt_place place = prompt_place::prompt;
  std::string rules_model; // as JSON text; empty: none
  ondemand::parser parser;

  // Of the line at hand; kept for their memory.
  member_set seen;
  body_parts parts;
  std::string_view custom_id, id;
  std::string room;

  void clear() {
    seen = {};
    parts.model = parts.system = parts.prompt = custom_id = id = {};
    parts.others.clear();
  }

  result<job_line> slice(std::string_view bytes, uint64_t ordinal) {
    job_line out;
    clear();
    if (rules.format == job_format::text) {
      slice_text(bytes, ordinal, out);
      return out;
    }
    const auto error = with_parser(parser, bytes.size(), own_parser_limit, [&](auto& p) {
      const auto failed = take_apart(p, bytes, out);
      return failed ? failed : finish(ordinal, out);
    });
    if (error) {
      return fail(errc::corrupt, "a job line that is not a good one cannot be read: {}",
                  simdjson::error_message(error));
    }
    if (is_openai_form(seen) && !rules.model.empty()) {
      auto replaced = replace_model(out.original, rules.model);
      if (!replaced) return fail(errc::corrupt, "{}", replaced.error().message);
      if (replaced->changed) {
        set_model(out, std::move(replaced->before));
        out.composed = std::move(replaced->body);
        out.original = {};
      }
    }
    return out;
  }

  void set_model(job_line& out, std::string before) const {
    out.model = rules.model;
    out.model_set = true;
    out.model_before = std::move(before);
  }

  void slice_text(std::string_view bytes, uint64_t ordinal, job_line& out) {
    room.clear();
    append_json_string(room, bytes);
    parts.prompt = room;
    parts.model = rules_model;
    out.model = rules.model;
    out.custom_id = default_custom_id(ordinal);
    compose_body(parts, place, out.composed);
  }

  /// Walks over the line's members and keeps where each is.
  error_code take_apart(ondemand::parser& p, std::string_view bytes, job_line& out) {
    ondemand::document document;
    ondemand::object object;
    if (auto error =
          p.iterate(bytes.data(), bytes.size(), bytes.size() + json_padding).get(document)) {
      return error;
    }
    if (auto error = document.get_object().get(object)) return error;
    for (auto next : object) {
      ondemand::field field;
      if (auto error = std::move(next).get(field)) return error;
      written_key key;
      if (auto error = read_key(field, room, key)) return error;
      const auto m = member_of(key.name);
      const bool is_first = seen.add(m);
      auto& value = field.value();
      if (m == member::body) {
        if (!is_first) continue;
        if (auto error = take_body(value, out)) return error;
        continue;
      }
      std::string_view text;
      if (auto error = read_text(value, text)) return error;
      switch (m) {
      case member::custom_id: custom_id = text; break;
      case member::id: id = text; break;
      case member::prompt: parts.prompt = text; break;
      case member::model: parts.model = text; break;
      case member::system: parts.system = text; break;
      case member::other: parts.others.emplace_back(key.text, text); break;
      case member::method:
      case member::url:
      case member::body: break;
      }
    }
    return simdjson::SUCCESS;
  }

  error_code take_body(ondemand::value& value, job_line& out) {
    ondemand::object body;
    if (auto error = value.get_object().get(body)) return error;
    if (auto error = find_model(body, room, out.model)) return error;
    std::string_view text;
    if (auto error = body.raw_json().get(text)) return error;
    out.original = simdjson::trim(text);
    return simdjson::SUCCESS;
  }

  error_code finish(uint64_t ordinal, job_line& out) {
    if (is_openai_form(seen)) {
      if (out.original.empty()) return simdjson::NO_SUCH_FIELD;
      return read_string(custom_id, out.custom_id) ? simdjson::SUCCESS : simdjson::STRING_ERROR;
    }
    if (parts.prompt.empty()) return simdjson::NO_SUCH_FIELD;
    const auto own_id = custom_id.empty() ? id : custom_id;
    if (own_id.empty()) {
      out.custom_id = default_custom_id(ordinal);
    } else if (own_id.front() == '"') {
      if (!read_string(own_id, out.custom_id)) return simdjson::STRING_ERROR;
    } else {
      out.custom_id = own_id == "-0" ? "0" : own_id; // a whole number, as it is written
    }
    if (!parts.model.empty() && !read_string(parts.model, out.model)) return simdjson::STRING_ERROR;
    if (!rules.model.empty()) {
      if (!parts.model.empty() && out.model != rules.model) set_model(out, std::move(out.model));
      out.model = rules.model;
      parts.model = rules_model;
    }
    compose_body(parts, place, out.composed);
    return simdjson::SUCCESS;
  }
};

slicer::slicer(job_rules rules)
  : impl_(std::make_unique<impl>()) {
  if (const auto* to = find_endpoint(rules.endpoint)) impl_->place = to->place;
  if (!rules.model.empty()) append_json_string(impl_->rules_model, rules.model);
  impl_->rules = std::move(rules);
}
slicer::~slicer() = default;
slicer::slicer(slicer&&) noexcept = default;
slicer& slicer::operator=(slicer&&) noexcept = default;

result<job_line> slicer::slice(std::string_view bytes, uint64_t ordinal) {
  return impl_->slice(bytes, ordinal);
}

} // namespace perennial::jobs
