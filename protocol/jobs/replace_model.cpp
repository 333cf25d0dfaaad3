#include "protocol/jobs/replace_model.hpp"

#include "protocol/base/simdjson_pool.hpp"
#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/ondemand_text.hpp"

#include <utility>
#include <vector>

namespace perennial::jobs {

namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

/// Finds the values of the object's members "model".
error_code find_models(ondemand::parser& parser, std::string_view body,
                       std::vector<std::string_view>& values) {
  make_room(parser, body.size());
  ondemand::document document;
  ondemand::object object;
  if (auto error =
        parser.iterate(body.data(), body.size(), body.size() + json_padding).get(document)) {
    return error;
  }
  if (auto error = document.get_object().get(object)) return error;
  std::string room;
  for (auto next : object) {
    ondemand::field field;
    if (auto error = std::move(next).get(field)) return error;
    written_key key;
    if (auto error = read_key(field, room, key)) return error;
    if (key.name != "model") continue;
    std::string_view text;
    if (auto error = read_text(field.value(), text)) return error;
    values.push_back(text);
  }
  return simdjson::SUCCESS;
}

/// The body with a first member "model" put in.
std::string with_model(std::string_view body, std::string_view model_text) {
  const auto brace = body.find('{') + 1;
  const bool no_members = body.find_first_not_of(" \t\r\n", brace) == body.rfind('}');
  std::string out;
  out.reserve(body.size() + model_text.size() + 16);
  out.append(body, 0, brace).append("\"model\":").append(model_text);
  if (!no_members) out += ',';
  out.append(body, brace);
  return out;
}

} // namespace

result<replaced_model> replace_model(std::string_view body, std::string_view model) {
  std::vector<std::string_view> values;
  const auto error = ondemand_pool().use(
    body.size(), [&](auto& parser) { return find_models(parser, body, values); });
  if (error) {
    return fail(errc::invalid_input, "the body is not a JSON object: {}",
                simdjson::error_message(error));
  }
  std::string text;
  append_json_string(text, model);
  replaced_model out;
  if (values.empty()) {
    out.changed = true;
    out.body = with_model(body, text);
    return out;
  }
  // The first of two equal keys is the one that counts, and the one that is reported.
  if (const auto first = values.front(); first.size() >= 2 && first.front() == '"') {
    (void)append_unescaped(out.before, first.substr(1, first.size() - 2));
  }
  const auto* copied = body.data();
  const auto copy_to = [&](const char* end) {
    out.body.append(copied, static_cast<size_t>(end - copied));
    copied = end;
  };
  for (const auto value : values) {
    if (value == text) continue;
    out.changed = true;
    copy_to(value.data());
    out.body += text;
    copied += value.size();
  }
  if (out.changed) copy_to(body.data() + body.size());
  return out;
}

} // namespace perennial::jobs
