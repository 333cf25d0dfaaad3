// `perennial providers`: what holds a provider up is seen, and mended by hand.
#include "tests/support/eventually.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/sim_process.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>
#include <optional>
#include <sstream>

using namespace perennial::test;
using nlohmann::json;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Of a result; one goes without saying.
int attempts(const json& line) {
  const auto& ours = line.value("perennial", json::object());
  return ours.value("attempts", 1);
}

struct fixture {
  temp_dir dir;
  sim_process sim;
  std::optional<serve_process> service;

  /// `more` are further lines of the provider's section.
  std::filesystem::path configure(const std::string& more = "") {
    write_file(dir / "p.toml", fmt::format("data_dir = \"{}\"\n[[providers]]\nname = \"sim\"\n"
                                           "base_url = \"{}\"\nmax_in_flight = 8\n{}\n",
                                           (dir / "data").string(), sim.url(), more));
    return dir / "p.toml";
  }
  void start(const std::string& more = "", std::map<std::string, std::string> env = {}) {
    service.emplace(std::vector<std::string>{"--config", configure(more).string()}, std::move(env));
  }

  ended_command call(std::vector<std::string> args) {
    return run_command(std::move(args), {{"PERENNIAL_URL", service->url()}});
  }
  json provider() {
    const auto ended = call({"providers", "sim", "--json"});
    BOOST_REQUIRE_MESSAGE(ended.status.ok(), ended.errors);
    return json::parse(ended.output);
  }
  /// Asks until it is so; throws where it never is.
  template <class F>
  json wait_for(F&& so) {
    json p;
    const bool there = eventually([&] {
      p = provider();
      return so(p);
    });
    if (!there) throw std::runtime_error{p.dump(2)};
    return p;
  }
  json wait_for_state(const std::string& state) {
    return wait_for([&](const json& p) { return p["state"] == state; });
  }

  std::string submit(size_t lines, const std::vector<std::string>& models = {"m"}) {
    std::string text;
    for (size_t i = 0; i < lines; ++i) {
      text += json{{"id", "line-" + std::to_string(i)},
                   {"prompt", "say " + std::to_string(i)},
                   {"model", models[i % models.size()]}}
                .dump() +
              "\n";
    }
    write_file(dir / "jobs.jsonl", text);
    const auto ended = call({"submit", (dir / "jobs.jsonl").string()});
    BOOST_REQUIRE_MESSAGE(ended.status.ok(), ended.errors);
    return ended.output.substr(0, ended.output.find('\n'));
  }
  json finished(const std::string& batch) {
    const auto ended = call({"status", batch, "--watch", "--json"});
    const auto last = ended.output.rfind("{\"id\"");
    BOOST_REQUIRE_MESSAGE(last != std::string::npos, ended.errors);
    return json::parse(ended.output.substr(last));
  }
  std::vector<json> results(const std::string& batch) {
    const auto ended = call({"results", batch, "-o", (dir / "out.jsonl").string()});
    BOOST_REQUIRE_MESSAGE(ended.status.ok(), ended.errors);
    std::vector<json> out;
    std::istringstream in{read_file(dir / "out.jsonl")};
    for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
    return out;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(providers_of_a_running_service, fixture)

BOOST_AUTO_TEST_CASE(an_open_breaker_is_seen_with_its_reason_and_closed_by_hand) {
  start("breaker_open = \"10m\"");
  BOOST_TEST(has(call({"providers"}).output, "closed"));
  // It answers and fails: no connection that is made again ends the wait.
  sim.control({{"rate_500", 1.0}});
  const auto batch = submit(60);
  const auto open = wait_for_state("open");
  BOOST_TEST(has(open["reason"], "in a row failed"), open.dump());
  BOOST_TEST(open["next_probe_seconds"].get<double>() > 400);
  BOOST_TEST(open["next_probe_at"].get<int64_t>() > 1'700'000'000);
  BOOST_REQUIRE(open["changes"].size() == 1U);
  BOOST_TEST(open["changes"][0]["to"] == "open");
  const auto table = call({"providers"}).output;
  BOOST_TEST(has(table, "sim"), table);
  BOOST_TEST(has(table, "open"), table);
  const auto details = call({"providers", "sim"}).output;
  BOOST_TEST(has(details, "closed -> open: "), details);
  sim.control({{"rate_500", 0.0}});
  const auto reset = call({"providers", "reset", "sim", "--json"});
  BOOST_REQUIRE_MESSAGE(reset.status.ok(), reset.errors);
  BOOST_TEST(json::parse(reset.output)["state"] == "closed");
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 60);
}

BOOST_AUTO_TEST_CASE(an_outage_uses_no_attempts_and_ends_soon_after_the_provider_is_back) {
  start("breaker_open = \"10m\"");
  sim.control({{"outage", true}});
  const auto batch = submit(200);
  wait_for_state("open");
  sim.control({{"outage", false}});
  const auto began = std::chrono::steady_clock::now();
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 200); // and not in ten minutes
  BOOST_TEST((std::chrono::steady_clock::now() - began < std::chrono::seconds{60}));
  const auto lines = results(batch);
  BOOST_REQUIRE(lines.size() == 200U);
  for (const auto& l : lines) BOOST_TEST(attempts(l) == 1, l.dump());
}

BOOST_AUTO_TEST_CASE(failed_trial_calls_use_no_attempt) {
  start("breaker_open = \"50ms\"");
  sim.control({{"rate_500", 1.0}});
  const auto batch = submit(25);
  // Twenty failures open it; then many more than five trials fail.
  wait_for([](const json& p) { return p["calls"].get<int>() >= 30; });
  sim.control({{"rate_500", 0.0}});
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 25);
  for (const auto& l : results(batch)) BOOST_TEST(attempts(l) <= 3, l.dump());
}

