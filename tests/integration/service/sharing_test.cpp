// Batches beside each other: shares, priorities, expiry, and retries by code.
#include "actors/interfaces.hpp"
#include "actors/service/ask.hpp"
#include "batches.hpp"
#include "protocol/openai/ids.hpp"
#include "tests/support/eventually.hpp"

#include <set>

using namespace perennial;
using namespace perennial::test;

BOOST_AUTO_TEST_SUITE(sharing)

BOOST_AUTO_TEST_CASE(ten_lines_behind_many_are_done_as_if_they_were_alone) {
  for (const uint32_t in_flight : {1u, 4u}) {
    sim_process sim{{"--latency", "10ms"}};
    running_service s{sim, in_flight};
    // With turns alone each of ten lines would wait for one of each of these.
    std::vector<std::string> big;
    for (const char* name : {"big", "more", "most", "next"})
      big.push_back(create(s, s.upload(lines_named(name, 10'000)), json::object(), "alice"));
    for (const auto& id : big) s.wait(id, [](const json& b) { return completed(b) > 100; });
    sim.control({{"latency_ms", 200}});
    const auto slow_from = sim.stat("requests");
    BOOST_REQUIRE(eventually([&] { return sim.stat("requests") > slow_from + 2 * in_flight; }));
    const auto small = create(s, s.upload(lines_named("small", 10)), json::object(), "alice");
    s.wait(small, [](const json& b) { return b["status"] != "validating"; });
    const auto before = sim.stat("requests");
    s.wait_status(small, "completed");
    const auto calls = sim.stat("requests") - before;
    BOOST_TEST_MESSAGE(calls << " calls with " << in_flight
                             << " at once between the beginning and the end of ten lines");
    // Besides the ten, what was on its way to a worker; places that got free while the last of the
    // ten were out; and what went out before we saw the end.
    BOOST_TEST(calls <= 10 + 4 * in_flight + 8);
    BOOST_TEST(s.get("/v1/batches/" + big[0])["status"] == "in_progress");
    for (const auto& id : big) s.post("/v1/batches/" + id + "/cancel", json::object());
  }
}

BOOST_AUTO_TEST_CASE(keys_share_equally_and_a_priority_counts_within_one_key) {
  sim_process sim{{"--latency", "5ms"}};
  running_service s{sim, 8};
  const auto low = create(s, s.upload(lines_named("low", 20'000)), json::object(), "alice");
  s.wait(low, [](const json& b) { return completed(b) > 100; });
  const auto high =
    create(s, s.upload(lines_named("high", 20'000)), json{{"priority", 10}}, "alice");
  const auto other = create(s, s.upload(lines_named("other", 20'000)), json::object(), "bob");
  s.wait(other, [](const json& b) { return completed(b) > 100; });
  s.wait(high, [](const json& b) { return completed(b) > 100; });
  const auto first = completed(s.get("/v1/batches/" + low));
  const auto high_first = completed(s.get("/v1/batches/" + high));
  const auto other_first = completed(s.get("/v1/batches/" + other));
  s.wait(high, [&](const json& b) { return completed(b) > high_first + 1'000; });
  // The low one stood still but for what was out; bob got as much as alice.
  BOOST_TEST(completed(s.get("/v1/batches/" + low)) <= first + 64);
  const auto bobs = completed(s.get("/v1/batches/" + other)) - other_first;
  BOOST_TEST(bobs >= 800U);
  BOOST_TEST(bobs <= 1'400U);
  for (const auto& id : {low, high, other}) s.post("/v1/batches/" + id + "/cancel", json::object());
}

BOOST_AUTO_TEST_CASE(a_batch_expires_where_it_was_asked_for_and_keeps_what_is_done) {
  sim_process sim{{"--hold", "x7"}};
  running_service s{sim, 4};
  const auto id = create(s, s.upload(lines_named("x", 60) + lines_named("y", 20)),
                         json{{"expires_after", "3s"}, {"completion_window", "24h"}});
  const auto made = s.get("/v1/batches/" + id);
  BOOST_TEST(made["expires_at"].is_number());
  BOOST_TEST(made["completion_window"] == "24h");
  s.wait(id, [&](const json& b) { return completed(b) == 79; });
  sim.control({{"outage", true}}); // what is held never ends; and nobody waits for it for ever
  const auto over = s.wait_status(id, "expired");
  BOOST_TEST(completed(over) == 79U);
  BOOST_TEST((failures(s, over) == std::map<std::string, int>{{"batch_expired", 1}}));
  sim.control({{"outage", false}, {"hold", ""}});
  const auto again = s.post("/v1/batches/" + id + "/retry", json{{"only", "batch_expired"}});
  const auto end = s.wait_status(again["id"], "completed");
  BOOST_TEST(end["request_counts"]["total"] == 1);
}

BOOST_AUTO_TEST_CASE(batches_expire_and_lines_have_a_deadline_where_the_configuration_says_so) {
  sim_process sim{{"--hold", "x"}};
  running_service s{sim, 2};
  s.stop();
  s.config.batch_expires_after = std::chrono::seconds{4};
  s.config.line_deadline = std::chrono::milliseconds{500};
  s.start();
  const auto file = s.upload(lines_named("x", 2) + lines_named("y", 2));
  const auto usual = create(s, file, json::object());
  const auto own = create(s, file, json{{"expires_after", "1h"}, {"line_deadline", "1h"}});
  const auto made = s.get("/v1/batches/" + usual);
  BOOST_TEST(made["expires_at"].get<int64_t>() - made["created_at"].get<int64_t>() == 4);
  const auto over = s.wait(
    usual, [](const json& b) { return b["status"] == "completed" || b["status"] == "expired"; });
  BOOST_TEST(failures(s, over)["deadline_exceeded"] + failures(s, over)["batch_expired"] >= 2);
  BOOST_TEST(s.get("/v1/batches/" + own)["request_counts"]["failed"] == 0); // by its own word
  sim.control({{"hold", ""}});
  BOOST_TEST(completed(s.wait_status(own, "completed")) == 4U);
}

BOOST_AUTO_TEST_CASE(an_expiry_that_passed_while_the_service_was_away_holds_at_its_start) {
  sim_process sim{{"--hold", "x3"}};
  running_service s{sim, 1};
  const auto id = create(s, s.upload(lines_named("x", 10)), json{{"expires_after", "1500ms"}});
  const auto expires = s.wait(id, [](const json& b) { return completed(b) == 3; })["expires_at"];
  s.stop();
  while (wall_now().time_since_epoch() < std::chrono::seconds{expires.get<int64_t>() + 2}) {
    std::this_thread::yield();
  }
  s.start();
  const auto over = s.wait_status(id, "expired");
  BOOST_TEST(completed(over) == 3U);
  BOOST_TEST(failures(s, over).at("batch_expired") == 7);
}

BOOST_AUTO_TEST_CASE(a_batch_that_asked_for_no_expiry_has_none_whatever_its_window) {
  sim_process sim;
  running_service s{sim};
  const auto id = create(s, s.upload(lines_named("x", 3)), json{{"completion_window", "1m"}});
  BOOST_TEST(s.get("/v1/batches/" + id)["expires_at"].is_null());
  BOOST_TEST(s.wait_status(id, "completed")["completion_window"] == "1m");
}

BOOST_AUTO_TEST_CASE(a_retry_takes_the_lines_with_its_code_only) {
  sim_process sim{{"--forbid", "bad", "--wrong-model", "gone"}};
  running_service s{sim, 4};
  auto text = lines_named("good", 5) + lines_named("bad", 3);
  const auto id = create(s, s.upload(text), json::object());
  const auto over = s.wait_status(id, "completed");
  BOOST_TEST((failures(s, over) == std::map<std::string, int>{{"403", 3}}));
  s.post("/v1/batches/" + id + "/retry", json{{"only", "no such code"}}, 400);
  sim.control({{"forbid", ""}});
  const auto again = s.post("/v1/batches/" + id + "/retry", json{{"only", "403"}});
  BOOST_TEST(completed(s.wait_status(again["id"], "completed")) == 3U);
}

namespace {

/// A sim and a service, and a batch at its end with 4 good lines, 3 with 403 and 2 with 500.
struct two_codes {
  sim_process sim{{"--forbid", "bad", "--fail-model", "broken"}};
  running_service s{sim, 1};
  std::string id;

  two_codes() {
    auto text = lines_named("good", 4) + lines_named("bad", 3);
    for (int i = 0; i < 2; ++i) {
      text += fmt::format("{{\"id\":\"b{0}\",\"model\":\"broken\",\"prompt\":\"b{0}\"}}\n", i);
    }
    id = create(s, s.upload(text), json{{"max_attempts", 1}});
    const auto over = s.wait_status(id, "completed");
    BOOST_REQUIRE((failures(s, over) == std::map<std::string, int>{{"403", 3}, {"500", 2}}));
  }

  json retry(const json& body, int status = 200) {
    return s.post("/v1/batches/" + id + "/retry", body, status);
  }
  std::string refusal(const json& body, int status) {
    return retry(body, status)["error"]["message"];
  }
  /// How many lines a retry ran again, at its end.
  uint64_t lines_of(const json& made) {
    return s.wait_status(made["id"], "completed")["request_counts"]["total"];
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_retry_of_one_code_leaves_the_others_in_reach, two_codes) {
  sim.control({{"fail_model", ""}});
  BOOST_TEST(lines_of(retry({{"only", "500"}})) == 2U);
  BOOST_TEST(refusal({{"only", "500"}}, 409).find("403 (3 lines)") != std::string::npos);
  BOOST_TEST(lines_of(retry({{"only", "403"}})) == 3U); // and they are forbidden again
  sim.control({{"forbid", ""}});
  const auto last = retry(json::object());
  BOOST_TEST(lines_of(last) == 3U);
  BOOST_TEST(refusal(json::object(), 409).find("nothing to retry") != std::string::npos);
  const auto results = s.client->Get("/v1/batches/" + last["id"].get<std::string>() + "/results");
  BOOST_REQUIRE(results);
  BOOST_TEST(lines_in(results->body) == 9U);
  BOOST_TEST(results->body.find("\"status_code\":500") == std::string::npos);
  BOOST_TEST(results->body.find("\"status_code\":403") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_retry_of_a_code_that_no_line_has_says_which_there_are, two_codes) {
  const auto says = refusal({{"only", "502"}}, 409);
  BOOST_TEST(says.find("403 (3 lines), 500 (2 lines)") != std::string::npos, says);
  BOOST_TEST(s.get("/v1/batches")["data"].size() == 1U); // nothing was made
}

BOOST_FIXTURE_TEST_CASE(an_empty_retry_ends_at_once_and_blocks_no_later_one, two_codes) {
  // As where the gateway did not look for long enough: the dispatcher makes it.
  const auto made = actors::ask<storage::created_batch>(
    s.service->system(), s.service->dispatcher(), std::chrono::seconds{30}, actors::retry_atom_v,
    *openai::parse_batch_id(id), std::string{"502"});
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  BOOST_TEST(lines_of({{"id", openai::batch_id(made->batch.id)}}) == 0U);
  sim.control({{"forbid", ""}, {"fail_model", ""}});
  BOOST_TEST(lines_of(retry({{"only", "403"}})) == 3U);
  BOOST_TEST(lines_of(retry(json::object())) == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_retry_whose_code_is_not_understood_is_refused_not_one_of_all, two_codes) {
  BOOST_TEST(refusal({{"only", 500}}, 400) == "\"only\" must be a string in quotes, or left out");
  for (const auto& body :
       {json{{"only", true}}, json{{"only", json::array({"500"})}}, json{{"only", ""}},
        json{{"olny", "500"}}, json::array({"500"}), json("500"), json(500), json(nullptr)}) {
    BOOST_TEST_CONTEXT(body.dump()) retry(body, 400);
  }
  const auto no_json =
    s.client->Post("/v1/batches/" + id + "/retry", "only=500", "application/json");
  BOOST_REQUIRE(no_json);
  BOOST_TEST(no_json->status == 400);
  const auto says = refusal({{"only", "timeout"}}, 400);
  BOOST_TEST(says.find("retries_used_up") != std::string::npos, says);
  BOOST_TEST(refusal({{"only", "line_invalid"}}, 400).find("mend them") != std::string::npos);
  s.post("/v1/batches/" + id + "/pause", {{"reason", 5}}, 400);
  BOOST_TEST(s.get("/v1/batches")["data"].size() == 1U); // nothing was made
  sim.control({{"forbid", ""}, {"fail_model", ""}});
  BOOST_TEST(lines_of(retry({{"only", nullptr}})) == 5U); // null is left out
}

BOOST_AUTO_TEST_CASE(a_retry_where_only_invalid_lines_failed_says_that_they_cannot_run) {
  sim_process sim;
  running_service s{sim, 4};
  const auto id =
    create(s, s.upload(lines_named("x", 3) + "{\"id\":1}\n"), {{"on_invalid", "skip"}});
  s.wait_status(id, "completed");
  const auto refused = s.post("/v1/batches/" + id + "/retry", json::object(), 409);
  const auto says = refused["error"]["message"].get<std::string>();
  BOOST_TEST(says.find("line_invalid") != std::string::npos, says);
}

BOOST_AUTO_TEST_CASE(a_retry_with_no_body_runs_all_that_failed) {
  two_codes t;
  t.sim.control({{"forbid", ""}, {"fail_model", ""}});
  const auto r = t.s.client->Post("/v1/batches/" + t.id + "/retry", "", "application/json");
  BOOST_REQUIRE(r);
  BOOST_REQUIRE_MESSAGE(r->status == 200, r->body);
  BOOST_TEST(t.lines_of(json::parse(r->body)) == 5U);
}

BOOST_AUTO_TEST_SUITE_END()
