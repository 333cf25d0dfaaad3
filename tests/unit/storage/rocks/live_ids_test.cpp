// Rows of what is gone are left out by compactions, and no others.
#include "storage/keys.hpp"
#include "storage/rocks/database.hpp"
#include "tests/support/temp_dir.hpp"

#include <rocksdb/env.h>

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::storage;
using namespace perennial::storage::rocks;

BOOST_AUTO_TEST_SUITE(rows_of_what_is_gone)

namespace {

struct with_rows {
  test::temp_dir dir;
  std::unique_ptr<database> db{
    database::open(dir.text(), settings{0, rocksdb::Env::Default()}, false).value()};

  with_rows() {
    for (uint64_t id = 1; id <= 3; ++id) {
      for (uint64_t line = 0; line < 5; ++line) put(id, line);
    }
  }

  void put(uint64_t id, uint64_t line) const {
    rocksdb::WriteBatch rows;
    for (const auto t : {table::custom_ids, table::waiting}) {
      rows.Put(db->of(t), slice(keys::id_and_number(id, line)), "");
    }
    BOOST_REQUIRE(db->write(rows, durability::synced, "writing rows"));
  }

  /// The ids that rows are left of, after a compaction of the whole table.
  std::vector<uint64_t> left(table t) const {
    rocksdb::CompactRangeOptions whole;
    whole.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    BOOST_REQUIRE(db->raw().CompactRange(whole, db->of(t), nullptr, nullptr).ok());
    const std::unique_ptr<rocksdb::Iterator> it{db->raw().NewIterator({}, db->of(t))};
    std::vector<uint64_t> out;
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const auto id = keys::first_id(view(it->key()));
      if (out.empty() || out.back() != id) out.push_back(id);
    }
    return out;
  }
};

using ids = std::vector<uint64_t>;

} // namespace

BOOST_FIXTURE_TEST_CASE(stay_until_it_is_known_what_is_alive, with_rows) {
  BOOST_TEST(left(table::custom_ids) == (ids{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(are_left_out_by_a_compaction, with_rows) {
  db->in_force().files->settle({1, 2, 3}, 3);
  db->in_force().batches->settle({1, 3}, 3);
  db->file_died(1);
  BOOST_TEST(left(table::custom_ids) == (ids{2, 3}), boost::test_tools::per_element());
  BOOST_TEST(left(table::waiting) == (ids{1, 3}), boost::test_tools::per_element());
  db->batch_died(3);
  BOOST_TEST(left(table::waiting) == (ids{1}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(are_not_those_of_an_id_that_is_newer_than_what_is_known, with_rows) {
  db->in_force().files->settle({1}, 1);
  BOOST_TEST(left(table::custom_ids) == (ids{1, 2, 3}), boost::test_tools::per_element());
  db->in_force().files->born(2);
  db->in_force().files->born(3);
  db->file_died(2);
  BOOST_TEST(left(table::custom_ids) == (ids{1, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
