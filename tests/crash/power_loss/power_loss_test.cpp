// A hundred times: random work, the power goes at a random change of the disk, what was not synced
// is lost, and the store is opened on what is left. PERENNIAL_SEED repeats a failure (RocksDB's own
// threads still run as they like), PERENNIAL_ROUNDS changes the number.
#include "protocol/base/log.hpp"
#include "storage/rocks/open.hpp"
#include "tests/crash/power_loss/disk.hpp"
#include "tests/crash/power_loss/power_loss_fs.hpp"
#include "tests/crash/power_loss/workload.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>

using namespace perennial;
using namespace perennial::storage;

namespace {

/// Rounds on one data directory, each from what the cut before left.
constexpr int rounds_on_a_directory = 5;

struct totals {
  int rounds = 0;
  size_t acknowledged = 0;
  std::vector<std::string> findings;
};

/// One directory through several cuts. `break_disk` may make the disk lie.
totals cut_again_and_again(uint64_t seed, int rounds,
                           const std::function<void(test::disk&)>& break_disk) {
  logging::set_level(logging::level::off); // every cut makes the store complain
  totals out;
  test::temp_dir dir;
  test::seeded random{seed};
  test::workload work{seed};
  auto place = [&](int round, const char* what) {
    return fmt::format("{}/{}-{}", dir.text(), what, round);
  };
  std::filesystem::create_directories(place(0, "data"));
  for (int round = 0; round < rounds && out.findings.empty(); ++round) {
    {
      test::disk disk{place(round, "data"), place(round, "vault"), random.bits()};
      break_disk(disk);
      const auto env = test::make_power_loss_env(disk);
      disk.cut_after(1 + random.below(random.below(4) == 0 ? 80 : 700));
      auto db = open_rocks_store({place(round, "data"), uint64_t{32} << 20}, env.get());
      std::optional<error> failed;
      if (!db)
        failed = db.error();
      else
        failed = work.run(**db, 2000);
      if (failed && !disk.is_cut()) out.findings.push_back("before the cut: " + failed->message);
      if (db) db->reset();
      disk.cut_after(0);
      disk.rebuild(place(round + 1, "data"));
    }
    std::filesystem::remove_all(place(round, "data"));
    std::filesystem::remove_all(place(round, "vault"));
    test::disk disk{place(round + 1, "data"), place(round, "vault"), 0};
    const auto env = test::make_power_loss_env(disk); // for speed: it syncs nothing really
    auto db = open_rocks_store({place(round + 1, "data"), uint64_t{32} << 20}, env.get());
    if (!db)
      out.findings.push_back("the store does not open: " + db.error().message);
    else {
      for (auto& f : work.compare(**db)) out.findings.push_back(std::move(f));
    }
    ++out.rounds;
    if (db) db->reset();
    std::filesystem::remove_all(place(round, "vault"));
  }
  out.acknowledged = work.acknowledged();
  return out;
}

uint64_t first_seed() {
  const auto* given = std::getenv("PERENNIAL_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

int rounds() {
  const auto* given = std::getenv("PERENNIAL_ROUNDS");
  return given != nullptr ? std::atoi(given) : 100;
}

/// Whether cuts find out that the disk lies, within a few directories.
bool is_found_out(const std::function<void(test::disk&)>& break_disk) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    if (!cut_again_and_again(seed, 3, break_disk).findings.empty()) return true;
  }
  return false;
}

} // namespace

BOOST_AUTO_TEST_SUITE(power_loss)

BOOST_AUTO_TEST_CASE(everything_acknowledged_is_there_after_a_cut) {
  auto seed = first_seed();
  BOOST_TEST_MESSAGE("PERENNIAL_SEED=" << seed);
  size_t acknowledged = 0;
  for (int left = rounds(); left > 0; left -= rounds_on_a_directory, ++seed) {
    const auto done =
      cut_again_and_again(seed, std::min(left, rounds_on_a_directory), [](test::disk&) {});
    acknowledged += done.acknowledged;
    for (const auto& f : done.findings) {
      BOOST_ERROR("PERENNIAL_SEED=" << seed << ", round " << done.rounds << ": " << f);
    }
    if (!done.findings.empty()) return;
  }
  BOOST_TEST_MESSAGE("acknowledged changes in all: " << acknowledged);
  BOOST_TEST(acknowledged > static_cast<size_t>(rounds()));
}

// The harness itself: it must see what a missing sync loses.
BOOST_AUTO_TEST_CASE(a_log_that_is_not_synced_is_found_out) {
  BOOST_TEST(is_found_out([](test::disk& d) { d.swallow_syncs_of(".log"); }));
}

BOOST_AUTO_TEST_CASE(sorted_files_that_are_not_synced_are_found_out) {
  BOOST_TEST(is_found_out([](test::disk& d) { d.swallow_syncs_of(".sst"); }));
}

BOOST_AUTO_TEST_CASE(directories_that_are_not_synced_are_found_out) {
  BOOST_TEST(is_found_out([](test::disk& d) { d.swallow_directory_syncs(); }));
}

BOOST_AUTO_TEST_SUITE_END()
