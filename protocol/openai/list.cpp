#include "protocol/openai/list.hpp"

#include "protocol/jobs/json_text.hpp"
#include "protocol/openai/objects_json.hpp"

#include <charconv>

namespace perennial::openai {

namespace {

template <class T>
std::string render(std::span<const T> items, bool has_more) {
  auto data = json::array();
  for (const auto& item : items) data.push_back(as_json(item));
  return dump({{"object", "list"},
               {"data", std::move(data)},
               {"first_id", items.empty() ? json(nullptr) : json(items.front().id)},
               {"last_id", items.empty() ? json(nullptr) : json(items.back().id)},
               {"has_more", has_more}});
}

} // namespace

std::string list_json(std::span<const file_object> files, bool has_more) {
  return render(files, has_more);
}

std::string list_json(std::span<const batch_object> batches, bool has_more) {
  return render(batches, has_more);
}

result<batch_list> parse_batch_list(std::string_view text) {
  const auto value = parse_object(text);
  if (!value) return tl::unexpected<error>{value.error()};
  const auto& data = member_of(*value, "data");
  if (text_of(*value, "object") != "list" || !data.is_array()) {
    return fail(errc::invalid_input, "this is not a list");
  }
  batch_list out;
  for (const auto& item : data) {
    auto batch = batch_from(item);
    if (!batch) return tl::unexpected<error>{batch.error()};
    out.data.push_back(std::move(*batch));
  }
  out.has_more = member_of(*value, "has_more") == json(true);
  return out;
}

tl::expected<list_query, api_error> parse_list_query(const query_params& params,
                                                     list_limits limits) {
  const auto find = [&](const char* name) -> const std::string* {
    const auto at = params.lower_bound(name);
    return at != params.end() && at->first == name && !at->second.empty() ? &at->second : nullptr;
  };
  const auto wrong = [](std::string message, const char* param) {
    return tl::unexpected<api_error>{invalid_request(std::move(message), param, "invalid_value")};
  };
  list_query out;
  out.limit = limits.standard;
  if (const auto* text = find("limit")) {
    const auto* end = text->data() + text->size();
    const auto [at, error] = std::from_chars(text->data(), end, out.limit);
    if (error != std::errc{} || at != end || out.limit < 1 || out.limit > limits.most) {
      return wrong(fmt::format("limit is {}; it must be a whole number from 1 to {}",
                               jobs::in_quotes(*text), limits.most),
                   "limit");
    }
  }
  if (const auto* text = find("after")) {
    out.after = parse_id(*text);
    if (!out.after) {
      return wrong(fmt::format("after is {}; it must be the id of the last object of the page "
                               "before",
                               jobs::in_quotes(*text)),
                   "after");
    }
  }
  if (const auto* text = find("order")) {
    if (*text != "asc" && *text != "desc") {
      return wrong(
        fmt::format("order is {}; it must be \"asc\" or \"desc\"", jobs::in_quotes(*text)),
        "order");
    }
    out.newest_first = *text == "desc";
  }
  if (const auto* text = find("purpose")) out.purpose = *text;
  return out;
}

} // namespace perennial::openai
