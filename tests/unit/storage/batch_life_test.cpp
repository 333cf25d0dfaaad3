#include "storage/batch_life.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(life_of_a_batch)

namespace {

using status = batch_status;
using change = batch_change;

constexpr wall_time now = wall_time{std::chrono::milliseconds{5000}};

batch_record with(status s, uint64_t total = 3, uint64_t done = 1) {
  batch_record b;
  b.state.status = s;
  b.progress.total = total;
  b.progress.completed = done;
  return b;
}

/// From where `c` is allowed.
std::set<status> allowed(change c, uint64_t total, uint64_t done) {
  std::set<status> out;
  for (uint8_t n = 1; n <= 8; ++n) {
    const auto b = with(static_cast<status>(n), total, done);
    const auto next = apply(b, c, "why", now);
    if (next) {
      out.insert(b.state.status);
    } else {
      BOOST_TEST((next.error().kind == errc::conflict));
      BOOST_TEST(next.error().message.find(to_string(b.state.status)) != std::string::npos);
    }
  }
  return out;
}

batch_state after(const batch_record& b, change c) {
  const auto next = apply(b, c, "why", now);
  BOOST_REQUIRE(next.has_value());
  return *next;
}

using set = std::set<status>;

} // namespace

BOOST_AUTO_TEST_CASE(each_change_is_allowed_from_where_it_makes_sense) {
  const set running{status::validating, status::in_progress};
  BOOST_TEST((allowed(change::pause, 3, 1) == running));
  BOOST_TEST((allowed(change::resume, 3, 1) == running));
  BOOST_TEST((allowed(change::cancel, 3, 1) ==
              set{status::validating, status::in_progress, status::cancelling}));
  BOOST_TEST((allowed(change::complete, 3, 1) == set{status::completed}));
  BOOST_TEST((allowed(change::complete, 3, 3) == set{status::in_progress, status::completed}));
  BOOST_TEST((allowed(change::finalize, 3, 1) == set{status::validating, status::in_progress,
                                                     status::cancelling, status::finalizing}));
  BOOST_TEST((allowed(change::close, 3, 1) == set{status::finalizing}));
}

BOOST_AUTO_TEST_CASE(a_pause_keeps_its_reason_until_it_is_resumed) {
  auto b = with(status::in_progress);
  b.state = after(b, change::pause);
  BOOST_TEST(b.state.paused);
  BOOST_TEST(b.state.pause_reason == "why");
  BOOST_TEST((after(b, change::pause) == b.state));
  b.state = after(b, change::resume);
  BOOST_TEST(!b.state.paused);
  BOOST_TEST(b.state.pause_reason.empty());
}

BOOST_AUTO_TEST_CASE(a_batch_that_ends_is_not_paused_any_more) {
  auto paused = with(status::in_progress, 3, 3);
  paused.state = after(paused, change::pause);
  for (const auto c : {change::cancel, change::complete, change::finalize}) {
    const auto next = after(paused, c);
    BOOST_TEST(!next.paused);
    BOOST_TEST(next.pause_reason.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_cancel_goes_its_way_and_again_changes_nothing) {
  auto b = with(status::in_progress);
  b.state = after(b, change::cancel);
  BOOST_TEST((b.state.status == status::cancelling && b.state.cancelling_at == now));
  const auto again = apply(b, change::cancel, {}, now + std::chrono::seconds{9});
  BOOST_TEST((again.has_value() && *again == b.state)); // with the first time
  b.state = after(b, change::finalize);
  BOOST_TEST((b.state.status == status::finalizing && b.state.finalizing_at == now));
  const auto late = apply(b, change::finalize, {}, now + std::chrono::seconds{9});
  BOOST_TEST((late.has_value() && *late == b.state)); // a second start of the end
  b.state = after(b, change::close);
  BOOST_TEST((b.state.status == status::cancelled && b.state.cancelled_at == now));
  BOOST_TEST((b.state.expired_at == wall_time{} && b.state.completed_at == wall_time{}));
}

BOOST_AUTO_TEST_CASE(a_cancel_stands_though_the_last_result_came_meanwhile) {
  auto b = with(status::cancelling, 3, 3);
  b.state.cancelling_at = now;
  b.state = after(b, change::finalize);
  BOOST_TEST((after(b, change::close).status == status::cancelled));
}

BOOST_AUTO_TEST_CASE(what_closes_without_a_cancel_has_expired_or_is_complete) {
  auto b = with(status::in_progress);
  b.state = after(b, change::finalize);
  BOOST_TEST((after(b, change::close).status == status::expired));
  BOOST_TEST((after(b, change::close).expired_at == now));
  b.progress.failed = 2;
  BOOST_TEST((after(b, change::close).status == status::completed));
  BOOST_TEST((after(b, change::close).completed_at == now));
}

BOOST_AUTO_TEST_CASE(completing_needs_every_result) {
  auto b = with(status::in_progress, 3, 2);
  BOOST_TEST(!apply(b, change::complete, {}, now));
  b.progress.failed = 1;
  const auto done = after(b, change::complete);
  BOOST_TEST((done.status == status::completed && done.completed_at == now));
  BOOST_TEST((done.finalizing_at == now));
  const auto nothing_to_do = with(status::in_progress, 0, 0); // a retry that selected nothing
  BOOST_TEST((after(nothing_to_do, change::complete).status == status::completed));
}

BOOST_AUTO_TEST_CASE(results_are_taken_until_the_layout_may_begin) {
  for (uint8_t n = 1; n <= 8; ++n) {
    const auto s = static_cast<status>(n);
    const bool expected =
      s == status::validating || s == status::in_progress || s == status::cancelling;
    BOOST_TEST(takes_results(s) == expected);
    if (is_final(s)) BOOST_TEST(!takes_results(s));
  }
}

BOOST_AUTO_TEST_SUITE_END()
