// The HTTP API against a running service, in one process, with the fake provider beside it.
#include "running_service.hpp"

#include "actors/memory_grant.hpp"
#include "actors/service/ask.hpp"

#include <filesystem>

using namespace perennial;
using namespace perennial::test;
using nlohmann::json;

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
  const auto none = s.get("/v1/files/file-1", 404);
  BOOST_TEST(none["error"]["message"] == "No such File object: file-1");
  BOOST_TEST(s.get("/v1/files/file-1/content", 404) == none);
  s.post("/v1/batches/batch_0000000000000001/cancel", json::object(), 404);
  s.get("/v1/nothing", 404);
}

BOOST_AUTO_TEST_CASE(a_batch_says_what_its_lines_wait_for) {
  sim_process sim;
  running_service s{sim, 16, {"other-*"}};
  const auto id = s.create(s.upload(job_lines(3)))["id"].get<std::string>();
  const auto b = s.wait(id, [](const json& j) { return !j["perennial"]["waiting_for"].empty(); });
  BOOST_TEST(b["status"] == "in_progress");
  BOOST_TEST(b["perennial"]["waiting_for"] ==
             json::array({"no provider takes the model \"m\"; add it to a provider's `models`"}));
  s.post("/v1/batches/" + id + "/cancel", json::object());
  const auto end = s.wait_status(id, "cancelled");
  BOOST_TEST(end["perennial"]["waiting_for"].empty());
}

