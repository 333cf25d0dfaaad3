// Each actor that the service cannot do without is killed in the middle of a batch: the service
// says so, and another one on the same directory ends the batch with exactly one result per line.
#include "running_service.hpp"

#include "actors/interfaces.hpp"
#include "actors/service/ask.hpp"
#include "actors/service/root_actor.hpp"

#include <caf/send.hpp>

#include <set>
#include <sstream>

using namespace perennial;
using namespace perennial::test;
using nlohmann::json;

namespace {

constexpr uint64_t lines = 2'000;
constexpr uint32_t concurrency = 8;

struct interrupted_service {
  interrupted_service() {
    logging::set_level(logging::level::off);
    batch = s.create(s.upload(job_lines(lines)))["id"];
    s.wait(batch, [](const json& b) { return b["request_counts"]["completed"] > 200; });
  }

  /// Kills it, and sees that the service tells of it.
  template <class Handle>
  void kill(const Handle& whom, const std::string& name) {
    caf::anon_send_exit(whom, caf::exit_reason::kill);
    const auto until = std::chrono::steady_clock::now() + child_process::patience;
    while (!s.service->failure() && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    BOOST_REQUIRE(s.service->failure().has_value());
    BOOST_TEST(s.service->failure()->find(name) != std::string::npos, *s.service->failure());
  }

  /// What the program does with a service that failed.
  void begin_anew() {
    s.gateway->stop(std::chrono::milliseconds{0});
    s.service->stop(std::chrono::seconds{5});
    s.stop();
    s.start();
  }

  template <class Handle>
  std::vector<caf::actor> parts_of(const Handle& whom) {
    auto got = actors::ask<std::vector<caf::actor>>(s.service->system(), whom,
                                                    child_process::patience, actors::parts_atom_v);
    BOOST_REQUIRE(got);
    return *got;
  }

  uint64_t completed() { return s.get("/v1/batches/" + batch)["request_counts"]["completed"]; }

  void must_end_whole(uint64_t deaths = 1) {
    const auto done = s.wait_status(batch, "completed");
    BOOST_TEST(done["request_counts"]["completed"] == lines);
    std::set<std::string> ids;
    std::istringstream in{s.content(done["output_file_id"])};
    for (std::string line; std::getline(in, line);) {
      BOOST_TEST(ids.insert(json::parse(line)["custom_id"]).second);
    }
    BOOST_TEST(ids.size() == lines);
    // Only calls that were out, or whose results the dead one still had, are made again.
    BOOST_TEST(sim.stat("requests") <= lines + deaths * (512 + concurrency));
    BOOST_TEST(!s.service->failure().has_value());
  }

  sim_process sim{{"--latency", "2ms"}};
  running_service s{sim, concurrency};
  std::string batch;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(deaths_of_actors, interrupted_service)

BOOST_AUTO_TEST_CASE(the_store_dies_and_the_batch_ends_after_a_new_start) {
  kill(s.service->writer(), "the store");
  begin_anew();
  must_end_whole();
}

BOOST_AUTO_TEST_CASE(the_dispatcher_dies_and_the_batch_ends_after_a_new_start) {
  kill(s.service->dispatcher(), "the dispatcher");
  begin_anew();
  must_end_whole();
}

BOOST_AUTO_TEST_CASE(the_memory_budget_dies_and_the_batch_ends_after_a_new_start) {
  kill(s.service->memory(), "the memory budget");
  begin_anew();
  must_end_whole();
}

BOOST_AUTO_TEST_CASE(the_disk_budget_dies_and_the_batch_ends_after_a_new_start) {
  kill(s.service->disk_watch(), "the disk budget");
  begin_anew();
  must_end_whole();
}

BOOST_AUTO_TEST_CASE(the_file_expiry_dies_and_the_batch_ends_after_a_new_start) {
  kill(s.service->expiry(), "the file expiry");
  begin_anew();
  must_end_whole();
}

BOOST_AUTO_TEST_CASE(a_supervisor_dies_and_the_batch_ends_after_a_new_start) {
  kill(s.service->supervisors().front(), "the supervisor of default");
  begin_anew();
  must_end_whole();
}

BOOST_AUTO_TEST_CASE(a_breaker_or_a_throttle_dies_and_its_supervisor_with_it) {
  for (const size_t part : {0U, 1U}) {
    const auto before = completed();
    kill(parts_of(s.service->supervisors().front()).at(part), "the supervisor of default");
    begin_anew();
    s.wait(batch, [&](const json& b) { return b["request_counts"]["completed"] > before + 100; });
  }
  must_end_whole(2);
}

BOOST_AUTO_TEST_CASE(the_reader_or_the_validator_dies_and_the_dispatcher_with_it) {
  for (const size_t part : {0U, 1U}) {
    const auto before = completed();
    kill(parts_of(s.service->dispatcher()).at(part), "the dispatcher");
    begin_anew();
    s.wait(batch, [&](const json& b) { return b["request_counts"]["completed"] > before + 100; });
  }
  must_end_whole(2);
}

BOOST_AUTO_TEST_CASE(the_gateway_goes_and_the_batch_runs_on_without_it) {
  const auto before = sim.stat("requests");
  s.gateway.reset();
  while (sim.stat("requests") < before + 200) std::this_thread::yield();
  BOOST_TEST(!s.service->failure().has_value());
  auto again = actors::gateway::start(*s.service, {.host = "127.0.0.1", .port = 0});
  BOOST_REQUIRE(again);
  s.gateway = std::move(*again);
  s.client = std::make_unique<httplib::Client>("127.0.0.1", s.gateway->port());
  must_end_whole();
  BOOST_TEST(sim.stat("requests") == lines);
}

BOOST_AUTO_TEST_CASE(a_stop_that_was_asked_for_is_no_failure) {
  s.gateway.reset();
  s.service->stop(std::chrono::seconds{5});
  BOOST_TEST(!s.service->failure().has_value());
  s.stop();
  s.start();
  must_end_whole();
}

BOOST_AUTO_TEST_SUITE_END()