BOOST_AUTO_TEST_CASE(with_a_breaker_per_model_others_go_on_while_one_is_down) {
  start("breaker_per_model = true\nbreaker_open = \"10m\"");
  sim.control({{"fail_model", "bad"}});
  const auto batch = submit(400, {"good", "bad"});
  const auto p = wait_for([](const json& s) {
    for (const auto& m : s["models"])
      if (m["model"] == "bad" && m["state"] == "open") return s["answered"].get<int>() >= 220;
    return false;
  });
  BOOST_TEST(p["state"] == "closed");
  sim.control({{"fail_model", ""}});
  BOOST_REQUIRE(call({"providers", "reset", "sim"}).status.ok());
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 400);
}

BOOST_AUTO_TEST_CASE(a_wrong_key_file_parks_with_an_alarm_and_a_mended_one_goes_on_by_resume) {
  sim.control({{"api_key", "sk-right-and-secret"}});
  write_file(dir / "key", "sk-wrong-and-secret\n");
  start(fmt::format("key_files = [\"{}\"]", (dir / "key").string()));
  const auto batch = submit(20);
  const auto parked = wait_for([](const json& p) { return !p["keys"][0]["parked"].empty(); });
  BOOST_TEST(has(parked["alarm"], (dir / "key").string()), parked.dump());
  BOOST_TEST(has(parked["alarm"], "perennial providers resume sim"), parked.dump());
  BOOST_TEST(!has(parked.dump(), "sk-wrong"));
  BOOST_TEST(has(call({"providers"}).output, "parked"));
  write_file(dir / "key", "sk-right-and-secret\n");
  const auto resumed = call({"providers", "resume", "sim", "--json"});
  BOOST_REQUIRE_MESSAGE(resumed.status.ok(), resumed.errors);
  BOOST_TEST(json::parse(resumed.output)["keys"][0]["parked"].empty());
  const auto b = finished(batch);
  BOOST_TEST(b["request_counts"]["completed"] == 20);
  for (const auto& l : results(batch)) BOOST_TEST(attempts(l) == 1, l.dump());
  BOOST_TEST(!has(service->process().errors(), "secret"));
}

BOOST_AUTO_TEST_CASE(a_mended_key_file_and_other_limits_are_taken_over_at_sighup) {
  sim.control({{"api_key", "sk-right-and-secret"}});
  write_file(dir / "key", "sk-wrong-and-secret");
  const auto keys = fmt::format("key_files = [\"{}\"]", (dir / "key").string());
  start(keys);
  const auto batch = submit(20);
  wait_for([](const json& p) { return !p["keys"][0]["parked"].empty(); });
  write_file(dir / "key", ""); // caught half-way through an edit: all stays as it was
  service->process().kill(SIGHUP);
  BOOST_TEST(service->process().wait_for_errors("is empty"));
  write_file(dir / "key", "sk-right-and-secret");
  configure(keys + "\nrequests_per_minute = 6000\nuser_agent = \"other\"");
  service->process().kill(SIGHUP);
  BOOST_TEST(service->process().wait_for_errors("reloaded"));
  BOOST_TEST(service->process().wait_for_errors("needs a restart"));
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 20);
  const auto p = provider();
  BOOST_TEST(p["keys"][0]["requests_per_minute"] == 6000);
  BOOST_TEST(!has(service->process().errors(), "secret"));
}

