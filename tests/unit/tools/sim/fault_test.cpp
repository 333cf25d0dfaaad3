#include "tools/sim/fault.hpp"

#include "tools/sim/hash64.hpp"
#include "tools/sim/prompt_ledger.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>

using namespace perennial::sim;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(sim_faults)

namespace {

fault_rates rate(fault kind, double r) {
  fault_rates out{};
  out[static_cast<size_t>(kind)] = r;
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(the_same_seed_prompt_and_turn_give_the_same_fault) {
  fault_rates rates{};
  rates.fill(0.08);
  for (uint64_t prompt = 0; prompt < 1000; ++prompt)
    BOOST_TEST((choose_fault(rates, 7, prompt, 2) == choose_fault(rates, 7, prompt, 2)));
}

BOOST_AUTO_TEST_CASE(another_seed_or_another_turn_gives_other_faults) {
  const auto rates = rate(fault::error_500, 0.5);
  int by_seed = 0;
  int by_turn = 0;
  for (uint64_t prompt = 0; prompt < 1000; ++prompt) {
    by_seed += choose_fault(rates, 1, prompt, 0) != choose_fault(rates, 2, prompt, 0);
    by_turn += choose_fault(rates, 1, prompt, 0) != choose_fault(rates, 1, prompt, 1);
  }
  BOOST_TEST(by_seed > 400);
  BOOST_TEST(by_seed < 600);
  BOOST_TEST(by_turn > 400);
  BOOST_TEST(by_turn < 600);
}

BOOST_AUTO_TEST_CASE(each_kind_comes_near_its_rate) {
  fault_rates rates{};
  for (size_t i = 0; i < fault_count; ++i) rates[i] = 0.01 * static_cast<double>(i + 1);
  std::array<int, fault_count + 1> seen{};
  constexpr int n = 100'000;
  for (int i = 0; i < n; ++i)
    ++seen[static_cast<size_t>(choose_fault(rates, 3, hash64("prompt " + std::to_string(i)), 0))];
  for (size_t i = 0; i < fault_count; ++i) {
    const double expected = rates[i] * n;
    BOOST_TEST(std::abs(seen[i] - expected) < 5 * std::sqrt(expected));
  }
}

BOOST_AUTO_TEST_CASE(a_rate_of_one_always_and_of_zero_never_happens) {
  const auto always = rate(fault::hang, 1);
  for (uint64_t prompt = 0; prompt < 1000; ++prompt) {
    BOOST_TEST((choose_fault(always, 1, prompt, 0) == fault::hang));
    BOOST_TEST((choose_fault({}, 1, prompt, 0) == fault::none));
  }
}

BOOST_AUTO_TEST_CASE(latency_stays_within_its_jitter_and_spreads_over_it) {
  auto low = 1h * 1.0;
  auto high = low * 0;
  for (uint64_t prompt = 0; prompt < 10'000; ++prompt) {
    const std::chrono::duration<double> d = choose_latency(100ms, 0.2, 1, prompt, 0);
    low = std::min<decltype(low)>(low, d);
    high = std::max<decltype(high)>(high, d);
  }
  BOOST_TEST((low >= 80ms && low < 81ms));
  BOOST_TEST((high <= 120ms && high > 119ms));
  BOOST_TEST((choose_latency(100ms, 0, 1, 5, 0) == 100ms));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_prompt_ledger)

BOOST_AUTO_TEST_CASE(a_million_prompts_are_counted_exactly_in_little_memory) {
  prompt_ledger ledger;
  constexpr uint64_t n = 1'000'000;
  for (uint64_t i = 0; i < n; ++i) {
    BOOST_REQUIRE(ledger.rolled(mix64(i)) == 0u);
    ledger.answered(mix64(i));
  }
  for (uint64_t i = 0; i < n; i += 1000) {
    BOOST_REQUIRE(ledger.rolled(mix64(i)) == 1u);
    ledger.answered(mix64(i));
    ledger.answered(mix64(i));
  }
  BOOST_TEST(ledger.distinct_seen() == n);
  BOOST_TEST(ledger.distinct_answered() == n);
  BOOST_TEST(ledger.answered_again() == n / 1000);
  BOOST_TEST(ledger.memory_bytes() <= 44 * n);
}

BOOST_AUTO_TEST_CASE(the_hash_zero_is_a_prompt_like_any_other) {
  prompt_ledger ledger;
  BOOST_TEST(ledger.rolled(0) == 0u);
  BOOST_TEST(ledger.rolled(0) == 1u);
  BOOST_TEST(ledger.distinct_seen() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
