#include "actors/protect/call_times.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(times_of_calls)

namespace {

constexpr steady_time start{1h};

void check_near(std::optional<std::chrono::milliseconds> told, std::chrono::milliseconds truth) {
  BOOST_REQUIRE(told);
  BOOST_TEST(static_cast<double>(told->count()) >= 0.99 * static_cast<double>(truth.count()));
  BOOST_TEST(static_cast<double>(told->count()) <= 1.2 * static_cast<double>(truth.count()));
}

} // namespace

BOOST_AUTO_TEST_CASE(with_fewer_than_twenty_calls_nothing_is_said) {
  call_times tested;
  BOOST_TEST(!tested.quantile(0.5));
  for (int i = 0; i < 19; ++i) tested.add(1s, start);
  BOOST_TEST(!tested.quantile(0.5));
  tested.add(1s, start);
  check_near(tested.quantile(0.5), 1s);
}

BOOST_AUTO_TEST_CASE(estimates_are_at_most_a_fifth_too_long) {
  call_times tested;
  for (int i = 1; i <= 10'000; ++i) tested.add(std::chrono::milliseconds{i}, start);
  check_near(tested.quantile(0.5), 5s);
  check_near(tested.quantile(0.99), 9900ms);
  check_near(tested.quantile(0.1), 1s);
}

BOOST_AUTO_TEST_CASE(old_calls_lose_their_weight) {
  call_times tested;
  tested.add(100ms, start, 1'000);
  check_near(tested.quantile(0.5), 100ms);
  tested.add(10s, start + 2h, 20); // twelve half-lives later: a thousand weigh as a quarter of one
  check_near(tested.quantile(0.5), 10s);
  tested.add(5ms, start + 10'000h, 1);
  check_near(tested.quantile(0.5), 5ms);
}

BOOST_AUTO_TEST_CASE(absurd_times_are_taken) {
  call_times tested;
  tested.add(0ms, start, 10);
  tested.add(-5ms, start - 1h, 10);
  BOOST_TEST(tested.quantile(0.5).value().count() <= 1);
  tested.add(1000h, start, 1'000);
  BOOST_TEST(tested.quantile(0.5).value().count() > 1'000'000);
}

BOOST_AUTO_TEST_SUITE_END()
