// The HTTP API against a running service, in one process, with the fake provider beside it.
#include "actors/gateway/gateway.hpp"
#include "actors/service/service.hpp"
#include "protocol/base/log.hpp"
#include "tests/support/run_case.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <httplib.h>

#include <functional>
#include <thread>

using namespace perennial;
using namespace perennial::test;
using nlohmann::json;

namespace {

/// A service with its gateway on a free port, and a client for it.
struct running_service {
  explicit running_service(const sim_process& sim, uint32_t concurrency = 16) {
    init_log("error");
    actors::service_config config;
    config.data_dir = (dir / "data").string();
    actors::provider_config provider;
    provider.base_url = sim.url();
    provider.max_in_flight = concurrency;
    config.providers.push_back(provider);
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
  ~running_service() {
    gateway.reset();
    service.reset();
  }

  std::string upload(const std::string& content, const std::string& purpose = "batch") {
    const auto r = client->Post("/v1/files", httplib::MultipartFormDataItems{
                                               {"file", content, "jobs.jsonl", "application/jsonl"},
                                               {"purpose", purpose, "", ""}});
    BOOST_REQUIRE(r);
    BOOST_REQUIRE_MESSAGE(r->status == 200, r->body);
    return json::parse(r->body)["id"];
  }

  json post(const std::string& path, const json& body, int status = 200) {
    const auto r = client->Post(path, body.dump(), "application/json");
    BOOST_REQUIRE(r);
    BOOST_REQUIRE_MESSAGE(r->status == status, r->status << ": " << r->body);
    return json::parse(r->body);
  }

  json get(const std::string& path, int status = 200) {
    const auto r = client->Get(path);
    BOOST_REQUIRE(r);
    BOOST_REQUIRE_MESSAGE(r->status == status, r->status << ": " << r->body);
    return json::parse(r->body);
  }

  std::string content(const std::string& file) {
    const auto r = client->Get("/v1/files/" + file + "/content");
    BOOST_REQUIRE(r);
    BOOST_REQUIRE(r->status == 200);
    return r->body;
  }

  json create(const std::string& file) {
    return post("/v1/batches", {{"input_file_id", file},
                                {"endpoint", "/v1/chat/completions"},
                                {"completion_window", "24h"}});
  }

  /// Polls until `enough` or for as long as a test may take.
  json wait(const std::string& batch, const std::function<bool(const json&)>& enough) {
    const auto until = std::chrono::steady_clock::now() + child_process::patience;
    for (;;) {
      auto b = get("/v1/batches/" + batch);
      if (enough(b)) return b;
      BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < until, "never came: " << b.dump());
      std::this_thread::yield();
    }
  }
  json wait_status(const std::string& batch, const std::string& status) {
    return wait(batch, [&](const json& b) { return b["status"] == status; });
  }