BOOST_AUTO_TEST_CASE(with_two_keys_a_wrong_one_is_parked_alone_and_the_other_does_all) {
  sim.control({{"api_key", "sk-right-and-secret"}});
  start("api_key_env = [\"KEY_A\", \"KEY_B\"]",
        {{"KEY_A", "sk-wrong-and-secret"}, {"KEY_B", "sk-right-and-secret"}});
  const auto batch = submit(100);
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 100);
  const auto p = provider();
  BOOST_REQUIRE(p["keys"].size() == 2U);
  BOOST_TEST(p["keys"][0]["name"] == "the variable KEY_A");
  BOOST_REQUIRE(p["keys"][0]["parked"].size() == 1U);
  BOOST_TEST(p["keys"][0]["parked"][0]["kind"] == "wrong_key");
  BOOST_TEST(p["keys"][1]["parked"].empty());
  BOOST_TEST(has(p["alarm"], "KEY_A"), p.dump());
  BOOST_TEST(!has(p.dump(), "secret"));
}

BOOST_AUTO_TEST_CASE(a_429_pauses_one_key_and_the_other_does_the_work) {
  sim.control({{"throttle_key", "sk-busy-and-secret"}, {"retry_after", 600}});
  write_file(dir / "key", "sk-free-and-secret");
  start(fmt::format("api_key_env = \"KEY_A\"\nkey_files = [\"{}\"]", (dir / "key").string()),
        {{"KEY_A", "sk-busy-and-secret"}});
  const auto batch = submit(100);
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 100);
  const auto p = provider();
  BOOST_TEST(p["keys"][0]["paused_seconds"].get<double>() > 500);
  BOOST_TEST(p["keys"][1]["paused_until"].is_null());
  BOOST_TEST(p["state"] == "closed");
  BOOST_TEST(p["calls"].get<int>() <= 108, p.dump()); // at most its first eight went there
  for (const auto& l : results(batch)) BOOST_TEST(attempts(l) == 1, l.dump());
}

BOOST_AUTO_TEST_CASE(limits_that_answers_tell_are_kept_to_also_after_a_restart) {
  sim.control({{"answer_headers", "x-ratelimit-limit-requests: 6000\r\n"
                                  "x-ratelimit-remaining-requests: 100\r\n"
                                  "x-ratelimit-reset-requests: 59s\r\n"}});
  start();
  BOOST_TEST(provider()["keys"][0]["requests_per_minute"].is_null());
  BOOST_TEST(finished(submit(20))["request_counts"]["completed"] == 20);
  for (int starts = 0; starts < 2; ++starts) {
    const auto key = provider()["keys"][0];
    BOOST_TEST(key["requests_per_minute"] == 6000, key.dump());
    BOOST_TEST(key["requests_learned"] == true);
    BOOST_TEST(service->stop().ok());
    start();
  }
  BOOST_TEST(finished(submit(20))["request_counts"]["completed"] == 20);
}

