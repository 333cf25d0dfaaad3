#include "actors/protect/memory_ledger.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(memory_ledger_decision)

namespace {

// A budget of 1,000 bytes reads like per mille.
constexpr memory_config small{.budget_bytes = 1'000, .store_bytes = 300};

struct fixture {
  memory_ledger ledger{small};
  bool is(memory_level level) const { return ledger.level() == level; }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(the_store_has_its_reservation_from_the_start, fixture) {
  BOOST_TEST(ledger.held(memory_class::store) == 300u);
  BOOST_TEST(ledger.total() == 300u);
  BOOST_TEST(is(memory_level::normal));
}

BOOST_FIXTURE_TEST_CASE(what_is_granted_is_held_until_it_is_released, fixture) {
  BOOST_TEST(ledger.grant(memory_class::read_ahead, 100));
  BOOST_TEST(ledger.grant(memory_class::in_flight, 50));
  BOOST_TEST(ledger.total() == 450u);
  ledger.release(memory_class::read_ahead, 60);
  BOOST_TEST(ledger.held(memory_class::read_ahead) == 40u);
  BOOST_TEST(ledger.total() == 390u);
  BOOST_TEST(ledger.peak(memory_class::read_ahead) == 100u);
  BOOST_TEST(ledger.peak_total() == 450u);
}

BOOST_FIXTURE_TEST_CASE(read_ahead_and_uploads_leave_the_last_fifth_to_calls, fixture) {
  BOOST_TEST(ledger.grant(memory_class::read_ahead, 400));
  BOOST_TEST(!ledger.grant(memory_class::read_ahead, 100));
  BOOST_TEST(ledger.grant(memory_class::upload, 50));
  BOOST_TEST(!ledger.grant(memory_class::upload, 50));
  BOOST_TEST(is(memory_level::normal));
  BOOST_TEST(ledger.grant(memory_class::in_flight, 60));
  BOOST_TEST(is(memory_level::tight));
  BOOST_TEST(ledger.grant(memory_class::in_flight, 139));
  BOOST_TEST(!ledger.grant(memory_class::in_flight, 1));
  BOOST_TEST(ledger.total() == 949u);
}

BOOST_FIXTURE_TEST_CASE(what_is_read_ahead_takes_a_quarter_and_no_more, fixture) {
  for (int pages = 0; pages < 5; ++pages) BOOST_TEST(ledger.grant(memory_class::read_ahead, 50));
  BOOST_TEST(!ledger.grant(memory_class::read_ahead, 1));
  BOOST_TEST(ledger.grant(memory_class::upload, 100));
}

BOOST_FIXTURE_TEST_CASE(when_tight_reading_and_uploads_go_on_one_at_a_time, fixture) {
  ledger.on_rss(800);
  BOOST_TEST(is(memory_level::tight));
  for (auto of : {memory_class::read_ahead, memory_class::upload}) {
    BOOST_TEST(ledger.grant(of, 10));
    BOOST_TEST(!ledger.grant(of, 1));
    ledger.release(of, 10);
    BOOST_TEST(ledger.grant(of, 10));
  }
  BOOST_TEST(ledger.grant(memory_class::in_flight, 10));
  BOOST_TEST(ledger.grant(memory_class::in_flight, 10));
}

BOOST_FIXTURE_TEST_CASE(when_full_one_page_and_one_call_still_get_through_and_no_upload, fixture) {
  ledger.on_rss(2'000);
  BOOST_TEST(is(memory_level::full));
  BOOST_TEST(!ledger.grant(memory_class::upload, 1));
  BOOST_TEST(ledger.grant(memory_class::read_ahead, 5'000)); // larger than all there is
  BOOST_TEST(!ledger.grant(memory_class::read_ahead, 1));
  BOOST_TEST(ledger.grant(memory_class::in_flight, 5'000));
  BOOST_TEST(!ledger.grant(memory_class::in_flight, 1));
  ledger.release(memory_class::in_flight, 5'000);
  BOOST_TEST(ledger.grant(memory_class::in_flight, 1));
}

BOOST_FIXTURE_TEST_CASE(a_level_is_left_a_little_below_where_it_was_entered, fixture) {
  auto levels = [&](std::initializer_list<uint64_t> steps) {
    std::string seen;
    for (auto rss : steps) {
      ledger.on_rss(rss);
      seen += to_string(ledger.level()).substr(0, 1);
    }
    return seen;
  };
  BOOST_TEST(levels({0, 799, 800, 760, 750, 749, 790}) == "nntttnn");
  BOOST_TEST(levels({949, 950, 901, 900, 899, 751, 749}) == "tfffttn");
  BOOST_TEST(levels({950, 749}) == "fn");
}

BOOST_FIXTURE_TEST_CASE(the_level_is_the_worse_of_grants_and_rss, fixture) {
  BOOST_TEST(ledger.on_rss(960));
  ledger.charge(memory_class::in_flight, 520);
  BOOST_TEST(is(memory_level::full));
  BOOST_TEST(ledger.on_rss(100));
  BOOST_TEST(is(memory_level::tight));
  ledger.release(memory_class::in_flight, 520);
  BOOST_TEST(is(memory_level::normal));
  BOOST_TEST(ledger.peak_rss() == 960u);
}

BOOST_FIXTURE_TEST_CASE(what_is_charged_is_always_taken_and_stops_the_rest, fixture) {
  ledger.charge(memory_class::in_flight, 10'000);
  BOOST_TEST(is(memory_level::full));
  BOOST_TEST(!ledger.grant(memory_class::in_flight, 1));
  ledger.release(memory_class::in_flight, 10'000);
  BOOST_TEST(is(memory_level::normal));
}

BOOST_FIXTURE_TEST_CASE(a_request_for_more_than_can_be_counted_is_refused, fixture) {
  BOOST_TEST(!ledger.grant(memory_class::in_flight, UINT64_MAX)); // not even as the only one
  BOOST_TEST(ledger.grant(memory_class::in_flight, 1));
  BOOST_TEST(!ledger.grant(memory_class::in_flight, UINT64_MAX));
  BOOST_TEST(ledger.total() == 301u);
}

BOOST_FIXTURE_TEST_CASE(random_grants_never_pass_the_budget_and_never_stop_for_good, fixture) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random{seed};
    memory_ledger tested{small};
    constexpr std::array classes{memory_class::read_ahead, memory_class::in_flight,
                                 memory_class::upload};
    std::array<std::vector<uint64_t>, memory_classes> mine;
    constexpr uint64_t largest = 120;
    for (int step = 0; step < 20'000; ++step) {
      auto of = classes[random() % classes.size()];
      auto& held = mine[static_cast<size_t>(of)];
      if (random() % 10 == 0) tested.on_rss(random() % 1'100);
      if (random() % 2 == 0) {
        auto bytes = random() % (largest + 1);
        if (tested.grant(of, bytes)) held.push_back(bytes);
      } else if (!held.empty()) {
        std::swap(held[random() % held.size()], held.back());
        tested.release(of, held.back());
        held.pop_back();
      }
      uint64_t sum = tested.held(memory_class::store);
      for (auto each : classes) {
        uint64_t part = 0;
        for (auto bytes : mine[static_cast<size_t>(each)]) part += bytes;
        BOOST_REQUIRE(tested.held(each) == part);
        sum += part;
      }
      BOOST_REQUIRE(tested.total() == sum);
      BOOST_REQUIRE(sum < 950 + 3 * largest); // three floors
      // Nothing held of a class: the next page, the next call is always let in.
      for (auto each : {memory_class::read_ahead, memory_class::in_flight})
        if (tested.held(each) == 0) {
          BOOST_REQUIRE(tested.grant(each, largest));
          tested.release(each, largest);
        }
    }
    BOOST_TEST(tested.peak_total() > 900u); // and the budget is put to use
  }
}

BOOST_AUTO_TEST_SUITE_END()
