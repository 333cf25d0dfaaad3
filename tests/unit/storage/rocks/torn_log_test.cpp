#include "storage/rocks/torn_log.hpp"

#include "storage/rocks/database.hpp"
#include "tests/unit/storage/suite/world.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(torn_logs)

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// A store with 20 commits of some KB, closed; its WAL and where each commit ends in it.
struct fixture : world<on_rocksdb> {
  batch_id id = running(100).id;
  std::string wal;
  std::string path;
  std::vector<size_t> ends;

  fixture() {
    for (const auto& entry : std::filesystem::directory_iterator(dir.text() + "/db")) {
      if (entry.path().extension() == ".log") path = entry.path();
    }
    for (line_no n = 0; n < 20; ++n) {
      commit({ok_result(id, n, std::string(3000 * n, 'x') + "\n")});
      ends.push_back(read_file(path).size());
    }
    db.reset();
    wal = read_file(path);
  }

  uint64_t completed_with(const std::string& log) {
    std::ofstream{path, std::ios::binary | std::ios::trunc} << log;
    db = must(on_rocksdb::open(dir.text()));
    check(id);
    const auto out = progress(id).completed;
    return out;
  }
};

std::string with_zeros_from(std::string log, size_t at) {
  std::fill(log.begin() + static_cast<std::ptrdiff_t>(at), log.end(), '\0');
  return log;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_whole_log_is_not_torn, fixture) {
  BOOST_TEST(!rocks::find_tear(wal).has_value());
  BOOST_TEST(!rocks::find_tear("").has_value());
  BOOST_TEST(!rocks::find_tear(std::string(100'000, '\0')).has_value());
}

BOOST_FIXTURE_TEST_CASE(zeros_behind_the_last_record_tear_nothing, fixture) {
  BOOST_TEST(!rocks::find_tear(wal + std::string(100'000, '\0')).has_value());
  BOOST_TEST(completed_with(wal + std::string(100'000, '\0')) == 20U);
}

BOOST_FIXTURE_TEST_CASE(zeros_from_any_sector_of_the_last_commit_cost_that_commit_alone, fixture) {
  const auto first_sector = ends[18] / 512 * 512 + 512;
  for (auto at = first_sector; at < wal.size(); at += 512) {
    const auto tear = rocks::find_tear(with_zeros_from(wal, at));
    // Where the zeros cover whole records nothing is torn: RocksDB sees the end.
    if (tear) BOOST_TEST(*tear >= ends[18]);
  }
  BOOST_TEST(completed_with(with_zeros_from(wal, first_sector + 512 * 30)) == 19U);
}

BOOST_FIXTURE_TEST_CASE(a_changed_byte_is_not_a_tear, fixture) {
  for (const auto at : {ends[3] + 100, ends[18] + 100, wal.size() - 60}) {
    auto changed = wal;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    BOOST_TEST(!rocks::find_tear(changed).has_value());
  }
}

BOOST_FIXTURE_TEST_CASE(zeros_in_the_middle_are_still_refused, fixture) {
  auto holed = wal;
  std::fill_n(holed.begin() + static_cast<std::ptrdiff_t>(ends[10] / 512 * 512 + 512), 2048, '\0');
  BOOST_TEST(!rocks::find_tear(holed).has_value());
  std::ofstream{path, std::ios::binary | std::ios::trunc} << holed;
  BOOST_TEST((kind(on_rocksdb::open(dir.text())) == errc::corrupt));
}

BOOST_FIXTURE_TEST_CASE(a_log_that_just_ends_is_left_to_rocksdb, fixture) {
  BOOST_TEST(completed_with(wal.substr(0, wal.size() - 1000)) == 19U);
}

BOOST_AUTO_TEST_SUITE_END()
