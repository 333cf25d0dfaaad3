#include "actors/protect/disk_budget.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(disk_budget_decision)

namespace {

constexpr disk_load idle{};

struct fixture {
  disk_budget budget;
  uint64_t size = 64 * mib;

  bool look(uint64_t free, const disk_load& load = idle) {
    return budget.on_look({size, free}, load);
  }
  bool is(disk_level level) const { return budget.level() == level; }
  disk_floors floors(const disk_load& load = idle) const { return find_floors(size, {}, load); }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(small_and_large_disks_have_floors_that_fit, fixture) {
  for (const auto bytes : {64 * mib, 256 * mib, gib, 20 * gib, 4096 * gib}) {
    const auto f = find_floors(bytes, {}, idle);
    BOOST_TEST(f.for_results >= 2 * storage::log_bytes_for(bytes));
    BOOST_TEST(f.for_results + f.for_results / 4 <= f.for_uploads); // tight lies before full
    BOOST_TEST(f.for_uploads + f.ballast < bytes / 2);              // an empty disk takes uploads
  }
  BOOST_TEST(find_floors(20 * gib, {}, idle).for_uploads == gib);
  BOOST_TEST(find_floors(4096 * gib, {}, idle).for_uploads == gib);
  BOOST_TEST(find_floors(4096 * gib, {}, idle).ballast == 64 * mib);
  BOOST_TEST(find_floors(64 * mib, {}, idle).ballast == 4 * mib);
}

BOOST_FIXTURE_TEST_CASE(a_configured_reserve_holds_where_results_do_not_need_more, fixture) {
  BOOST_TEST(find_floors(gib, {.reserve = 700 * mib}, idle).for_uploads == 700 * mib);
  BOOST_TEST(find_floors(gib, {.reserve = 1}, idle).for_uploads >
             find_floors(gib, {.reserve = 1}, idle).for_results);
}

BOOST_FIXTURE_TEST_CASE(calls_in_flight_need_room_for_their_results, fixture) {
  size = 100 * gib;
  const auto none = floors();
  const auto some = floors({300, mib});
  BOOST_TEST(some.for_results - none.for_results >= 2 * 300 * mib - mib);
  // They are in memory until they are on disk.
  const disk_config small{.most_in_memory = 100 * mib};
  const auto bounded = find_floors(size, small, {65'536, 64 * mib});
  BOOST_TEST(bounded.for_results <= none.for_results + 200 * mib);
}

BOOST_FIXTURE_TEST_CASE(long_results_need_their_room_once_and_no_memory_bounds_them, fixture) {
  size = 100 * gib;
  const disk_config small{.most_in_memory = 100 * mib};
  const auto without = find_floors(size, small, {100, 4 * kib, 0});
  const auto with = find_floors(size, small, {100, 4 * kib, 10 * mib});
  BOOST_TEST(with.for_results - without.for_results == 164 * 10 * mib);
  BOOST_TEST(find_floors(size, small, {UINT64_MAX / 2, 4 * kib, UINT64_MAX}).for_results ==
             size / 2);
}

BOOST_FIXTURE_TEST_CASE(no_load_keeps_more_than_half_of_the_disk_for_results, fixture) {
  BOOST_TEST(floors({65'536, 64 * mib}).for_results == size / 2);
  BOOST_TEST(floors({UINT64_MAX / 2, UINT64_MAX / 2}).for_results == size / 2);
}

BOOST_FIXTURE_TEST_CASE(uploads_stop_before_calls_do, fixture) {
  const auto f = floors();
  BOOST_TEST(!look(f.for_uploads));
  BOOST_TEST(is(disk_level::normal));
  BOOST_TEST(look(f.for_uploads - 1));
  BOOST_TEST(is(disk_level::tight));
  BOOST_TEST(!look(f.for_results));
  BOOST_TEST(is(disk_level::tight));
  BOOST_TEST(look(f.for_results - 1));
  BOOST_TEST(is(disk_level::full));
}

BOOST_FIXTURE_TEST_CASE(each_level_is_left_later_than_it_was_entered, fixture) {
  const auto f = floors();
  look(0);
  BOOST_TEST(is(disk_level::full));
  BOOST_TEST(budget.goes_on_at() == f.for_results + f.for_results / 4);
  look(f.for_results + f.for_results / 4 - 1);
  BOOST_TEST(is(disk_level::full));
  look(f.for_results + f.for_results / 4);
  BOOST_TEST(is(disk_level::tight));
  BOOST_TEST(budget.goes_on_at() == f.for_uploads + f.for_uploads / 8);
  look(f.for_uploads + f.for_uploads / 8 - 1);
  BOOST_TEST(is(disk_level::tight));
  look(f.for_uploads + f.for_uploads / 8);
  BOOST_TEST(is(disk_level::normal));
}

BOOST_FIXTURE_TEST_CASE(calls_that_have_ended_do_not_make_room_for_as_many_new_ones, fixture) {
  size = gib;
  const disk_load busy{1000, 100 * kib};
  const auto need = floors(busy).for_results;
  look(need - 1, busy);
  BOOST_TEST(is(disk_level::full));
  look(need - 1, idle); // they have ended; nothing else has changed
  BOOST_TEST(is(disk_level::full));
  look(need + need / 4, idle);
  BOOST_TEST(!is(disk_level::full));
}

BOOST_FIXTURE_TEST_CASE(an_upload_must_fit_beyond_what_is_kept_and_what_others_were_promised,
                        fixture) {
  const auto f = floors();
  look(f.for_uploads + 10 * mib);
  BOOST_TEST(budget.has_room_for_upload(9 * mib, 0));
  BOOST_TEST(!budget.has_room_for_upload(10 * mib, 0)); // it has heads too
  BOOST_TEST(!budget.has_room_for_upload(9 * mib, mib));
  look(f.for_uploads);
  BOOST_TEST(budget.upload_may_go_on());
  look(f.for_uploads - 1);
  BOOST_TEST(!budget.upload_may_go_on());
  BOOST_TEST(!budget.has_room_for_upload(0, 0));
  BOOST_TEST(budget.is_too_long_for_disk(size));
  BOOST_TEST(budget.is_too_long_for_disk(UINT64_MAX));
  BOOST_TEST(!budget.is_too_long_for_disk(30 * mib));
}

BOOST_FIXTURE_TEST_CASE(the_ballast_is_made_beyond_what_is_kept_and_does_not_make_the_disk_tight,
                        fixture) {
  const auto f = floors();
  look(f.for_uploads + f.ballast);
  BOOST_TEST(!budget.has_room_for_ballast());
  const auto enough = f.for_uploads + f.for_uploads / 8 + f.ballast;
  look(enough);
  BOOST_TEST(budget.has_room_for_ballast());
  look(enough - f.ballast);
  BOOST_TEST(is(disk_level::normal));
}

BOOST_FIXTURE_TEST_CASE(longer_results_are_believed_at_once_and_shorter_ones_slowly, fixture) {
  result_size r{disk_load{}.result_bytes};
  r.on_results(0, 0);
  BOOST_TEST(r.bytes() == disk_load{}.result_bytes);
  r.on_results(10, 10 * mib);
  BOOST_TEST(r.bytes() == mib);
  r.on_results(1, 0);
  BOOST_TEST(r.bytes() == mib - mib / 16);
}

BOOST_AUTO_TEST_SUITE_END()
