// Batches with more than the usual members, and what they came to.
#pragma once

#include "running_service.hpp"

#include <cstdint>
#include <map>
#include <sstream>
#include <string>

namespace perennial::test {

using nlohmann::json;

/// Creates a batch with more than the usual members.
inline std::string create(running_service& s, const std::string& file, json extra,
                          const std::string& key = {}) {
  extra["input_file_id"] = file;
  extra["endpoint"] = "/v1/chat/completions";
  httplib::Headers headers;
  if (!key.empty()) headers.emplace("Authorization", "Bearer " + key);
  const auto r = s.client->Post("/v1/batches", headers, extra.dump(), "application/json");
  BOOST_REQUIRE(r);
  BOOST_REQUIRE_MESSAGE(r->status == 200, r->body);
  return json::parse(r->body)["id"];
}

inline uint64_t completed(const json& b) { return b["request_counts"]["completed"]; }

/// The codes of a batch's failed lines, and how often each is there.
inline std::map<std::string, int> failures(running_service& s, const json& b) {
  std::map<std::string, int> out;
  if (b["error_file_id"].is_null()) return out;
  std::istringstream in{s.content(b["error_file_id"])};
  for (std::string line; std::getline(in, line);) {
    const auto j = json::parse(line);
    ++out[j["response"].is_null() ? j["error"]["code"].get<std::string>()
                                  : std::to_string(j["response"]["status_code"].get<int>())];
  }
  return out;
}

/// Lines that the sim has not seen under other names: each batch has prompts of its own.
inline std::string lines_named(const std::string& name, uint64_t n) {
  std::string out;
  for (uint64_t i = 0; i < n; ++i) {
    out += fmt::format("{{\"id\":\"{0}{1}\",\"model\":\"m\",\"prompt\":\"{0}{1}\"}}\n", name, i);
  }
  return out;
}

} // namespace perennial::test