BOOST_AUTO_TEST_CASE(a_batch_says_that_its_providers_key_was_refused) {
  sim_process sim{{"--api-key", "right"}};
  running_service s{sim};
  const auto id = s.create(s.upload(job_lines(3)))["id"].get<std::string>();
  const auto b = s.wait(id, [](const json& j) { return !j["perennial"]["waiting_for"].empty(); });
  const auto text = b["perennial"]["waiting_for"][0].get<std::string>();
  BOOST_TEST(text.find("401") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(outputs_are_files_of_the_list) {
  sim_process sim;
  sim.control({{"forbid", prompt_text(1)}});
  running_service s{sim, 1}; // the first call succeeds: the key is good
  std::vector<json> all;     // oldest first
  for (int i = 0; i < 2; ++i) {
    const auto file = s.upload(job_lines(2));
    const auto b = s.wait_status(s.create(file)["id"], "completed");
    for (const auto& id : {json(file), b["output_file_id"], b["error_file_id"]}) all.push_back(id);
  }
  const auto ids = [&](const std::string& query) {
    std::vector<json> out;
    std::string after;
    for (;;) { // a page of two at a time
      const auto page = s.get("/v1/files?limit=2" + query + after);
      for (const auto& f : page["data"]) {
        BOOST_TEST(f == s.get("/v1/files/" + f["id"].get<std::string>()));
        out.push_back(f["id"]);
      }
      if (!page["has_more"]) return out;
      after = "&after=" + page["last_id"].get<std::string>();
    }
  };
  const auto reversed = [](std::vector<json> v) {
    std::reverse(v.begin(), v.end());
    return v;
  };
  BOOST_TEST((ids("&order=asc") == all));
  BOOST_TEST((ids("") == reversed(all)));
  const std::vector<json> outputs{all[1], all[2], all[4], all[5]};
  BOOST_TEST((ids("&purpose=batch_output&order=asc") == outputs));
  BOOST_TEST((ids("&purpose=batch_output") == reversed(outputs)));
  BOOST_TEST((ids("&purpose=batch") == std::vector<json>{all[3], all[0]}));
  BOOST_TEST(ids("&purpose=vision").empty());
}

BOOST_AUTO_TEST_CASE(an_upload_may_say_when_it_expires) {
  sim_process sim;
  running_service s{sim};
  const auto upload = [&](const std::string& anchor, const std::string& seconds) {
    const auto r = s.client->Post(
      "/v1/files", httplib::MultipartFormDataItems{{"file", "{}\n", "a.jsonl", ""},
                                                   {"expires_after[anchor]", anchor, "", ""},
                                                   {"expires_after[seconds]", seconds, "", ""},
                                                   {"purpose", "batch", "", ""}});
    BOOST_REQUIRE(r);
    return json::parse(r->body);
  };
  const auto bad = upload("bogus", "3600");
  BOOST_TEST(bad["error"]["param"] == "expires_after[anchor]");
  const auto good = upload("created_at", "3600");
  BOOST_TEST(good["expires_at"].get<int64_t>() == good["created_at"].get<int64_t>() + 3600);
  BOOST_TEST(s.get("/v1/files")["data"].size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_file_whose_time_has_come_is_deleted_at_a_start) {
  sim_process sim;
  running_service s{sim};
  const auto keep = s.upload(job_lines(1));
  storage::new_file what;
  what.name = "old.jsonl";
  what.created = what.expires = wall_now() - std::chrono::hours{1};
  auto up = s.service->db().begin_upload(what);
  BOOST_REQUIRE((up && (*up)->append("{}\n") && (*up)->finish()));
  up->reset();
  s.stop();
  s.start();
  const auto until = std::chrono::steady_clock::now() + child_process::patience;
  while (s.get("/v1/files")["data"].size() > 1) {
    BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::yield();
  }
  BOOST_TEST(s.get("/v1/files")["data"][0]["id"] == keep);
}

BOOST_AUTO_TEST_CASE(a_retry_before_the_end_says_which_batch_is_not_at_its_end) {
  sim_process sim;
  sim.control({{"hold", prompt_text(0)}});
  running_service s{sim};
  const auto id = s.create(s.upload(job_lines(1)))["id"].get<std::string>();
  s.wait_status(id, "in_progress");
  const auto early = s.post("/v1/batches/" + id + "/retry", json::object(), 409);
  BOOST_TEST(early["error"]["message"] == "the batch is in_progress; wait for its end");
  s.post("/v1/batches/" + id + "/cancel", json::object());
  sim.control({{"hold", ""}});
}

BOOST_AUTO_TEST_CASE(health_says_what_is) {
  sim_process sim;
  running_service s{sim};
  s.get("/healthz");
  BOOST_TEST(s.get("/readyz")["status"] == "ready");
  s.gateway->set_ready(false);
  s.get("/readyz", 503);
}

BOOST_AUTO_TEST_CASE(results_that_went_to_files_of_their_own_are_read_by_range_as_others_are) {
  sim_process sim{{"--answer-bytes", "3MiB"}};
  running_service s{sim};
  s.stop();
  s.config.memory_budget = 64 * mib; // more than 1 MiB is not held
  s.start();
  const auto batch = s.create(s.upload(job_lines(3)))["id"].get<std::string>();
  const auto done = s.wait_status(batch, "completed");
  const auto blobs = std::filesystem::directory_iterator{s.dir / "data" / "blobs"};
  BOOST_TEST(std::distance(begin(blobs), end(blobs)) == 3);
  const auto file = done["output_file_id"].get<std::string>();
  const auto whole = s.content(file);
  BOOST_TEST(lines_in(whole) == 3U);
  BOOST_TEST(whole.size() > 9 * mib);
  const auto path = "/v1/files/" + file + "/content";
  for (const size_t from :
       {size_t{0}, size_t{1'000'000}, whole.size() / 3 - 5, whole.size() - 10}) {
    const auto to = std::min(from + 4'000'000, whole.size() - 1);
    const auto part = s.client->Get(path, {{"Range", fmt::format("bytes={}-{}", from, to)}});
    BOOST_REQUIRE(part);
    BOOST_TEST(part->status == 206);
    BOOST_TEST((part->body == whole.substr(from, to - from + 1)), from);
  }
  const auto in_order = s.client->Get("/v1/batches/" + batch + "/results");
  BOOST_REQUIRE(in_order);
  BOOST_TEST(in_order->body.size() == whole.size());
  BOOST_TEST(lines_in(in_order->body) == 3U);
}

BOOST_AUTO_TEST_CASE(where_memory_is_full_uploads_are_sent_away_and_all_else_is_answered) {
  sim_process sim{{"--hold", prompt_text(0)}};
  running_service s{sim};
  const auto batch = s.create(s.upload(job_lines(3)))["id"].get<std::string>();
  s.wait(batch, [](const json& b) { return b["request_counts"]["completed"] == 2; });
  // As if calls had taken it all. The floor of a class is granted whatever is free.
  auto all = actors::ask<actors::memory_grant_ptr>(
    s.service->system(), s.service->memory(), std::chrono::seconds{10}, actors::grant_atom_v,
    actors::memory_class::upload, s.config.memory_budget);
  BOOST_REQUIRE((all && *all));

  const auto refused = s.client->Post(
    "/v1/files", httplib::MultipartFormDataItems{{"file", job_lines(3), "jobs.jsonl", ""},
                                                 {"purpose", "batch", "", ""}});
  BOOST_REQUIRE(refused);
  BOOST_TEST(refused->status == 503);
  BOOST_TEST(refused->get_header_value("Retry-After") == "2");
  BOOST_TEST(json::parse(refused->body)["error"]["message"].get<std::string>().find("memory") !=
             std::string::npos);

  s.get("/healthz");
  s.get("/v1/batches/" + batch);
  BOOST_TEST(s.client->Get("/v1/batches/" + batch + "/results")->status == 200);
  const auto cancelled = s.post("/v1/batches/" + batch + "/cancel", json::object());
  BOOST_TEST(cancelled["status"] != "in_progress");

  all = actors::memory_grant_ptr{};
  s.upload(job_lines(3)); // waits for what was released, should it not be there yet
}

BOOST_AUTO_TEST_SUITE_END()
