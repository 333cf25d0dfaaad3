#include "dispatch_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(dispatch_tables, dispatch_fixture)

BOOST_AUTO_TEST_CASE(lines_go_out_in_order_and_only_against_credit) {
  add(1);
  read(1, 0, 5);
  BOOST_TEST(table.assign(now).empty());
  BOOST_TEST(lines(0, 2) == (list{0, 1}));
  BOOST_TEST(table.assign(now).empty());
  BOOST_TEST(lines(0, 10) == (list{2, 3, 4}));
  read(1, 5, 7); // the credit that was left over counts
  const auto more = table.assign(now);
  BOOST_REQUIRE(more.size() == 1U);
  BOOST_TEST(more[0].items.size() == 2U);
  BOOST_TEST(load(1).out == 7U);
}

BOOST_AUTO_TEST_CASE(credit_of_a_provider_that_does_not_exist_is_ignored) {
  add(1);
  read(1, 0, 1);
  table.on_want(7, 5);
  BOOST_TEST(table.assign(now).empty());
}

BOOST_AUTO_TEST_CASE(one_providers_trouble_does_not_hold_up_the_other) {
  add(1);
  read(1, 0, 3, "a");
  read(1, 3, 6, "b");
  BOOST_TEST(lines(1, 10) == (list{3, 4, 5})); // provider 0 wants nothing
  BOOST_TEST(load(1).ready == 3U);
}

BOOST_AUTO_TEST_CASE(between_batches_it_is_fair_by_weight) {
  add(1, 1000, false, 1);
  add(2, 1000, false, 3);
  read(1, 0, 100);
  read(2, 0, 100);
  std::map<storage::batch_id, int> got;
  for (const auto& i : take(0, 40)) ++got[i->batch->id];
  BOOST_TEST(got[1] == 10);
  BOOST_TEST(got[2] == 30);
}

BOOST_AUTO_TEST_CASE(lines_that_no_provider_takes_hold_up_none_behind_them) {
  add(1);
  read(1, 0, 10 * limits.held_lines, "c");
  BOOST_TEST(load(1).unrouted == 10 * limits.held_lines);
  BOOST_TEST((table.next_read() == storage::batch_id{1}));
  read(1, 10 * limits.held_lines, 10 * limits.held_lines + 1);
  BOOST_TEST((lines(0, 5) == list{10 * limits.held_lines}));
}

BOOST_AUTO_TEST_CASE(a_line_that_no_provider_takes_waits_and_is_named) {
  add(1);
  read(1, 0, 2, "c");
  BOOST_TEST(lines(0, 5).empty());
  BOOST_TEST(load(1).unrouted == 2U);
  BOOST_TEST(table.unrouted_model(1).value() == "c");
  BOOST_TEST(!table.unrouted_model(2).has_value());
}

BOOST_AUTO_TEST_CASE(a_line_that_comes_back_at_once_is_the_next) {
  add(1);
  read(1, 0, 4);
  auto out = take(0, 2);
  BOOST_TEST(table.on_back(out[0], 0ms, now));
  BOOST_TEST(load(1).out == 1U);
  BOOST_TEST(lines(0, 2) == (list{0, 2}));
}

BOOST_AUTO_TEST_CASE(a_line_that_waits_goes_out_when_it_is_due_and_not_before) {
  add(1);
  read(1, 0, 2);
  auto out = take(0, 2);
  BOOST_TEST(!table.next_due().has_value());
  BOOST_TEST(table.on_back(out[1], 5s, now));
  BOOST_TEST(table.on_back(out[0], 2s, now));
  BOOST_TEST(load(1).waiting == 2U);
  BOOST_TEST(load(1).out == 0U);
  BOOST_TEST((table.next_due() == now + 2s));
  BOOST_TEST(lines(0, 5).empty());
  now += 2s;
  const auto due = table.assign(now);
  BOOST_REQUIRE(due.size() == 1U);
  BOOST_TEST(due[0].items.at(0)->line == 0U);
  now += 3s;
  BOOST_TEST(table.assign(now).at(0).items.at(0)->line == 1U);
  BOOST_TEST(load(1).waiting == 0U);
  BOOST_TEST(!table.next_due().has_value());
}

