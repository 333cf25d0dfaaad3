#include "protocol/openai/file_object.hpp"

#include "protocol/openai/objects_json.hpp"

namespace perennial::openai {

json as_json(const file_object& f) {
  return {{"id", f.id},
          {"object", "file"},
          {"bytes", f.bytes},
          {"created_at", f.created_at},
          {"expires_at", or_null(f.expires_at)},
          {"filename", f.filename},
          {"purpose", f.purpose},
          {"status", f.status},
          {"status_details", or_null(f.status_details)}};
}

result<file_object> file_from(const json& v) {
  if (text_of(v, "object") != "file" || text_of(v, "id").empty()) {
    return fail(errc::invalid_input, "this is not a File object");
  }
  file_object f;
  f.id = text_of(v, "id");
  f.bytes = number_of<uint64_t>(v, "bytes").value_or(0);
  f.created_at = number_of(v, "created_at").value_or(0);
  f.expires_at = number_of(v, "expires_at");
  f.filename = text_of(v, "filename");
  f.purpose = text_of(v, "purpose");
  f.status = text_of(v, "status");
  if (auto details = text_of(v, "status_details"); !details.empty()) {
    f.status_details = std::move(details);
  }
  return f;
}

std::string to_json(const file_object& file) { return dump(as_json(file)); }

result<file_object> parse_file(std::string_view text) {
  const auto value = parse_object(text);
  if (!value) return tl::unexpected<error>{value.error()};
  return file_from(*value);
}

std::string deleted_json(std::string_view file_id) {
  return dump({{"id", file_id}, {"object", "file"}, {"deleted", true}});
}

} // namespace perennial::openai
