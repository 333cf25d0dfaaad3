#include "tests/integration/sim/client.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::test;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(endpoints)

BOOST_AUTO_TEST_CASE(every_endpoint_echoes_its_own_prompt) {
  sim_process sim;
  sim_client client(sim);
  const struct {
    const char* path;
    json body;
    const char* where;
  } cases[] = {{"/v1/chat/completions", json::parse(chat_body("p1")), "/choices/0/message/content"},
               {"/v1/completions", {{"prompt", "p2"}}, "/choices/0/text"},
               {"/v1/embeddings", {{"input", "p3"}}, "/echo"},
               {"/v1/responses", {{"input", "p4"}}, "/output/0/content/0/text"},
               {"/v1/moderations", {{"input", "p5"}}, "/echo"},
               {"/v1/images/generations", {{"prompt", "p6"}}, "/data/0/revised_prompt"}};
  int i = 0;
  for (const auto& c : cases) {
    const auto reply = client.post(c.path, c.body.dump());
    BOOST_REQUIRE(reply);
    BOOST_TEST(reply->status == 200);
    BOOST_TEST(reply->has_header("x-request-id"));
    const json got = json::parse(reply->body);
    BOOST_TEST(got.at(json::json_pointer(c.where)) == "echo: p" + std::to_string(++i));
  }
  BOOST_TEST(sim.stat("answered_ok") == 6u);
  BOOST_TEST(sim.stat("connections_total") == 1u);
}

BOOST_AUTO_TEST_CASE(a_stream_comes_event_by_event_and_ends_with_done) {
  sim_process sim({"--stream-gap", "1ms"});
  sim_client client(sim);
  json body = json::parse(chat_body(std::string(300, 'a')));
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  const auto reply = client.post("/v1/chat/completions", body.dump());
  BOOST_REQUIRE(reply);
  BOOST_TEST(reply->get_header_value("Content-Type") == "text/event-stream");
  BOOST_TEST(reply->body.ends_with("data: [DONE]\n\n"));
  BOOST_TEST(reply->body.find("\"usage\":{\"prompt_tokens\":75") != std::string::npos);
  BOOST_TEST(client.chat("and the connection goes on")->status == 200);
}

BOOST_AUTO_TEST_CASE(models_health_and_unknown_paths_answer) {
  sim_process sim({"--model", "a", "--model", "b"});
  sim_client client(sim);
  const json models = json::parse(client.http.Get("/v1/models")->body);
  BOOST_TEST(models["data"].size() == 2u);
  BOOST_TEST(models["data"][1]["id"] == "b");
  BOOST_TEST(client.http.Get("/healthz")->status == 200);
  BOOST_TEST(client.http.Get("/v1/nothing")->status == 404);
  BOOST_TEST(client.http.Get("/nothing")->status == 404);
  BOOST_TEST(client.http.Get("/v1/chat/completions")->status == 405);
  const auto bad = client.post("/v1/chat/completions", "{not json");
  BOOST_TEST(bad->status == 400);
  BOOST_TEST(error_of(bad).at("type") == "invalid_request_error");
}

BOOST_AUTO_TEST_CASE(large_prompts_are_echoed_in_part_with_the_hash_of_the_whole) {
  sim_process sim({"--max-echo", "1KiB"});
  sim_client client(sim);
  const auto reply = client.chat(std::string(5 << 20, 'x'));
  BOOST_REQUIRE(reply);
  const std::string content = content_of(reply);
  BOOST_TEST(content.starts_with("echo: xxx"));
  BOOST_TEST(content.find("sha256") != std::string::npos);
  BOOST_TEST(content.size() < 1200u);
}

BOOST_AUTO_TEST_CASE(large_answers_are_padded_and_arrive_whole) {
  sim_process sim({"--answer-bytes", "8MiB"});
  sim_client client(sim);
  const auto reply = client.chat("hi");
  BOOST_REQUIRE(reply);
  BOOST_TEST(content_of(reply).size() == 8u << 20);
}

BOOST_AUTO_TEST_CASE(chunked_requests_are_understood) {
  sim_process sim;
  sim_client client(sim);
  const std::string body = chat_body("in chunks");
  const auto reply = client.http.Post(
    "/v1/chat/completions",
    [&](size_t offset, httplib::DataSink& sink) {
      if (offset < body.size())
        sink.write(body.data() + offset, 1);
      else
        sink.done();
      return true;
    },
    "application/json");
  BOOST_REQUIRE(reply);
  BOOST_TEST(content_of(reply) == "echo: in chunks");
}

BOOST_AUTO_TEST_SUITE_END()
