#include "protocol/openai/create_batch.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/duration.hpp"
#include "protocol/base/suggest.hpp"
#include "protocol/jobs/json_text.hpp"
#include "protocol/openai/expires_after.hpp"
#include "protocol/openai/ids.hpp"
#include "protocol/openai/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace perennial::openai {

namespace {

using jobs::in_quotes;
using std::chrono::seconds;
/// Nothing: the field is good, or not there.
using field_error = std::optional<api_error>;

constexpr std::array<std::string_view, 14> known_fields{"input_file_id",
                                                        "endpoint",
                                                        "completion_window",
                                                        "metadata",
                                                        "output_expires_after",
                                                        "format",
                                                        "on_invalid",
                                                        "model",
                                                        "weight",
                                                        "max_attempts",
                                                        "max_line_bytes",
                                                        "priority",
                                                        "line_deadline",
                                                        "expires_after"};

constexpr int64_t most_priority = 100;
constexpr std::chrono::hours longest_time{24 * 366};

api_error wrong_type(std::string_view field, std::string_view wanted) {
  return invalid_request(fmt::format("\"{}\" must be {}", field, wanted), field, "invalid_type");
}

api_error wrong_value(std::string message, std::string_view field) {
  return invalid_request(std::move(message), field, "invalid_value");
}

field_error check_names(const json& body) {
  for (const auto& [key, value] : body.items()) {
    if (std::ranges::find(known_fields, key) != known_fields.end()) continue;
    return invalid_request(
      fmt::format("{} is not a field of a batch{}", in_quotes(key), suggest(key, known_fields)),
      jobs::shown(key), "unknown_parameter");
  }
  return std::nullopt;
}

/// A string that may be left out or null. `read` says what is wrong with it, if anything.
template <class Read>
field_error text_field(const json& body, const char* field, Read&& read) {
  const auto& value = member_of(body, field);
  if (value.is_null()) return std::nullopt;
  if (!value.is_string()) return wrong_type(field, "a string");
  return read(value.get_ref<const std::string&>());
}

/// Gives `out` what `parsed` holds, or makes an error of the field out of it.
template <class T>
field_error take(result<T> parsed, T& out, std::string_view field) {
  if (!parsed) return wrong_value(parsed.error().message, field);
  out = std::move(*parsed);
  return std::nullopt;
}

template <class T>
field_error number_field(const json& body, const char* field, uint64_t least, uint64_t most,
                         T& out) {
  const auto& value = member_of(body, field);
  if (value.is_null()) return std::nullopt;
  const auto number = value.is_number_unsigned() ? value.get<uint64_t>() : 0;
  if (!value.is_number_unsigned() || number < least || number > most) {
    return wrong_value(
      fmt::format("\"{}\" must be a whole number from {} to {}", field, least, most), field);
  }
  out = static_cast<T>(number);
  return std::nullopt;
}

field_error read_input_file(const json& body, create_batch_request& out) {
  const auto& value = member_of(body, "input_file_id");
  if (value.is_null()) {
    return invalid_request(
      "\"input_file_id\" is missing; upload the job file first and give its id", "input_file_id",
      "missing_required_parameter");
  }
  if (!value.is_string()) return wrong_type("input_file_id", "a string");
  const auto& text = value.get_ref<const std::string&>();
  const auto id = parse_id(text);
  if (id && id->kind == id_kind::file) {
    out.input_file = id->id;
    return std::nullopt;
  }
  if (id && is_file(id->kind)) {
    return wrong_value("\"input_file_id\" is the output of a batch; give a file that was uploaded",
                       "input_file_id");
  }
  return no_such("File", jobs::shown(text), "input_file_id");
}

field_error read_endpoint(const json& body, create_batch_request& out) {
  const auto& value = member_of(body, "endpoint");
  if (value.is_null()) {
    return invalid_request(fmt::format("\"endpoint\" is missing; it must be one of {}",
                                       fmt::join(jobs::endpoint_paths(), ", ")),
                           "endpoint", "missing_required_parameter");
  }
  if (!value.is_string()) return wrong_type("endpoint", "a string");
  out.endpoint = value.get<std::string>();
  if (auto checked = jobs::check_endpoint(out.endpoint); !checked) {
    return wrong_value(checked.error().message, "endpoint");
  }
  return std::nullopt;
}

field_error read_metadata(const json& body, create_batch_request& out) {
  const auto& value = member_of(body, "metadata");
  if (value.is_null()) return std::nullopt;
  if (!value.is_object()) return wrong_type("metadata", "an object of strings");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) {
      return wrong_type(
        "metadata", fmt::format("an object of strings, and that of {} is none", in_quotes(key)));
    }
    out.metadata.emplace_back(key, text.get<std::string>());
  }
  if (auto checked = check_metadata(out.metadata); !checked) {
    return wrong_value(checked.error().message, "metadata");
  }
  return std::nullopt;
}

field_error read_expiry(const json& body, create_batch_request& out) {
  const auto& value = member_of(body, "output_expires_after");
  if (value.is_null()) return std::nullopt;
  const auto after = number_of(value, "seconds");
  if (!value.is_object() || text_of(value, "anchor") != "created_at" || !after ||
      *after < shortest_expiry || *after > longest_expiry) {
    return wrong_value(fmt::format("\"output_expires_after\" must be "
                                   "{{\"anchor\":\"created_at\",\"seconds\":n}} with n from {} to "
                                   "{}",
                                   shortest_expiry, longest_expiry),
                       "output_expires_after");
  }
  out.output_expires_after = seconds{*after};
  return std::nullopt;
}

