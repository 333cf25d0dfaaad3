// The throttle actor on a clock that the test moves: what it lets out goes on by itself, whether or
// not anybody sends it a message.
#include "actors/protect/throttle_actor.hpp"

#include <boost/test/unit_test.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <vector>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

namespace {

struct system_config : caf::actor_system_config {
  system_config() {
    add_message_types<caf::id_block::perennial>();
    set("scheduler.policy", caf::atom("testing"));
  }
};

struct throttled {
  system_config config;
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& sched =
    dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  std::vector<throttle_permits> pushed; ///< To the supervisor.
  caf::actor supervisor;
  throttle_actor tested;

  throttled() {
    sched.clock().current_time += 1h; // 0 stands for "no timeout"
    supervisor = system.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](permits_atom, uint32_t, const throttle_permits& p) { pushed.push_back(p); }};
    });
  }
  ~throttled() {
    caf::anon_send_exit(tested, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
    settle();
  }

  void begin(const throttle_config& c) {
    throttle_setup setup;
    setup.config = c;
    tested = system.spawn(throttle_behavior, setup, caf::actor_cast<supervisor_actor>(supervisor));
    settle();
  }
  void settle() {
    while (sched.try_run_once()) {
    }
  }
  void advance(std::chrono::milliseconds by) {
    sched.advance_time(by);
    settle();
  }
  template <class... Ts>
  void tell(Ts&&... message) {
    caf::anon_send(tested, std::forward<Ts>(message)...);
    settle();
  }
  void meets_429(std::chrono::milliseconds wait) {
    outcome_event e;
    e.outcome.kind = outcome_kind::throttled_for;
    e.outcome.wait_at_least = wait;
    e.sent = sched.clock().now();
    e.in_flight = 1;
    tell(outcome_atom_v, outcome_list{e});
  }
  bool is_paused() const { return pushed.back().paused_until.has_value(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(throttle_actors, throttled)

BOOST_AUTO_TEST_CASE(a_rate_gives_one_call_after_the_other_without_any_word_from_outside) {
  begin({.requests_per_minute = 60});
  BOOST_TEST(pushed.back().calls == 1);
  for (int64_t calls = 1; calls < 10; ++calls) {
    tell(used_atom_v, uint32_t{1}, int64_t{0});
    BOOST_TEST(pushed.back().calls == calls);
    advance(1s);
    BOOST_TEST(pushed.back().calls == calls + 1);
  }
}

BOOST_AUTO_TEST_CASE(what_was_used_in_one_go_comes_back_at_the_rate) {
  begin({.requests_per_minute = 600, .tokens_per_minute = 60'000});
  tell(used_atom_v, uint32_t{10}, int64_t{5'000});
  for (int i = 0; i < 100; ++i) advance(100ms);
  BOOST_TEST(pushed.back().calls == 20);     // a second's worth may wait
  BOOST_TEST(pushed.back().tokens >= 6'000); // 1,000 there were, and 10,000 came
  BOOST_TEST(pushed.back().tokens <= 11'000);
}

BOOST_AUTO_TEST_CASE(a_stream_of_messages_does_not_put_it_off) {
  begin({.requests_per_minute = 600});
  tell(used_atom_v, uint32_t{10}, int64_t{0});
  for (int i = 0; i < 100; ++i) {
    advance(10ms);
    tell(used_atom_v, uint32_t{0}, int64_t{0});
  }
  BOOST_TEST(pushed.back().calls >= 19);
}

BOOST_AUTO_TEST_CASE(a_pause_ends_by_itself) {
  begin({});
  meets_429(5s);
  BOOST_TEST(is_paused());
  advance(4999ms);
  BOOST_TEST(is_paused());
  advance(1ms);
  BOOST_TEST(!is_paused());
}

BOOST_AUTO_TEST_CASE(a_pause_ends_by_hand) {
  begin({});
  meets_429(1h);
  BOOST_TEST(is_paused());
  tell(resume_atom_v);
  BOOST_TEST(!is_paused());
}

BOOST_AUTO_TEST_SUITE_END()
