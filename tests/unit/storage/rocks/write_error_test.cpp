// After a write error: closed until opened again, and a group given again is written once.
#include "protocol/base/log.hpp"
#include "storage/rocks/open.hpp"
#include "tests/support/failing_disk.hpp"
#include "tests/unit/storage/suite/world.hpp"

#include <filesystem>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(store_after_a_write_error)

namespace {

struct on_failing_disk {
  inline static std::shared_ptr<test::failing_fs> fs = std::make_shared<test::failing_fs>();
  inline static std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(fs);
  static result<std::unique_ptr<store>> open(const std::string& dir) {
    return open_rocks_store({dir, uint64_t{32} << 20}, env.get());
  }
};

struct fixture : world<on_failing_disk> {
  fixture() { logging::set_level(logging::level::err); }
  ~fixture() { fail_with(test::failing::nothing); }
  void fail_with(test::failing what) { on_failing_disk::fs->what = what; }
  void mend() {
    fail_with(test::failing::nothing);
    must(db->reopen());
  }

  batch_id a = running(10).id;
  batch_id b = running(10).id;
};

commit_group example_group(batch_id a, batch_id b) {
  commit_group group;
  group.results = {ok_result(a, 0), ok_result(a, 1), ok_result(a, 1, "second\n"),
                   error_result(b, 5, 500)};
  group.waits = {{a, 7, {1, at(5), true, "reset"}}};
  group.ambiguous = {{a, 1}, {b, 2}};
  return group;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(it_takes_no_changes_until_it_is_opened_again_and_reads_on, fixture) {
  commit({ok_result(a, 3)});
  fail_with(test::failing::appends);
  BOOST_TEST((kind(db->commit(example_group(a, b))) == errc::no_space));
  fail_with(test::failing::nothing);
  BOOST_TEST((kind(db->commit(example_group(a, b))) == errc::closed));
  BOOST_TEST((kind(db->set_state(a, {})) == errc::closed));
  BOOST_TEST((kind(db->delete_file(a)) == errc::closed));
  BOOST_TEST((kind(db->begin_upload({})) == errc::closed));
  BOOST_TEST(progress(a).completed == 1U);
  must(db->reopen());
  must(db->commit(example_group(a, b)));
  BOOST_TEST(progress(a).completed == 3U);
  check(a);
  check(b);
}

BOOST_FIXTURE_TEST_CASE(opening_again_on_a_full_disk_fails_as_often_as_it_is_tried, fixture) {
  const auto group = example_group(a, b);
  fail_with(test::failing::all_appends);
  BOOST_TEST((kind(db->commit(group)) == errc::no_space));
  for (int i = 0; i < 20; ++i) BOOST_TEST((kind(db->reopen()) == errc::no_space));
  BOOST_TEST((kind(db->commit(group)) == errc::closed));
  mend();
  must(db->commit(group));
  BOOST_TEST(progress(a).completed == 2U);
  check(a);
  check(b);
}

BOOST_FIXTURE_TEST_CASE(a_group_that_is_not_on_disk_is_written_when_given_again, fixture) {
  const auto group = example_group(a, b);
  fail_with(test::failing::appends);
  BOOST_TEST(!db->commit(group));
  mend();
  BOOST_TEST(progress(a).completed == 0U);
  BOOST_TEST(must(db->commit(group)).size() == 2U);
  BOOST_TEST(progress(a).completed == 2U);
  BOOST_TEST(progress(a).dropped == 1U);
  BOOST_TEST(progress(a).ambiguous == 1U);
  BOOST_TEST(progress(b).ambiguous == 2U);
  check(a);
  check(b);
}

BOOST_FIXTURE_TEST_CASE(a_group_that_is_on_disk_after_all_is_neither_written_nor_counted_again,
                        fixture) {
  const auto group = example_group(a, b);
  fail_with(test::failing::syncs);
  BOOST_TEST((kind(db->commit(group)) == errc::io_error));
  mend();
  const auto a_before = progress(a);
  const auto b_before = progress(b);
  BOOST_TEST(a_before.completed == 2U); // the disk has it
  const auto counts = must(db->commit(group));
  BOOST_TEST(counts.size() == 2U); // whoever waits for the batches is told
  BOOST_TEST((progress(a) == a_before));
  BOOST_TEST((progress(b) == b_before));
  BOOST_TEST(log(a, output_kind::ok) == "result of 0\nresult of 1\n");
  check(a);
  check(b);
  // From here on they are ordinary duplicates.
  must(db->commit(group));
  BOOST_TEST(progress(a).dropped == a_before.dropped + 3);
}

BOOST_FIXTURE_TEST_CASE(it_may_come_with_others_and_in_parts, fixture) {
  const auto group = example_group(a, b);
  fail_with(test::failing::syncs);
  BOOST_TEST(!db->commit(group));
  mend();
  const auto before = progress(a);
  commit({ok_result(a, 9), group.results[0]});
  commit({group.results[1], group.results[2], ok_result(a, 9, "again\n")});
  BOOST_TEST(progress(a).completed == before.completed + 1);
  BOOST_TEST(progress(a).dropped == before.dropped + 1);
  check(a);
}

BOOST_FIXTURE_TEST_CASE(two_errors_in_a_row_are_one_as_far_as_counts_go, fixture) {
  auto group = example_group(a, b);
  fail_with(test::failing::syncs);
  BOOST_TEST(!db->commit(group));
  mend();
  fail_with(test::failing::appends);
  group.results.push_back(ok_result(b, 9));
  BOOST_TEST(!db->commit(group));
  mend();
  must(db->commit(group));
  BOOST_TEST(progress(a).completed == 2U);
  BOOST_TEST(progress(a).dropped == 1U);
  BOOST_TEST(progress(a).ambiguous == 1U);
  BOOST_TEST(progress(b).completed == 1U);
  BOOST_TEST(progress(b).failed == 1U);
  check(a);
  check(b);
}

BOOST_FIXTURE_TEST_CASE(a_batch_that_only_waits_does_not_speak_for_the_group, fixture) {
  // The counts of `a`, which comes first, are the same whether the group is on disk or not.
  commit_group group;
  group.waits = {{a, 7, {1, at(5), false, "reset"}}};
  group.results = {ok_result(b, 3)};
  for (const auto what : {test::failing::appends, test::failing::syncs}) {
    fail_with(what);
    BOOST_TEST(!db->commit(group));
    mend();
    must(db->commit(group));
    BOOST_TEST(progress(b).completed == 1U);
    BOOST_TEST(log(b, output_kind::ok) == "result of 3\n");
    BOOST_TEST(must(db->waiting_in_segment(a, 0)).size() == 1U);
    check(b);
    b = running(10).id;
    group.results = {ok_result(b, 3)};
  }
}

BOOST_FIXTURE_TEST_CASE(a_group_of_waits_alone_is_written_when_given_again, fixture) {
  commit_group group;
  group.waits = {{a, 7, {1, at(5), false, "reset"}}};
  fail_with(test::failing::appends);
  BOOST_TEST(!db->commit(group));
  mend();
  must(db->commit(group));
  BOOST_TEST(must(db->waiting_in_segment(a, 0)).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_upload_from_before_is_refused_and_leaves_nothing, fixture) {
  auto up = must(db->begin_upload({"x", file_purpose::batch, at(1), {}}));
  must(up->append(std::string(2 << 20, 'x')));
  fail_with(test::failing::appends);
  BOOST_TEST(!db->commit(example_group(a, b)));
  mend();
  BOOST_TEST((kind(up->append("y")) == errc::closed));
  BOOST_TEST((kind(up->finish()) == errc::closed));
  up.reset();
  BOOST_TEST(must(db->list_files(0, 10, true)).size() == 2U);
  BOOST_TEST(std::filesystem::is_empty(dir.text() + "/uploads"));
  BOOST_TEST(upload("next").lines == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_failed_finish_leaves_nothing_visible, fixture) {
  auto up = must(db->begin_upload({"x", file_purpose::batch, at(1), {}}));
  must(up->append("x\n"));
  fail_with(test::failing::appends);
  BOOST_TEST((kind(up->finish()) == errc::no_space));
  up.reset();
  mend();
  BOOST_TEST(must(db->list_files(0, 10, true)).size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_batch_in_doubt_is_found_by_its_request, fixture) {
  batch_definition d;
  d.file = must(db->list_files(0, 1, true)).at(0).id;
  d.created = at(5000);
  const idempotency same{"key", sha256("x")};
  fail_with(test::failing::syncs);
  BOOST_TEST(!db->create_batch(d, same));
  mend();
  BOOST_TEST(must(db->create_batch(d, same)).existed);
  BOOST_TEST(must(db->list_batches(0, 10)).size() == 3U);
}

BOOST_FIXTURE_TEST_CASE(a_long_result_of_a_group_in_doubt_is_kept_until_it_is_settled, fixture) {
  const auto long_result = [&](line_no line) {
    auto blob = must(db->begin_blob(a, line));
    must(blob->append("long\n"));
    must(blob->finish());
    auto r = ok_result(a, line);
    r.text.clear();
    r.long_text = std::move(blob);
    return r;
  };
  const auto files = [&] {
    const std::filesystem::directory_iterator all{dir.path() / "blobs"};
    return std::distance(begin(all), end(all));
  };
  commit_group group;
  group.results.push_back(long_result(0));
  for (const auto what : {test::failing::appends, test::failing::syncs}) {
    fail_with(what);
    BOOST_TEST(!db->commit(group).has_value());
    BOOST_TEST(files() == 1);
    mend();
  }
  must(db->commit(group)); // it is there
  BOOST_TEST(progress(a).dropped == 0U);
  must(db->commit(group)); // its second result is the first one itself
  group = {};
  BOOST_TEST(progress(a).completed == 1U);
  BOOST_TEST(progress(a).dropped == 1U);
  BOOST_TEST(log(a, output_kind::ok) == "long\n");
  check(a);

  // The process ends in doubt: the start that follows decides.
  group.results.push_back(long_result(1));
  fail_with(test::failing::appends);
  BOOST_TEST(!db->commit(group).has_value());
  group = {};
  BOOST_TEST(files() == 2);
  fail_with(test::failing::nothing);
  restart();
  BOOST_TEST(files() == 1);
  check(a);
}

BOOST_AUTO_TEST_SUITE_END()