BOOST_AUTO_TEST_CASE(a_line_that_waits_lets_its_page_go_and_keeps_its_text) {
  add(1);
  auto page = std::make_shared<std::string>("the body");
  auto i = item(1, 0);
  i->page = page;
  i->body = *page;
  table.on_lines(1, {i}, true, now, wall);
  BOOST_TEST(page.use_count() == 2); // ready lines look into it
  auto out = take(0, 1);
  table.on_back(out[0], 1s, now);
  BOOST_TEST(page.use_count() == 1);
  page->assign("nobody!!");
  BOOST_TEST(i->body == "the body");
}

BOOST_AUTO_TEST_CASE(a_wait_of_an_earlier_process_goes_on_but_for_an_hour_at_most) {
  add(1);
  auto soon = item(1, 0);
  soon->not_before = wall + 3s;
  auto over = item(1, 1);
  over->not_before = wall - 3s;
  auto clock_jumped = item(1, 2);
  clock_jumped->not_before = wall + 1000h;
  table.on_lines(1, {soon, over, clock_jumped}, true, now, wall);
  BOOST_TEST(lines(0, 5) == (list{1}));
  BOOST_TEST((table.next_due() == now + 3s));
  now += 3s;
  BOOST_TEST(table.assign(now).at(0).items.at(0)->line == 0U);
  now += 1h;
  BOOST_TEST(table.assign(now).at(0).items.at(0)->line == 2U);
}

