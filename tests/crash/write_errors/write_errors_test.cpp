// Random work on a disk whose Nth change fails, for rising N: the disk is mended, the store opened
// again, what was in doubt given again, and the work goes on to its end. What was acknowledged must
// be there all along. RocksDB's own threads run as they like, so N does not mean the same change in
// each run. PERENNIAL_SEED repeats the work.
#include "protocol/base/log.hpp"
#include "storage/rocks/open.hpp"
#include "tests/crash/power_loss/workload.hpp"
#include "tests/support/nth_failure.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/ranges.h>

#include <cstdlib>
#include <map>

using namespace perennial;
using namespace perennial::storage;

namespace {

constexpr int parts = 3;
constexpr int steps = 120;

struct outcome_of_run {
  std::string met_at; ///< What failed; empty: the work has fewer changes.
  size_t acknowledged = 0;
  std::vector<std::string> findings;
};

/// What the store does after an error, or an operator with the store: mend, open, give again.
std::optional<error> mend(store& db, test::nth_failure& plan, test::workload& work,
                          std::vector<std::string>& findings) {
  plan.heal();
  if (auto ok = db.reopen(); !ok) return ok.error();
  for (auto& f : work.compare_and_give_again(db)) findings.push_back(std::move(f));
  return std::nullopt;
}

struct plan {
  test::disk_fault fault = test::disk_fault::io_error;
  bool lasting = false;
  std::string_view of = {}; ///< Ends of the names of the files that count; empty: all.
  bool opening = false;     ///< Counted from before the opening on, else from after it.
};

outcome_of_run run_once(uint64_t seed, uint64_t n, const plan& p) {
  const auto fs = std::make_shared<test::nth_failure_fs>();
  const auto env = rocksdb::NewCompositeEnv(fs);
  test::temp_dir dir;
  test::workload work{seed};
  outcome_of_run out;
  const auto say = [&](const std::string& what) { out.findings.push_back(what); };
  open_options options{dir.text(), uint64_t{32} << 20};
  options.log_bytes = 256 << 10; // so that there are flushes and compactions to fail
  {
    if (p.opening) fs->plan.fail_at(n, p.fault, p.lasting, p.of);
    auto db = open_rocks_store(options, env.get());
    if (!db) {
      if (fs->plan.met_at().empty()) say("opening failed by itself: " + db.error().message);
      fs->plan.heal();
      db = open_rocks_store(options, env.get());
    }
    if (!db) {
      say("a mended disk cannot be opened: " + db.error().message);
      return out;
    }
    if (!p.opening) fs->plan.fail_at(n, p.fault, p.lasting, p.of);
    for (int part = 0; part < (p.opening ? 1 : parts) && out.findings.empty(); ++part) {
      const auto failed = work.run(**db, steps);
      if (!failed && (*db)->takes_changes()) continue;
      if (fs->plan.met_at().empty()) {
        say("it failed by itself: " + (failed ? failed->message : "distrust"));
      }
      if (auto still = mend(**db, fs->plan, work, out.findings)) {
        say("a mended disk cannot be opened again: " + still->message);
        return out;
      }
    }
    out.met_at = fs->plan.met_at();
    fs->plan.heal();
    if (!(*db)->takes_changes()) mend(**db, fs->plan, work, out.findings);
    for (auto& f : work.compare(**db)) say(f);
  }
  auto again = open_rocks_store(options, env.get());
  if (!again) say("a later start cannot open it: " + again.error().message);
  if (again) {
    for (auto& f : work.compare(**again)) say("after a later start: " + f);
  }
  out.acknowledged = work.acknowledged();
  return out;
}

uint64_t first_seed() {
  const auto* given = std::getenv("PERENNIAL_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

/// Every change one after the other at first, then ever larger steps; the seed gives each N another
/// work.
constexpr uint64_t next(uint64_t n) { return n < 10 ? n + 1 : n + n / 4; }

void at_rising_changes(const plan& p, uint64_t at_least) {
  logging::set_level(logging::level::off); // every failure makes the store complain
  uint64_t seed = first_seed();
  size_t acknowledged = 0;
  std::map<std::string, int> failed;
  for (uint64_t n = 1;; n = next(n), ++seed) {
    BOOST_TEST_CONTEXT("change " << n << ", PERENNIAL_SEED=" << seed) {
      const auto done = run_once(seed, n, p);
      for (const auto& f : done.findings) BOOST_ERROR(f);
      acknowledged += done.acknowledged;
      if (!done.met_at.empty()) ++failed[done.met_at];
      if (!done.findings.empty()) return;
      if (done.met_at.empty()) {
        BOOST_TEST_MESSAGE(acknowledged << " acknowledged changes; failed: "
                                        << fmt::format("{}", failed));
        BOOST_TEST(n > at_least); // else the work is too little to say anything
        return;
      }
    }
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(write_errors)

BOOST_AUTO_TEST_CASE(an_io_error_loses_nothing_that_was_acknowledged) {
  at_rising_changes({test::disk_fault::io_error, false}, 100);
}

BOOST_AUTO_TEST_CASE(
  a_disk_that_stays_broken_until_it_is_mended_loses_nothing_that_was_acknowledged) {
  at_rising_changes({test::disk_fault::io_error, true}, 100);
}

BOOST_AUTO_TEST_CASE(one_write_without_room_loses_nothing_that_was_acknowledged) {
  at_rising_changes({test::disk_fault::no_space, false}, 100);
}

BOOST_AUTO_TEST_CASE(
  a_disk_that_stays_full_until_there_is_room_loses_nothing_that_was_acknowledged) {
  at_rising_changes({test::disk_fault::no_space, true}, 100);
}

BOOST_AUTO_TEST_CASE(half_a_write_loses_nothing_that_was_acknowledged) {
  at_rising_changes({test::disk_fault::short_write, false}, 100);
}

BOOST_AUTO_TEST_CASE(half_a_write_and_a_full_disk_behind_it_loses_nothing_that_was_acknowledged) {
  at_rising_changes({test::disk_fault::short_write, true}, 100);
}

BOOST_AUTO_TEST_CASE(an_io_error_of_a_sorted_file_loses_nothing_that_was_acknowledged) {
  at_rising_changes({test::disk_fault::io_error, false, ".sst"}, 20);
}

BOOST_AUTO_TEST_CASE(
  a_sorted_file_that_finds_no_room_for_a_while_loses_nothing_that_was_acknowledged) {
  at_rising_changes({test::disk_fault::no_space, true, ".sst"}, 20);
}

BOOST_AUTO_TEST_CASE(half_a_write_of_a_sorted_file_loses_nothing_that_was_acknowledged) {
  at_rising_changes({test::disk_fault::short_write, false, ".sst"}, 20);
}

BOOST_AUTO_TEST_CASE(an_io_error_while_it_opens_is_survived) {
  at_rising_changes({test::disk_fault::io_error, false, {}, true}, 30);
}

BOOST_AUTO_TEST_CASE(a_full_disk_while_it_opens_is_survived) {
  at_rising_changes({test::disk_fault::no_space, true, {}, true}, 30);
}

BOOST_AUTO_TEST_CASE(half_a_write_while_it_opens_is_survived) {
  at_rising_changes({test::disk_fault::short_write, false, {}, true}, 30);
}

BOOST_AUTO_TEST_SUITE_END()
