// Lists: {"object":"list","data":[…],"first_id","last_id","has_more"}, and what may be asked for.
#pragma once

#include "protocol/openai/api_error.hpp"
#include "protocol/openai/batch_object.hpp"
#include "protocol/openai/file_object.hpp"
#include "protocol/openai/ids.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::openai {

std::string list_json(std::span<const file_object> files, bool has_more);
std::string list_json(std::span<const batch_object> batches, bool has_more);

struct batch_list {
  std::vector<batch_object> data;
  bool has_more = false;
};

/// errc::invalid_input where it is not a list of batches.
result<batch_list> parse_batch_list(std::string_view json);

/// What makes the ranges and defaults of a list.
struct list_limits {
  uint32_t standard;
  uint32_t most;
};
inline constexpr list_limits batch_list_limits{20, 100};
inline constexpr list_limits file_list_limits{10'000, 10'000};

struct list_query {
  uint32_t limit = 0;
  std::optional<object_id> after; ///< The last object of the page before.
  bool newest_first = true;
  std::string purpose; ///< Files with this purpose only; empty: all.
};

/// Parameters of a URL, decoded.
using query_params = std::multimap<std::string, std::string>;

/// Reads limit, after, order and purpose; others are not looked at. Where one is there twice, the
/// first counts. `after` may be any id: whether it is one of this list is the caller's to check.
tl::expected<list_query, api_error> parse_list_query(const query_params& params,
                                                     list_limits limits);

} // namespace perennial::openai