BOOST_AUTO_TEST_CASE(a_paused_batch_gives_nothing_and_is_not_read) {
  add(1, 1000, true);
  read(1, 0, 2);
  BOOST_TEST(!table.next_read().has_value());
  BOOST_TEST(lines(0, 5).empty());
  table.set_paused(1, false);
  BOOST_TEST(table.next_read().value() == 1U);
  BOOST_TEST(table.assign(now).at(0).items.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_stopped_batch_gives_back_all_it_held_and_takes_no_more) {
  add(1);
  add(2);
  read(1, 0, 3);
  read(1, 3, 4, "c");
  read(2, 0, 1, "b");
  auto out = take(0, 2);
  table.on_back(out[0], 5s, now);
  const auto dropped = table.stop(1);
  std::set<storage::line_no> seen;
  for (const auto& i : dropped) seen.insert(i->line);
  BOOST_TEST((seen == std::set<storage::line_no>{0, 2})); // waiting, ready
  BOOST_TEST(!table.is_quiet(1));
  BOOST_TEST(!table.on_back(out[1], 0ms, now)); // the caller frees its slot
  BOOST_TEST(table.is_quiet(1));
  read(1, 4, 9);
  BOOST_TEST(lines(0, 5).empty());
  BOOST_TEST(!table.next_due().has_value());
  BOOST_TEST(load(1).ready == 0U);
  BOOST_TEST(lines(1, 1) == (list{0})); // the other batch goes on
}

BOOST_AUTO_TEST_CASE(lines_of_a_batch_that_is_gone_are_let_go_of) {
  add(1);
  read(1, 0, 2);
  auto out = take(0, 1);
  table.remove(1);
  BOOST_TEST(!table.knows(1));
  BOOST_TEST(!table.on_back(out[0], 0ms, now));
  BOOST_TEST(!table.on_back(item(1, 5), 1s, now));
  BOOST_TEST(!table.on_result(1, storage::output_kind::ok, 200));
  read(1, 0, 5);
  BOOST_TEST(lines(0, 9).empty());
  BOOST_TEST(table.is_quiet(1));
  BOOST_TEST(!table.is_complete(1));
}

BOOST_AUTO_TEST_CASE(a_batch_is_complete_when_every_line_has_its_result) {
  add(1, 3);
  BOOST_TEST(!table.is_complete(1));
  storage::batch_progress p;
  p.total = 3;
  p.completed = 2;
  p.failed = 1;
  table.on_counts(1, p);
  BOOST_TEST(table.is_complete(1));
  p.failed = 0; // the counts of an older group, told later
  table.on_counts(1, p);
  BOOST_TEST(table.is_complete(1));
  add(2, 0); // a retry that selected nothing
  BOOST_TEST(table.is_complete(2));
}

BOOST_AUTO_TEST_CASE(results_count_down_what_is_out) {
  add(1);
  read(1, 0, 2);
  take(0, 2);
  BOOST_TEST(!table.on_result(1, storage::output_kind::ok, 200));
  BOOST_TEST(load(1).out == 1U);
  BOOST_TEST(!table.is_quiet(1));
  table.on_result(1, storage::output_kind::error, 500);
  BOOST_TEST(table.is_quiet(1));
}

BOOST_AUTO_TEST_CASE(equal_rejections_ask_for_a_pause_until_a_person_resumes) {
  add(1);
  const auto reject = [&] { return table.on_result(1, storage::output_kind::error, 400); };
  int asked = 0;
  for (int i = 0; i < 40; ++i) asked += reject() ? 1 : 0;
  BOOST_TEST(asked == 1);
  table.set_paused(1, true);
  table.set_paused(1, false);
  for (int i = 0; i < 40; ++i) asked += reject() ? 1 : 0;
  BOOST_TEST(asked == 1);
}

BOOST_AUTO_TEST_CASE(a_batch_is_read_while_it_has_few_ready_lines_and_one_read_at_a_time) {
  add(1);
  BOOST_TEST(table.next_read().value() == 1U);
  BOOST_TEST(!table.next_read().has_value());
  read(1, 0, 3);
  BOOST_TEST(table.next_read().value() == 1U);
  table.read_refused(1); // no memory: it may be asked for again
  BOOST_TEST(table.next_read().value() == 1U);
  read(1, 3, 6);
  BOOST_TEST(!table.next_read().has_value());
  take(0, 4);
  BOOST_TEST(table.next_read().value() == 1U);
  read(1, 6, 7, "a", true); // the end of the file
  take(0, 10);
  BOOST_TEST(!table.next_read().has_value());
}

BOOST_AUTO_TEST_CASE(a_batch_is_read_on_for_a_provider_that_could_take_more) {
  add(1);
  table.next_read();
  read(1, 0, 10, "a");
  BOOST_TEST(!table.next_read().has_value());
  table.on_want(1, 5); // and none of the ready lines is for it
  BOOST_TEST(table.next_read().value() == 1U);
}

BOOST_AUTO_TEST_CASE(reading_stops_when_too_many_lines_wait) {
  add(1);
  storage::line_no next = 0;
  while (table.next_read()) {
    read(1, next, next + 4);
    next += 4;
    for (auto& i : take(0, 4)) table.on_back(i, 1min, now);
    BOOST_REQUIRE(next < 1000);
  }
  BOOST_TEST(load(1).waiting == limits.held_lines);
  now += 1min; // they are due: they go out, and reading goes on
  table.on_want(0, 20);
  BOOST_TEST(table.assign(now).at(0).items.size() == 20U);
  BOOST_TEST(table.next_read().value() == 1U);
}

BOOST_AUTO_TEST_CASE(reading_stops_when_lines_hold_too_many_bytes) {
  add(1);
  const std::string big(60'000, 'x');
  for (storage::line_no n = 0; n < 2; ++n) {
    BOOST_TEST(table.next_read().has_value());
    auto i = item(1, n);
    i->owned = big;
    i->body = i->owned;
    table.on_lines(1, {i}, false, now, wall);
  }
  BOOST_TEST(!table.next_read().has_value());
  take(0, 1);
  BOOST_TEST(table.next_read().has_value());
}

BOOST_AUTO_TEST_CASE(batches_are_read_in_turn) {
  add(1);
  add(2);
  add(3);
  std::vector<storage::batch_id> order;
  for (int i = 0; i < 6; ++i) {
    order.push_back(table.next_read().value());
    table.read_refused(order.back());
  }
  BOOST_TEST(order == (std::vector<storage::batch_id>{1, 2, 3, 1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(retries_are_held_to_a_fifth_while_first_attempts_are_ready) {
  limits.ready_low = 1000;
  add(1, 10'000);
  read(1, 0, 400);
  auto failed = take(0, 200);
  for (auto& i : failed) {
    i->attempts = 1;
    BOOST_TEST(table.on_back(std::move(i), 1ms, now));
  }
  now += 1ms;
  size_t retries = 0;
  for (const auto& i : take(0, 100)) retries += i->attempts > 0 ? 1U : 0U;
  BOOST_TEST(retries >= 3U);
  BOOST_TEST(retries <= (200U + 100U) / 5 + 1);
}

BOOST_AUTO_TEST_CASE(retries_are_not_held_when_nothing_else_is_left) {
  add(1, 10'000);
  read(1, 0, 50, "a", true);
  for (auto& i : take(0, 50)) {
    i->attempts = 1;
    table.on_back(std::move(i), 1ms, now);
  }
  now += 1ms;
  BOOST_TEST(take(0, 50).size() == 50U);
}

BOOST_AUTO_TEST_CASE(lines_past_their_own_deadline_are_taken_out_and_others_are_not) {
  batch_context c;
  c.id = 1;
  c.definition.line_deadline = 10s;
  contexts[1] = std::make_shared<const batch_context>(c);
  storage::batch_progress p;
  p.total = 100;
  table.add(contexts[1], {}, p);
  BOOST_TEST(table.has_line_deadlines());
  read(1, 0, 4);
  auto out = take(0, 3);
  for (auto& i : out) {
    i->attempts = 1;
    i->first_call = wall;
  }
  out[2]->first_call = wall + 5s;
  table.on_back(std::move(out[0]), 60s, now); // waits
  table.on_back(std::move(out[1]), 0ms, now); // is ready
  table.on_back(std::move(out[2]), 0ms, now);
  BOOST_TEST(table.take_overdue(wall + 9'999ms).empty());
  const auto over = table.take_overdue(wall + 10s);
  BOOST_REQUIRE(over.size() == 1U);
  BOOST_TEST(over.at(1).size() == 2U);
  BOOST_TEST(load(1).out == 2U);
  BOOST_TEST(load(1).ready == 2U); // line 2, and line 3, which never went out
  BOOST_TEST(load(1).waiting == 0U);
  BOOST_TEST(lines(0, 10) == (list{2, 3}));
}

// -- memory

BOOST_AUTO_TEST_CASE(copies_of_waiting_lines_bound_each_other_over_all_batches) {
  limits = {4, 1'000, 1'000'000, 2 * sizeof(work_item)};
  table = dispatch_table{routes{{{"a*"}, {"b*"}}}, limits};
  for (const storage::batch_id id : {1U, 2U, 3U}) {
    add(id);
    BOOST_TEST(table.next_read().value() == id);
    read(id, 0, 2);
  }
  // One line of 1 and one of 2 wait.
  for (int i = 0; i < 2; ++i) {
    auto items = take(0, 1);
    BOOST_REQUIRE(items.size() == 1U);
    table.on_back(std::move(items[0]), 10s, now);
  }
  std::set<storage::batch_id> reading;
  while (const auto id = table.next_read()) reading.insert(*id);
  BOOST_TEST(reading.contains(3)); // it has none of them
  BOOST_TEST(reading.size() == 1U);
  table.stop(1);
  BOOST_TEST(table.next_read().value() == 2U);
}

BOOST_AUTO_TEST_CASE(a_read_is_needed_now_where_a_provider_could_take_lines_and_has_none) {
  add(1);
  add(2);
  BOOST_TEST(!table.is_needed_now(1));
  BOOST_TEST(take(0, 2).empty());
  BOOST_TEST(table.is_needed_now(1));
  read(1, 0, 4);
  table.assign(now);
  BOOST_TEST(!table.is_needed_now(2));
}

BOOST_AUTO_TEST_SUITE_END()
