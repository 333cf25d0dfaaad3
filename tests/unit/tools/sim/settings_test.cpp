#include "tools/sim/settings.hpp"

#include "tools/sim/duration.hpp"
#include "tools/sim/rate_limit.hpp"
#include "tools/sim/timer_queue.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace perennial;
using namespace perennial::sim;
using namespace std::chrono_literals;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(sim_settings)

BOOST_AUTO_TEST_CASE(control_changes_what_it_names_and_nothing_else) {
  settings s;
  s.jitter = 0.5;
  BOOST_REQUIRE(apply_control(s, {{"rate_500", 0.1}, {"latency_ms", 250}, {"hold", "x"}}, {}));
  BOOST_TEST(s.rates[static_cast<size_t>(fault::error_500)] == 0.1);
  BOOST_TEST((s.latency == 250ms));
  BOOST_TEST(s.hold == "x");
  BOOST_TEST(s.jitter == 0.5);
}

BOOST_AUTO_TEST_CASE(a_wrong_member_changes_nothing_and_is_named) {
  const json wrong[] = {
    {{"latency_ms", 5}, {"no_such", 1}},    {{"latency_ms", 5}, {"rate_500", 2}},
    {{"latency_ms", 5}, {"jitter", "x"}},   {{"latency_ms", 5}, {"models", {1}}},
    {{"rate_500", 0.6}, {"rate_503", 0.6}}, json::array()};
  for (const json& changes : wrong) {
    settings s;
    BOOST_TEST(!apply_control(s, changes, {}));
    BOOST_TEST((s.latency == 0ms));
    BOOST_TEST(s.rates[static_cast<size_t>(fault::error_500)] == 0);
  }
  settings s;
  BOOST_TEST(apply_control(s, {{"no_such", 1}}, {}).error().message.find("no_such") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_in_force_can_be_sent_back_and_hides_the_key) {
  settings s;
  s.api_key = "sk-secret";
  s.rates[0] = 0.25;
  json shown = to_json(s, {});
  BOOST_TEST(shown.dump().find("sk-secret") == std::string::npos);
  shown.erase("api_key");
  settings copy;
  BOOST_REQUIRE(apply_control(copy, shown, {}));
  BOOST_TEST(copy.rates[0] == 0.25);
}

BOOST_AUTO_TEST_CASE(outages_begin_and_end_when_planned) {
  outage_schedule o;
  o.planned = {parse_outage("10s:60s").value(), parse_outage("30s:1m").value()};
  const steady_time t0{};
  BOOST_TEST(!o.down(t0 + 9s));
  BOOST_TEST(o.down(t0 + 10s));
  BOOST_TEST(o.down(t0 + 89s));
  BOOST_TEST(!o.down(t0 + 90s));
  BOOST_TEST((o.next_change(t0 + 10s) == t0 + 30s));
  BOOST_TEST((o.next_change(t0 + 90s) == std::nullopt));
}

BOOST_AUTO_TEST_CASE(an_ordered_outage_lasts_until_it_is_over_or_called_off) {
  settings s;
  const steady_time now{100s};
  BOOST_REQUIRE(apply_control(s, {{"outage", 1.5}}, now));
  BOOST_TEST(s.outages.down(now));
  BOOST_TEST(!s.outages.down(now + 1500ms));
  BOOST_REQUIRE(apply_control(s, {{"outage", true}}, now));
  BOOST_TEST(s.outages.down(now + 24h));
  BOOST_REQUIRE(apply_control(s, {{"outage", false}}, now));
  BOOST_TEST(!s.outages.down(now));
}

BOOST_AUTO_TEST_CASE(durations_need_a_unit) {
  BOOST_TEST((parse_duration("250us").value() == 250us));
  BOOST_TEST((parse_duration("1.5s").value() == 1500ms));
  BOOST_TEST((parse_duration("2m").value() == 2min));
  BOOST_TEST((parse_duration("0").value() == 0ns));
  for (const char* bad : {"", "5", "ms", "-1s", "1 s", "1e9h", "nan s", "5 parsecs"})
    BOOST_TEST(!parse_duration(bad).has_value(), bad);
}

BOOST_AUTO_TEST_CASE(the_rate_limit_lets_through_its_number_a_minute) {
  rate_limit limit;
  int through = 0;
  for (auto t = 0ms; t < 60s; t += 10ms) through += !limit.take(600, steady_time{t});
  BOOST_TEST(through >= 600); // and the second's worth that it holds at first
  BOOST_TEST(through <= 610);
  const auto wait = limit.take(600, steady_time{60s});
  if (wait) BOOST_TEST((*wait > 0ns && *wait <= 100ms));
}

BOOST_AUTO_TEST_CASE(timers_come_in_the_order_of_their_times) {
  timer_queue timers;
  timers.set(steady_time{3s}, 3);
  timers.set(steady_time{1s}, 1);
  timers.set(steady_time{2s}, 2);
  BOOST_TEST(!timers.take(steady_time{500ms}));
  for (int fd = 1; fd <= 3; ++fd) BOOST_TEST(timers.take(steady_time{3s})->fd == fd);
  BOOST_TEST(!timers.next());
}

BOOST_AUTO_TEST_SUITE_END()
