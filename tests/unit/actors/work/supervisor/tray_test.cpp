// Who tells the supervisor of a finished call, and that none is lost on the way.
#include "actors/work/supervisor/tray.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(the_tray)

namespace {

call_done_ptr call(uint32_t worker) {
  auto out = std::make_shared<call_done>();
  out->worker = worker;
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_comes_slowly_is_told_at_once) {
  tray t;
  for (uint32_t i = 0; i < 3; ++i) {
    BOOST_TEST(t.put(call(i), false));
    BOOST_TEST(t.collect().size() == 1U);
    BOOST_TEST(t.collect().empty()); // the look that followed found nothing
  }
}

BOOST_AUTO_TEST_CASE(the_supervisor_is_told_once) {
  tray t;
  BOOST_TEST(t.put(call(0), false));
  BOOST_TEST(!t.put(call(1), false));
  BOOST_TEST(!t.put(call(2), true));
  const auto calls = t.collect();
  BOOST_REQUIRE(calls.size() == 3U);
  for (uint32_t i = 0; i < 3; ++i) BOOST_TEST(calls[i]->worker == i);
}

BOOST_AUTO_TEST_CASE(while_it_looks_by_itself_only_what_cannot_wait_is_told) {
  tray t;
  t.put(call(0), false);
  t.collect();
  BOOST_TEST(!t.put(call(1), false));
  BOOST_TEST(t.put(call(2), true));
  BOOST_TEST(!t.put(call(3), true));
  BOOST_TEST(t.collect().size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_full_tray_does_not_wait) {
  tray t;
  t.put(call(0), false);
  t.collect();
  for (size_t i = 1; i < tray::full; ++i) BOOST_TEST(!t.put(call(0), false));
  BOOST_TEST(t.put(call(0), false));
  BOOST_TEST(t.collect().size() == tray::full);
}

BOOST_AUTO_TEST_CASE(no_call_is_lost_or_left_lying) {
  constexpr uint32_t workers = 4;
  constexpr uint32_t calls_each = 5000;
  tray t;
  std::atomic<uint64_t> told{0};
  std::vector<uint32_t> next(workers, 0);
  uint64_t got = 0;
  const auto look = [&] {
    const auto calls = t.collect();
    for (const auto& c : calls) {
      BOOST_REQUIRE(c->response_bytes == next[c->worker]); // in order
      ++next[c->worker];
    }
    got += calls.size();
    return !calls.empty();
  };
  std::vector<std::thread> threads;
  for (uint32_t w = 0; w < workers; ++w) {
    threads.emplace_back([&, w] {
      for (uint32_t i = 0; i < calls_each; ++i) {
        auto c = call(w);
        c->response_bytes = i;
        if (t.put(std::move(c), i % 50 == 0)) ++told;
      }
    });
  }
  // As the supervisor does: it looks when told, and again until it has found nothing.
  uint64_t seen = 0;
  while (got < uint64_t{workers} * calls_each) {
    if (told.load() == seen) {
      std::this_thread::yield();
      continue;
    }
    ++seen;
    while (look()) {
    }
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(got == uint64_t{workers} * calls_each);
}

BOOST_AUTO_TEST_SUITE_END()
