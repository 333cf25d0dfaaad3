#include "protocol/provider/resolver.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <thread>

using namespace perennial;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(resolver_)

namespace {

using answer = result<std::vector<socket_address>>;

const std::atomic<bool> go_on{false};

answer home() { return std::vector{parse_socket_address("127.0.0.1")}; }

steady_time late() { return steady_now() + 60s; }

} // namespace

BOOST_AUTO_TEST_CASE(an_address_needs_no_look_up) {
  resolver names{[](const std::string&) -> answer { return fail(errc::internal, "asked"); }};
  for (const char* text : {"127.0.0.1", "::1"}) {
    const auto got = names.resolve(text, late(), go_on).value();
    BOOST_REQUIRE(got.size() == 1u);
    BOOST_TEST(got.front().to_string() == text);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_is_kept_and_many_askers_make_one_look_up) {
  std::atomic<int> asked{0};
  resolver names{[&](const std::string&) {
    ++asked;
    return home();
  }};
  std::vector<std::thread> askers;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    askers.emplace_back([&] { good += names.resolve("api.test", late(), go_on).has_value(); });
  for (auto& t : askers) t.join();
  BOOST_TEST(good == 8);
  BOOST_TEST(asked == 1);
  BOOST_TEST(names.resolve("other.test", late(), go_on).has_value());
  BOOST_TEST(asked == 2);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_over_is_asked_for_again) {
  std::atomic<int> asked{0};
  resolver names{[&](const std::string&) {
                   ++asked;
                   return home();
                 },
                 {0ms, 0ms}};
  for (int i = 1; i <= 3; ++i) {
    BOOST_TEST(names.resolve("api.test", late(), go_on).has_value());
    BOOST_TEST(asked == i);
  }
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_with_the_name_and_kept_for_a_moment) {
  std::atomic<int> asked{0};
  resolver names{[&](const std::string&) -> answer {
                   ++asked;
                   return fail(errc::unavailable, "no such thing");
                 },
                 {30s, 60s}};
  for (int i = 0; i < 3; ++i) {
    const auto got = names.resolve("api.test", late(), go_on);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == errc::unavailable));
    BOOST_TEST(got.error().message.find("api.test") != std::string::npos);
  }
  BOOST_TEST(asked == 1);
}

BOOST_AUTO_TEST_CASE(a_look_up_that_hangs_is_left_at_the_deadline_or_at_a_stop) {
  std::promise<void> release;
  auto held = release.get_future().share();
  {
    resolver names{[held](const std::string&) {
      held.wait();
      return home();
    }};
    const auto late_answer = names.resolve("api.test", steady_now() + 30ms, go_on);
    BOOST_REQUIRE(!late_answer);
    BOOST_TEST((late_answer.error().kind == errc::timed_out));

    std::atomic<bool> stop{false};
    auto waiting =
      std::async(std::launch::async, [&] { return names.resolve("api.test", late(), stop); });
    stop = true;
    names.wake();
    const auto stopped = waiting.get();
    BOOST_REQUIRE(!stopped);
    BOOST_TEST((stopped.error().kind == errc::cancelled));
  } // the look-up outlives the resolver
  release.set_value();
}

BOOST_AUTO_TEST_CASE(the_systems_own_look_up_knows_this_machine) {
  const auto got = resolver::shared()->resolve("localhost", late(), go_on);
  BOOST_REQUIRE(got);
  BOOST_TEST(!got->empty());
}

BOOST_AUTO_TEST_SUITE_END()
