#include "protocol/base/crash_stack.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

BOOST_AUTO_TEST_SUITE(crash_stacks)

namespace {

constexpr int handled = 42;

void on_crash(int) { ::_exit(handled); }

/// Uses up its stack, whatever the compiler makes of it.
int dig(int depth) { // NOLINT(misc-no-recursion): that is the point
  volatile char room[4096] = {};
  room[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : dig(depth + 1) + room[0];
}

} // namespace

BOOST_AUTO_TEST_CASE(a_thread_that_used_up_its_stack_still_runs_the_handler) {
  const auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    struct sigaction action {};
    action.sa_handler = on_crash;
    action.sa_flags = SA_ONSTACK;
    ::sigaction(SIGSEGV, &action, nullptr);
    std::thread{[] {
      const perennial::crash_stack stack;
      dig(1);
    }}.join();
    ::_exit(1);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == handled);
}

BOOST_AUTO_TEST_SUITE_END()