  temp_dir dir;
  std::unique_ptr<actors::service> service;
  std::unique_ptr<actors::gateway> gateway;
  std::unique_ptr<httplib::Client> client;
};

std::string job_lines(uint64_t n) {
  std::string out;
  for (uint64_t i = 0; i < n; ++i) {
    out += fmt::format(R"({{"custom_id":"{0}","method":"POST","url":"/v1/chat/completions",)"
                       R"("body":{{"model":"m","messages":[{{"role":"user","content":"{0}"}}]}}}})"
                       "\n",
                       prompt_text(i));
  }
  return out;
}

size_t lines_in(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

BOOST_AUTO_TEST_SUITE(api)

BOOST_AUTO_TEST_CASE(a_batch_runs_from_upload_to_download) {
  sim_process sim;
  running_service s{sim};
  const auto text = job_lines(500);
  const auto file = s.upload(text);
  BOOST_TEST(s.content(file) == text);
  const auto made = s.create(file);
  BOOST_TEST(made["object"] == "batch");
  const auto done = s.wait_status(made["id"], "completed");
  BOOST_TEST(done["request_counts"]["completed"] == 500);
  BOOST_TEST(done["error_file_id"].is_null());
  const auto out = s.content(done["output_file_id"]);
  BOOST_TEST(lines_in(out) == 500u);
  const auto r = s.client->Get("/v1/batches/" + made["id"].get<std::string>() + "/results");
  BOOST_REQUIRE(r);
  std::istringstream in{r->body};
  uint64_t i = 0;
  for (std::string line; std::getline(in, line); ++i) {
    BOOST_TEST(json::parse(line)["custom_id"] == prompt_text(i));
  }
  BOOST_TEST(i == 500u);
}

BOOST_AUTO_TEST_CASE(a_range_of_the_output_is_the_same_bytes) {
  sim_process sim;
  running_service s{sim};
  const auto done = s.wait_status(s.create(s.upload(job_lines(50)))["id"], "completed");
  const std::string file = done["output_file_id"];
  const auto whole = s.content(file);
  const auto r =
    s.client->Get("/v1/files/" + file + "/content", httplib::Headers{{"Range", "bytes=100-299"}});
  BOOST_REQUIRE(r);
  BOOST_TEST(r->status == 206);
  BOOST_TEST(r->body == whole.substr(100, 200));
}

BOOST_AUTO_TEST_CASE(the_same_request_within_a_minute_gives_the_same_batch) {
  sim_process sim;
  running_service s{sim};
  const auto file = s.upload(job_lines(5));
  BOOST_TEST(s.create(file)["id"] == s.create(file)["id"]);
}

BOOST_AUTO_TEST_CASE(bad_lines_fail_the_batch_and_call_nobody) {
  sim_process sim;
  running_service s{sim};
  const auto file = s.upload(job_lines(3) + "{\"custom_id\":1}\n" + job_lines(1));
  const auto b = s.wait_status(s.create(file)["id"], "failed");
  BOOST_TEST(b["errors"]["data"].size() == 2u); // a bad line, and a custom_id that is there twice
  BOOST_TEST(sim.stat("requests") == 0u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_batch_accounts_for_every_line) {
  sim_process sim{{"--latency", "50ms"}};
  running_service s{sim, 4};
  const auto id = s.create(s.upload(job_lines(400)))["id"].get<std::string>();
  s.wait(id, [](const json& b) { return b["request_counts"]["completed"] >= 10; });
  s.post("/v1/batches/" + id + "/cancel", json::object());
  const auto b = s.wait_status(id, "cancelled");
  const auto ok = s.content(b["output_file_id"]);
  const auto errors = s.content(b["error_file_id"]);
  BOOST_TEST(lines_in(ok) + lines_in(errors) == 400u);
  BOOST_TEST(errors.find("batch_cancelled") != std::string::npos);
  // Any range of the rendered part is the same bytes again.
  const auto r = s.client->Get("/v1/files/" + b["error_file_id"].get<std::string>() + "/content",
                               httplib::Headers{{"Range", "bytes=1000-5000"}});
  BOOST_REQUIRE(r);
  BOOST_TEST(r->body == errors.substr(1000, 4001));
  // The lines that never ran can be run after all.
  const auto again = s.post("/v1/batches/" + id + "/retry", json::object());
  const auto end = s.wait_status(again["id"], "completed");
  BOOST_TEST(end["request_counts"]["total"].get<size_t>() == lines_in(errors));
  BOOST_TEST(sim.stat("answered_more_than_once") == 0u);
}

BOOST_AUTO_TEST_CASE(a_paused_batch_waits_until_it_is_resumed) {
  sim_process sim{{"--latency", "20ms"}};
  running_service s{sim, 4};
  const auto id = s.create(s.upload(job_lines(200)))["id"].get<std::string>();
  s.post("/v1/batches/" + id + "/pause", json::object());
  BOOST_TEST(s.get("/v1/batches/" + id)["perennial"]["paused"] == true);
  s.post("/v1/batches/" + id + "/resume", json::object());
  s.wait_status(id, "completed");
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_a_404_that_names_it) {
  sim_process sim;
  running_service s{sim};
  BOOST_TEST(s.get("/v1/batches/batch_1", 404)["error"]["type"] == "invalid_request_error");
  s.get("/v1/files/file-1", 404);
  s.post("/v1/batches/batch_0000000000000001/cancel", json::object(), 404);
  s.get("/v1/nothing", 404);
}

BOOST_AUTO_TEST_CASE(health_says_what_is) {
  sim_process sim;
  running_service s{sim};
  s.get("/healthz");
  BOOST_TEST(s.get("/readyz")["status"] == "ready");
  s.gateway->set_ready(false);
  s.get("/readyz", 503);
}

BOOST_AUTO_TEST_SUITE_END()
