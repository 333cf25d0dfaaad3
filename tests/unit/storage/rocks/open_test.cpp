// Opening: who is refused and why, reading alone, and what damage is said.
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/database.hpp"
#include "tests/unit/storage/suite/world.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(opening_the_store)

namespace {

struct fixture : world<on_rocksdb> {
  /// Changes rows behind the store's back.
  template <class F>
  void change_rows(F&& change) {
    db.reset();
    auto raw = must(rocks::database::open(dir.text() + "/db",
                                          rocks::settings{0, rocksdb::Env::Default()}, false));
    rocksdb::WriteBatch rows;
    change(*raw, rows);
    must(raw->write(rows, rocks::durability::synced, "changing rows"));
  }
  result<std::unique_ptr<store>> try_open(bool read_only = false) {
    open_options o;
    o.data_dir = dir.text();
    o.read_only = read_only;
    return open_store(o);
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_second_process_is_refused_by_name_and_pid, fixture) {
  const auto second = try_open();
  BOOST_TEST((kind(second) == errc::conflict));
  BOOST_TEST(second.error().message ==
             fmt::format("{} is in use by perennial (pid {}); stop it or use another directory",
                         dir.text(), ::getpid()));
}

BOOST_FIXTURE_TEST_CASE(uploads_on_another_file_system_are_refused_at_the_start, fixture) {
  // Memory disks are there on every Linux; where /tmp is one as well there is nothing to test.
  std::string other = "/dev/shm/perennial-XXXXXX";
  if (::mkdtemp(other.data()) == nullptr) return; // no second file system here
  struct stat here {};
  struct stat there {};
  const bool two = ::stat(dir.text().c_str(), &here) == 0 && ::stat(other.c_str(), &there) == 0 &&
                   here.st_dev != there.st_dev;
  if (two) {
    db.reset();
    std::filesystem::remove(dir.text() + "/uploads");
    std::filesystem::create_directory_symlink(other, dir.text() + "/uploads");
    const auto opened = try_open();
    BOOST_TEST((kind(opened) == errc::unsupported));
    BOOST_TEST(opened.error().message.find("another file system") != std::string::npos);
  }
  std::filesystem::remove(other);
}

BOOST_FIXTURE_TEST_CASE(a_newer_schema_is_refused_with_both_versions, fixture) {
  change_rows([](const rocks::database& raw, rocksdb::WriteBatch& rows) {
    rows.Put(raw.of(rocks::table::meta), "schema", encode_schema(7));
  });
  const auto opened = try_open();
  BOOST_TEST((kind(opened) == errc::unsupported));
  BOOST_TEST(opened.error().message.find("schema 7, this one knows 1") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_newer_schema_with_new_tables_is_refused_the_same_way, fixture) {
  change_rows([](const rocks::database& raw, rocksdb::WriteBatch& rows) {
    rocksdb::ColumnFamilyHandle* added = nullptr;
    BOOST_REQUIRE(raw.raw().CreateColumnFamily({}, "leases", &added).ok());
    raw.raw().DestroyColumnFamilyHandle(added);
    rows.Put(raw.of(rocks::table::meta), "schema", encode_schema(2));
  });
  const auto opened = try_open();
  BOOST_TEST((kind(opened) == errc::unsupported));
  BOOST_TEST(opened.error().message.find("schema 2, this one knows 1") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(rows_without_a_schema_are_refused, fixture) {
  running(1);
  change_rows([](const rocks::database& raw, rocksdb::WriteBatch& rows) {
    rows.Delete(raw.of(rocks::table::meta), "schema");
  });
  BOOST_TEST((kind(try_open()) == errc::corrupt));
}

BOOST_FIXTURE_TEST_CASE(a_damaged_record_is_said_with_its_place, fixture) {
  const auto id = running(1).id;
  change_rows([&](const rocks::database& raw, rocksdb::WriteBatch& rows) {
    const auto key = keys::batch(id, batch_part::progress);
    rows.Put(raw.of(rocks::table::batches), rocks::slice(key), "\x01short");
  });
  db = must(try_open());
  const auto batch = db->get_batch(id);
  BOOST_TEST((kind(batch) == errc::corrupt));
  BOOST_TEST(batch.error().message.find(fmt::format("batch {}", id)) != std::string::npos);
  BOOST_TEST(batch.error().message.find("batch progress") != std::string::npos);
  // A modifier that meets it trusts nothing any more.
  BOOST_TEST((kind(db->set_state(id, {})) == errc::corrupt));
  BOOST_TEST((kind(db->set_state(id, {})) == errc::closed));
}

BOOST_FIXTURE_TEST_CASE(a_check_finds_what_does_not_agree, fixture) {
  const auto id = running(10).id;
  commit({ok_result(id, 0), ok_result(id, 1), error_result(id, 2, 500)});
  check(id);
  change_rows([&](const rocks::database& raw, rocksdb::WriteBatch& rows) {
    rows.Delete(raw.of(rocks::table::index), rocks::slice(keys::id_and_number(id, 1)));
  });
  db = must(try_open());
  const auto findings = must(db->check(id));
  const auto said = [&](const std::string& text) {
    return std::find(findings.begin(), findings.end(), text) != findings.end();
  };
  BOOST_TEST(said("lines done in segment 0: 3 counted, 2 found"));
  BOOST_TEST(said("watermark: 3 counted, 1 found"));
  BOOST_TEST(said("index rows for the output log: 2 counted, 1 found"));
}

BOOST_FIXTURE_TEST_CASE(a_check_finds_an_index_row_that_points_elsewhere, fixture) {
  const auto id = running(10).id;
  commit({ok_result(id, 0), ok_result(id, 1)});
  change_rows([&](const rocks::database& raw, rocksdb::WriteBatch& rows) {
    const auto wrong = encode_index({output_kind::ok, 3, 12, 200, 1});
    rows.Put(raw.of(rocks::table::index), rocks::slice(keys::id_and_number(id, 1)),
             rocksdb::Slice{wrong.data(), wrong.size()});
  });
  db = must(try_open());
  BOOST_TEST(must(db->check(id)).at(0) ==
             "line 1 points at 12 bytes at offset 3 of the output log, where no such line is");
}

BOOST_FIXTURE_TEST_CASE(an_orphan_of_a_cut_upload_is_deleted_at_the_start, fixture) {
  file_record orphan;
  orphan.id = 77;
  change_rows([&](const rocks::database& raw, rocksdb::WriteBatch& rows) {
    rows.Put(raw.of(rocks::table::files), rocks::slice(keys::id(77)), encode_file(orphan));
    const auto head = encode_page_head(0, false, false);
    rows.Put(raw.of(rocks::table::pages), rocks::slice(keys::id_and_number(77, 0)),
             std::string{head.data(), head.size()} + "page");
  });
  std::ofstream{dir.text() + "/uploads/left.sst"} << "rest";
  db = must(try_open());
  BOOST_TEST((kind(db->get_file(77)) == errc::not_found));
  BOOST_TEST((kind(db->read_page(77, 0)) == errc::not_found));
  BOOST_TEST(std::filesystem::is_empty(dir.text() + "/uploads"));
}

BOOST_FIXTURE_TEST_CASE(reading_alone_changes_nothing_and_takes_the_lock, fixture) {
  const auto id = running(3).id;
  commit({ok_result(id, 0)});
  db.reset();
  {
    const auto reader = must(try_open(true));
    BOOST_TEST((kind(try_open()) == errc::conflict));
    BOOST_TEST(must(reader->get_batch(id)).progress.completed == 1U);
    BOOST_TEST(must(reader->check(id)).empty());
    BOOST_TEST((kind(reader->begin_upload({})) == errc::unsupported));
    BOOST_TEST((kind(reader->set_state(id, {})) == errc::unsupported));
    BOOST_TEST((kind(reader->reopen()) == errc::unsupported));
  }
  db = must(try_open());
  BOOST_TEST(progress(id).completed == 1U);
}

BOOST_FIXTURE_TEST_CASE(reading_alone_needs_a_data_directory, fixture) {
  const test::temp_dir empty;
  open_options o;
  o.data_dir = empty.text();
  o.read_only = true;
  BOOST_TEST((kind(open_store(o)) == errc::not_found));
  BOOST_TEST(std::filesystem::is_empty(empty.text()));
}

BOOST_FIXTURE_TEST_CASE(a_directory_that_is_not_there_is_made_for_its_owner_alone, fixture) {
  open_options o;
  o.data_dir = dir.text() + "/new/data";
  must(open_store(o));
  using std::filesystem::perms;
  BOOST_TEST((std::filesystem::status(o.data_dir).permissions() == perms::owner_all));
}

BOOST_AUTO_TEST_SUITE_END()
