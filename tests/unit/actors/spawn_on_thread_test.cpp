// What is left of an actor that got no thread: CAF keeps it, and holds what it was to be given.
#include "actors/spawn_on_thread.hpp"

#include <boost/test/unit_test.hpp>

#include <any>
#include <memory>

using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(spawn_on_threads)

namespace {

/// An actor and its system, as CAF 0.17 counts and keeps what it spawns.
struct spawner {
  bool has_threads = true;
  int running = 0;
  int detached = 0;
  std::any kept;

  spawner& home_system() { return *this; }
  spawner& registry() { return *this; }
  void dec_running() { --running; }
  void dec_detached_threads() { --detached; }

  template <caf::spawn_options, class F>
  int spawn(F f) {
    ++running;
    ++detached;
    kept = f;
    if (!has_threads)
      throw std::system_error{std::make_error_code(std::errc::resource_unavailable_try_again)};
    return f(this);
  }
};

int behave(spawner*, const std::shared_ptr<int>& value, int more) { return *value + more; }

} // namespace

BOOST_AUTO_TEST_CASE(an_actor_with_a_thread_gets_what_it_was_given) {
  spawner s;
  BOOST_TEST(
    (spawn_on_thread<caf::no_spawn_options>(&s, behave, std::make_shared<int>(3), 4) == 7));
  BOOST_TEST(s.running == 1);
  BOOST_TEST(s.detached == 1);
}

BOOST_AUTO_TEST_CASE(one_without_a_thread_holds_nothing_and_is_not_waited_for) {
  spawner s;
  s.has_threads = false;
  const auto value = std::make_shared<int>(3);
  BOOST_TEST(!spawn_on_thread<caf::no_spawn_options>(&s, behave, value, 4));
  BOOST_TEST(s.kept.has_value());
  BOOST_TEST(value.use_count() == 1);
  BOOST_TEST(s.running == 0);
  BOOST_TEST(s.detached == 0);
}

BOOST_AUTO_TEST_SUITE_END()
