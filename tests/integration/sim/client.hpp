// A plain client of perennial-sim for its own tests.
#pragma once

#include "tests/support/sim_process.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <string>

namespace perennial::test {

inline std::string chat_body(const std::string& prompt, const std::string& model = "sim-model") {
  return nlohmann::json{{"model", model}, {"messages", {{{"role", "user"}, {"content", prompt}}}}}
    .dump();
}

/// One connection that stays open.
class sim_client {
public:
  explicit sim_client(const sim_process& sim)
    : http(sim.origin()) {
    http.set_keep_alive(true);
    http.set_tcp_nodelay(true);
    http.set_read_timeout(60);
  }

  httplib::Result chat(const std::string& prompt, const std::string& model = "sim-model") {
    return post("/v1/chat/completions", chat_body(prompt, model));
  }
  httplib::Result post(const std::string& path, const std::string& body) {
    return http.Post(path, headers, body, "application/json");
  }

  httplib::Client http;
  httplib::Headers headers;
};

inline std::string content_of(const httplib::Result& reply) {
  return nlohmann::json::parse(reply->body).at("choices").at(0).at("message").at("content");
}

inline nlohmann::json error_of(const httplib::Result& reply) {
  return nlohmann::json::parse(reply->body).at("error");
}

} // namespace perennial::test
