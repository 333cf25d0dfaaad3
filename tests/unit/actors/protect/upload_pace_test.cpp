#include "actors/protect/upload_pace.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(pace_of_uploads)

BOOST_AUTO_TEST_CASE(uploads_run_freely_slow_down_and_crawl) {
  BOOST_TEST((upload_pause(memory_level::normal) == 0ms));
  BOOST_TEST((upload_pause(memory_level::tight) > 0ms));
  BOOST_TEST((upload_pause(memory_level::full) > upload_pause(memory_level::tight)));
}

BOOST_AUTO_TEST_CASE(a_new_upload_waits_where_memory_is_tight_and_is_sent_away_where_it_is_full) {
  BOOST_TEST((turn_of(memory_level::normal, 0ms) == upload_turn::wait));
  BOOST_TEST((turn_of(memory_level::tight, 9999ms) == upload_turn::wait));
  BOOST_TEST((turn_of(memory_level::tight, 10s) == upload_turn::refuse));
  BOOST_TEST((turn_of(memory_level::full, 0ms) == upload_turn::refuse));
}

BOOST_AUTO_TEST_SUITE_END()
