// A request's target: from the request line to a path and a query. Pure.
#pragma once

#include "protocol/http/edge_limits.hpp"
#include "protocol/http/edge_refusal.hpp"

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perennial::http {

struct request_target {
  std::string path;      ///< Percent-decoded; no control characters.
  std::string origin;    ///< As sent, in origin form; only its first '?' is bare.
  std::string query;     ///< As sent.
  std::string authority; ///< Of an absolute-form target; else empty.
};

/// Takes the origin form ("/v1/files?limit=2"), the absolute form ("http://host/v1/files") and, for
/// OPTIONS, "*".
tl::expected<request_target, refusal> parse_target(std::string_view method, std::string_view target,
                                                   const edge_limits& limits);

/// Whether this can be a Host: a name or an address with an optional port, or nothing at all.
bool valid_host(std::string_view host);

/// The pairs of a query, decoded, '+' as a space.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

} // namespace perennial::http