field_error duration_field(const json& body, const char* field, std::chrono::milliseconds& out) {
  return text_field(body, field, [&](const std::string& text) -> field_error {
    const auto read = parse_duration(text);
    if (read && read->count() > 0 && *read <= longest_time) {
      out = *read;
      return std::nullopt;
    }
    return wrong_value(
      fmt::format("\"{}\" must be a length of time of at most a year, as \"90s\" or \"36h\"",
                  field),
      field);
  });
}

field_error read_priority(const json& body, create_batch_request& out) {
  const auto& value = member_of(body, "priority");
  if (value.is_null()) return std::nullopt;
  const auto number = value.is_number_integer() ? value.get<int64_t>() : most_priority + 1;
  if (number < -most_priority || number > most_priority) {
    return wrong_value(
      fmt::format("\"priority\" must be a whole number from -{0} to {0}", most_priority),
      "priority");
  }
  out.priority = static_cast<int32_t>(number);
  return std::nullopt;
}

/// Our own fields.
field_error read_extras(const json& body, create_batch_request& out) {
  if (auto e = text_field(body, "format", [&](const std::string& text) {
        return take(jobs::parse_job_format(text), out.format, "format");
      })) {
    return e;
  }
  if (auto e = text_field(body, "on_invalid", [&](const std::string& text) {
        return take(parse_on_invalid(text), out.on_invalid, "on_invalid");
      })) {
    return e;
  }
  if (auto e = text_field(body, "model", [&](const std::string& text) -> field_error {
        if (text.empty())
          return wrong_value("\"model\" is empty; name a model or leave it out", "model");
        out.model = text;
        return std::nullopt;
      })) {
    return e;
  }
  if (auto e = number_field(body, "weight", 1, 100, out.weight)) return e;
  if (auto e = number_field(body, "max_attempts", 1, 100, out.max_attempts)) return e;
  if (auto e = read_priority(body, out)) return e;
  if (auto e = duration_field(body, "line_deadline", out.line_deadline)) return e;
  if (auto e = duration_field(body, "expires_after", out.expires_after)) return e;
  return number_field(body, "max_line_bytes", kib, 256 * mib, out.max_line_bytes);
}

size_t characters(std::string_view utf8) {
  return static_cast<size_t>(std::ranges::count_if(
    utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

} // namespace

std::string_view to_string(on_invalid policy) noexcept {
  return policy == on_invalid::skip ? "skip" : "fail";
}

result<on_invalid> parse_on_invalid(std::string_view word) {
  if (word == "fail") return on_invalid::fail;
  if (word == "skip") return on_invalid::skip;
  return fail(errc::invalid_input,
              "{} is no way to treat bad lines; it must be \"fail\" or \"skip\"", in_quotes(word));
}

result<seconds> parse_window(std::string_view text) {
  int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  const auto unit = std::string_view{at, static_cast<size_t>(end - at)};
  const int64_t factor = unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86'400 : 0;
  constexpr int64_t year = int64_t{366} * 86'400;
  if (error != std::errc{} || factor == 0 || number < 1 || number > year / factor) {
    return fail(errc::invalid_input,
                "{} is not a completion window; write for example 24h, 90m or 7d (up to a year)",
                in_quotes(text));
  }
  return seconds{number * factor};
}

result<void> check_metadata(const metadata_list& metadata) {
  if (metadata.size() > max_metadata_pairs) {
    return fail(errc::invalid_input, "there are {} pairs of metadata and at most {} are allowed",
                metadata.size(), max_metadata_pairs);
  }
  for (const auto& [key, value] : metadata) {
    if (key.empty() || characters(key) > max_metadata_key) {
      return fail(errc::invalid_input, "the metadata key {} must have 1 to {} characters",
                  in_quotes(key), max_metadata_key);
    }
    if (characters(value) > max_metadata_value) {
      return fail(errc::invalid_input, "the metadata value of {} has more than {} characters",
                  in_quotes(key), max_metadata_value);
    }
  }
  return {};
}

tl::expected<create_batch_request, api_error> parse_create_batch(std::string_view text) {
  const auto body = parse_object(text);
  if (!body) {
    return tl::unexpected<api_error>{invalid_request(
      "the request's body is not a JSON object; send {\"input_file_id\":…,\"endpoint\":…}", {},
      "invalid_json")};
  }
  create_batch_request out;
  const auto read_window = [&](const std::string& window) -> field_error {
    out.completion_window = window;
    return take(parse_window(window), out.window, "completion_window");
  };
  auto wrong = check_names(*body);
  if (!wrong) wrong = read_input_file(*body, out);
  if (!wrong) wrong = read_endpoint(*body, out);
  if (!wrong) wrong = text_field(*body, "completion_window", read_window);
  if (!wrong) wrong = read_metadata(*body, out);
  if (!wrong) wrong = read_expiry(*body, out);
  if (!wrong) wrong = read_extras(*body, out);
  if (wrong) return tl::unexpected<api_error>{std::move(*wrong)};
  return out;
}

} // namespace perennial::openai