BOOST_AUTO_TEST_CASE(a_rate_is_kept_to_and_every_line_gets_its_turn) {
  start("requests_per_minute = 600");
  const auto began = std::chrono::steady_clock::now();
  BOOST_TEST(finished(submit(40))["request_counts"]["completed"] == 40);
  const auto took = std::chrono::steady_clock::now() - began;
  // Ten at once, and then ten a second.
  BOOST_TEST((took >= std::chrono::milliseconds{2'900}));
}

BOOST_AUTO_TEST_CASE(a_rate_that_was_learned_stops_nobody) {
  sim.control({{"answer_headers", "x-ratelimit-limit-requests: 600\r\n"
                                  "x-ratelimit-remaining-requests: 500\r\n"
                                  "x-ratelimit-reset-requests: 59s\r\n"}});
  start();
  BOOST_TEST(finished(submit(60))["request_counts"]["completed"] == 60);
  BOOST_TEST(provider()["keys"][0]["requests_per_minute"] == 600);
}

BOOST_AUTO_TEST_CASE(a_provider_that_is_not_there_has_no_workers_and_is_said_so) {
  start();
  const auto ended = call({"workers", "--provider", "nope"});
  BOOST_TEST(ended.status.code == 2);
  BOOST_TEST(has(ended.errors, "nope"), ended.errors);
  BOOST_TEST(call({"workers", "--provider", "sim"}).status.ok());
}

BOOST_AUTO_TEST_CASE(workers_are_listed_restarted_and_scaled_by_hand_in_the_middle_of_a_batch) {
  sim.control({{"hold", "say"}});
  start();
  const auto batch = submit(30);
  BOOST_REQUIRE(eventually([&] { return sim.stat("in_flight") == 8; }));
  const auto table = call({"workers"}).output;
  BOOST_TEST(has(table, "calling"), table);
  BOOST_TEST(has(table, batch), table);
  const auto gently = call({"workers", "restart", "--provider", "sim", "--json"});
  BOOST_TEST(json::parse(gently.output)["restarted"] == 8, gently.output);
  BOOST_TEST(has(call({"workers"}).output, "retiring"));
  BOOST_TEST(sim.stat("requests") == 8U); // their calls go on
  const auto at_once = call({"workers", "restart", "--now", "--json"});
  BOOST_TEST(json::parse(at_once.output)["restarted"] == 8, at_once.output);
  BOOST_REQUIRE(eventually([&] { return sim.stat("requests") == 16U; })); // made again
  BOOST_TEST(call({"workers", "scale", "sim", "12"}).status.ok());
  BOOST_REQUIRE(eventually([&] { return sim.stat("in_flight") == 12; }));
  BOOST_TEST(call({"workers", "scale", "sim", "none"}).status.code == 2);
  sim.control({{"hold", ""}});
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 30);
}

BOOST_AUTO_TEST_CASE(a_pause_is_told_of_and_ended_by_hand) {
  sim.control({{"rate_429_after", 1.0}, {"retry_after", 3'000}});
  start();
  const auto batch = submit(20);
  const auto p = wait_for([](const json& s) { return !s["alarm"].is_null(); });
  BOOST_TEST(has(p["alarm"].get<std::string>(), "asked for a pause until"), p.dump());
  BOOST_TEST(service->process().wait_for_errors("asked for a pause until"));
  sim.control({{"rate_429_after", 0.0}});
  const auto resumed = call({"providers", "resume", "sim", "--json"});
  BOOST_REQUIRE_MESSAGE(resumed.status.ok(), resumed.errors);
  BOOST_TEST(json::parse(resumed.output)["changes"].empty()); // the breaker was closed all along
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 20);
  BOOST_TEST(service->process().wait_for_errors("the pause is over"));
}

BOOST_AUTO_TEST_CASE(a_spent_quota_that_names_a_wait_is_over_when_it_is_resumed) {
  sim.control({{"spent_key", "sk-spent-and-secret"}, {"retry_after", 3'000}});
  start("api_key_env = \"KEY\"", {{"KEY", "sk-spent-and-secret"}});
  const auto batch = submit(50);
  wait_for([](const json& s) { return !s["keys"][0]["parked"].empty(); });
  sim.control({{"spent_key", ""}});
  BOOST_REQUIRE(call({"providers", "resume", "sim"}).status.ok());
  BOOST_TEST(finished(batch)["request_counts"]["completed"] == 50);
}

BOOST_AUTO_TEST_CASE(an_answer_that_says_that_nothing_is_left_pauses_the_key) {
  sim.control({{"answer_headers", "x-ratelimit-limit-requests: 60\r\n"
                                  "x-ratelimit-remaining-requests: 0\r\n"
                                  "x-ratelimit-reset-requests: 10m\r\n"},
               {"latency_ms", 50}});
  start();
  submit(100);
  const auto p = wait_for([](const json& s) { return !s["keys"][0]["paused_until"].is_null(); });
  BOOST_TEST(p["keys"][0]["paused_seconds"].get<double>() > 500);
  BOOST_TEST(p["calls"].get<int>() <= 16, p.dump());
  BOOST_TEST(has(call({"providers"}).output, "paused"));
}

BOOST_AUTO_TEST_CASE(a_provider_that_is_not_there_is_said_so) {
  start();
  for (const auto* name : {"other", "..", "a/b"}) {
    const auto ended = call({"providers", "reset", name});
    BOOST_TEST(ended.status.code == 2);
    BOOST_TEST(has(ended.errors, "rovider"), ended.errors);
  }
  BOOST_TEST(call({"providers", "sim"}).status.ok());
}

BOOST_AUTO_TEST_SUITE_END()
