// A service in the test's own process, with its gateway on a free port and a client for it.
#pragma once

#include "actors/gateway/gateway.hpp"
#include "actors/service/service.hpp"
#include "protocol/base/log.hpp"
#include "tests/support/run_case.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace perennial::test {

struct running_service {
  explicit running_service(const sim_process& sim, uint32_t concurrency = 16,
                           std::vector<std::string> models = {}) {
    init_log("error");
    config.data_dir = (dir / "data").string();
    actors::provider_config provider;
    provider.base_url = sim.url();
    provider.max_in_flight = concurrency;
    provider.models = std::move(models);
    config.providers.push_back(provider);
    start();
  }
  void start() {
    auto s = actors::service::start(config);
    BOOST_REQUIRE_MESSAGE(s, (s ? "" : s.error().message));
    service = std::move(*s);
    auto g = actors::gateway::start(*service, {.host = "127.0.0.1", .port = 0});
    BOOST_REQUIRE_MESSAGE(g, (g ? "" : g.error().message));
    gateway = std::move(*g);
    gateway->set_ready(true);
    client = std::make_unique<httplib::Client>("127.0.0.1", gateway->port());
    client->set_keep_alive(true);
    client->set_tcp_nodelay(true);
    client->set_read_timeout(60);
  }
  ~running_service() { stop(); }
  void stop() {
    gateway.reset();
    service.reset();
  }

  std::string upload(const std::string& content, const std::string& purpose = "batch") {
    const auto r = client->Post("/v1/files", httplib::MultipartFormDataItems{
                                               {"file", content, "jobs.jsonl", "application/jsonl"},
                                               {"purpose", purpose, "", ""}});
    BOOST_REQUIRE(r);
    BOOST_REQUIRE_MESSAGE(r->status == 200, r->body);
    return nlohmann::json::parse(r->body)["id"];
  }

  nlohmann::json post(const std::string& path, const nlohmann::json& body, int status = 200) {
    const auto r = client->Post(path, body.dump(), "application/json");
    BOOST_REQUIRE(r);
    BOOST_REQUIRE_MESSAGE(r->status == status, r->status << ": " << r->body);
    return nlohmann::json::parse(r->body);
  }

  nlohmann::json get(const std::string& path, int status = 200) {
    const auto r = client->Get(path);
    BOOST_REQUIRE(r);
    BOOST_REQUIRE_MESSAGE(r->status == status, r->status << ": " << r->body);
    return nlohmann::json::parse(r->body);
  }

  std::string content(const std::string& file) {
    const auto r = client->Get("/v1/files/" + file + "/content");
    BOOST_REQUIRE(r);
    BOOST_REQUIRE(r->status == 200);
    return r->body;
  }

  nlohmann::json create(const std::string& file) {
    return post("/v1/batches", {{"input_file_id", file},
                                {"endpoint", "/v1/chat/completions"},
                                {"completion_window", "24h"}});
  }

  /// Polls until `enough` or for as long as a test may take.
  nlohmann::json wait(const std::string& batch,
                      const std::function<bool(const nlohmann::json&)>& enough) {
    const auto until = std::chrono::steady_clock::now() + child_process::patience;
    for (;;) {
      auto b = get("/v1/batches/" + batch);
      if (enough(b)) return b;
      BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < until, "never came: " << b.dump());
      std::this_thread::yield();
    }
  }
  nlohmann::json wait_status(const std::string& batch, const std::string& status) {
    return wait(batch, [&](const nlohmann::json& b) { return b["status"] == status; });
  }

  temp_dir dir;
  actors::service_config config;
  std::unique_ptr<actors::service> service;
  std::unique_ptr<actors::gateway> gateway;
  std::unique_ptr<httplib::Client> client;
};

inline std::string job_lines(uint64_t n) {
  std::string out;
  for (uint64_t i = 0; i < n; ++i) {
    out += fmt::format(R"({{"custom_id":"{0}","method":"POST","url":"/v1/chat/completions",)"
                       R"("body":{{"model":"m","messages":[{{"role":"user","content":"{0}"}}]}}}})"
                       "\n",
                       prompt_text(i));
  }
  return out;
}

inline size_t lines_in(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace perennial::test
