#include "storage/inflight.hpp"

#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <set>
#include <thread>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(calls_in_flight)

namespace {

struct fixture {
  test::temp_dir dir;
  std::string path = dir.text() + "/inflight";
  // Closing the file leaves it as a kill would: nothing is written on the way out.
  std::unique_ptr<inflight> calls = open();

  std::unique_ptr<inflight> open() {
    auto out = inflight::open(path);
    BOOST_REQUIRE(out.has_value());
    return std::move(*out);
  }
  /// As a kill from outside, or, with `crashed`, as a fatal signal of its own.
  void die_and_start(bool crashed = false) {
    if (crashed) inflight::note_crash();
    calls.reset();
    calls = open();
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_new_file_holds_nothing, fixture) {
  BOOST_TEST(calls->recovered().empty());
}

BOOST_FIXTURE_TEST_CASE(what_was_out_is_found_after_a_death_and_what_came_back_is_not, fixture) {
  const auto a = calls->take(1, 10, 0);
  const auto b = calls->take(1, 11, 2);
  BOOST_REQUIRE((a && b));
  BOOST_TEST(*a != *b);
  calls->free(*a);
  die_and_start(true);
  BOOST_REQUIRE(calls->recovered().size() == 1);
  const auto& call = calls->recovered().front();
  BOOST_TEST(call.batch == 1U);
  BOOST_TEST(call.line == 11U);
  BOOST_TEST(call.slot == *b);
  BOOST_TEST(call.crashes == 3U);
  BOOST_TEST(call.was_out);
}

BOOST_FIXTURE_TEST_CASE(a_line_that_was_not_given_out_again_is_not_charged_for_the_next_death,
                        fixture) {
  BOOST_REQUIRE(calls->take(1, 10, 0).has_value());
  die_and_start(true);
  die_and_start(true);
  BOOST_REQUIRE(calls->recovered().size() == 1);
  BOOST_TEST(calls->recovered().front().crashes == 1U);
  BOOST_TEST(!calls->recovered().front().was_out);
}

BOOST_FIXTURE_TEST_CASE(a_line_that_kills_every_process_is_counted_each_time, fixture) {
  BOOST_REQUIRE(calls->take(1, 10, 0).has_value());
  for (uint32_t crashes = 1; crashes < 5; ++crashes) {
    die_and_start(true);
    BOOST_REQUIRE(calls->recovered().size() == 1);
    const auto found = calls->recovered().front();
    BOOST_TEST(found.crashes == crashes);
    BOOST_REQUIRE(calls->take(found.batch, found.line, found.crashes).has_value());
    calls->free(found.slot);
  }
}

BOOST_FIXTURE_TEST_CASE(a_kill_from_outside_is_no_lines_fault, fixture) {
  BOOST_REQUIRE(calls->take(1, 10, 0).has_value());
  die_and_start();
  BOOST_REQUIRE(calls->recovered().size() == 1);
  BOOST_TEST(calls->recovered().front().crashes == 0U);
  BOOST_TEST(calls->recovered().front().was_out);
}

BOOST_FIXTURE_TEST_CASE(a_recovered_slot_stays_until_it_is_freed, fixture) {
  BOOST_REQUIRE(calls->take(1, 10, 0).has_value());
  die_and_start();
  calls->free(calls->recovered().front().slot);
  die_and_start();
  BOOST_TEST(calls->recovered().empty());
}

BOOST_FIXTURE_TEST_CASE(a_full_file_says_busy_until_a_slot_is_freed, fixture) {
  std::set<uint32_t> slots;
  for (uint32_t i = 0; i < inflight::slot_count; ++i) slots.insert(*calls->take(1, i, 0));
  BOOST_TEST(slots.size() == inflight::slot_count);
  BOOST_TEST((calls->take(1, 1, 0).error().kind == errc::busy));
  calls->free(77);
  BOOST_TEST(*calls->take(1, 1, 0) == 77U);
}

BOOST_FIXTURE_TEST_CASE(a_foreign_or_short_file_is_made_anew, fixture) {
  BOOST_REQUIRE(calls->take(1, 10, 0).has_value());
  calls.reset();
  std::ofstream{path, std::ios::trunc} << "something else";
  calls = open();
  BOOST_TEST(calls->recovered().empty());
  BOOST_REQUIRE(calls->take(1, 10, 0).has_value());
  calls.reset();
  {
    std::fstream file{path, std::ios::in | std::ios::out};
    file << "OTHERMAG";
  }
  calls = open();
  BOOST_TEST(calls->recovered().empty());
}

BOOST_FIXTURE_TEST_CASE(a_slot_that_was_half_written_is_free, fixture) {
  const auto slot = calls->take(1, 10, 0);
  BOOST_REQUIRE(slot.has_value());
  calls.reset();
  {
    std::fstream file{path, std::ios::in | std::ios::out};
    file.seekp(static_cast<std::streamoff>(64 + 32 * *slot + 8));
    file.put('\x55'); // of the line
  }
  calls = open();
  BOOST_TEST(calls->recovered().empty());
}

BOOST_FIXTURE_TEST_CASE(many_threads_never_share_a_slot, fixture) {
  std::vector<std::vector<uint32_t>> taken(4);
  std::vector<std::thread> threads;
  for (auto& mine : taken) {
    threads.emplace_back([&] {
      for (uint32_t i = 0; i < 10'000; ++i) {
        const auto slot = calls->take(1, i, 0);
        if (slot && i % 3 == 0)
          calls->free(*slot);
        else if (slot)
          mine.push_back(*slot);
      }
    });
  }
  for (auto& t : threads) t.join();
  std::set<uint32_t> all;
  size_t count = 0;
  for (const auto& mine : taken) {
    all.insert(mine.begin(), mine.end());
    count += mine.size();
  }
  BOOST_TEST(all.size() == count);
}

BOOST_AUTO_TEST_SUITE_END()
