// The memory budget holds whatever the size of the answers, and none of them is left waiting.
#include "run_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::test;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(memory_of_a_run)

BOOST_AUTO_TEST_CASE(long_answers_wait_for_room_and_all_come) {
  sim_process sim{{"--answer-bytes", "6MiB"}};
  run_case c{40};
  const auto ended = run_to_end(c, sim.url(), {"--concurrency", "16", "--memory", "128MiB"});
  BOOST_TEST(ended.status.ok(), ended.errors);
  const auto summary = json::parse(ended.output);
  BOOST_TEST(summary["completed"] == 40);
  BOOST_TEST(summary["peak_rss_bytes"].get<uint64_t>() <= (uint64_t{128} << 20) * 11 / 10);
  BOOST_TEST(sim.stat("requests") == 40U);
  BOOST_TEST(read_results(c.output()).size() == 40U);
}

BOOST_AUTO_TEST_SUITE_END()
