#include "actors/work/dispatcher/retry_budget.hpp"

#include <boost/test/unit_test.hpp>

using perennial::actors::retry_budget;

BOOST_AUTO_TEST_SUITE(retry_budgets)

namespace {

/// Sends `n` calls, a retry wherever the budget allows one; counts the retries.
int retries_of(retry_budget& b, int n) {
  int retries = 0;
  for (int i = 0; i < n; ++i) {
    const bool retry = b.allows();
    b.on_call(retry);
    retries += retry ? 1 : 0;
  }
  return retries;
}

} // namespace

BOOST_AUTO_TEST_CASE(retries_are_a_fifth_of_the_traffic) {
  retry_budget b;
  const auto retries = retries_of(b, 100'000);
  BOOST_TEST(retries <= 20'000 + 10);
  BOOST_TEST(retries >= 19'000);
}

BOOST_AUTO_TEST_CASE(a_few_may_go_whatever_the_ratio) {
  retry_budget b;
  BOOST_TEST(retries_of(b, 3) == 3);
  BOOST_TEST(!b.allows());
}

BOOST_AUTO_TEST_CASE(a_storm_of_retries_that_nothing_held_is_forgotten_in_a_while) {
  retry_budget b;
  for (int i = 0; i < 10'000; ++i) b.on_call(true);
  BOOST_TEST(!b.allows());
  int firsts = 0;
  for (; !b.allows(); ++firsts) b.on_call(false);
  BOOST_TEST(firsts < 4'000);
}

BOOST_AUTO_TEST_SUITE_END()
