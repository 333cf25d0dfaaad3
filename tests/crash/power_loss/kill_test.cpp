// kill -9 of a process that commits in a loop: what it reported as acknowledged must be there. The
// child is this program again, running the test case `child`, which does nothing by itself.
#include "storage/store.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/storage/seeded.hpp"

#include "protocol/base/unique_fd.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <random>

using namespace perennial;
using namespace perennial::storage;

extern char** environ; // NOLINT(readability-redundant-declaration)

namespace {

constexpr uint64_t file_lines = 500'000;

struct acknowledged_line {
  batch_id batch;
  line_no line;
};

std::string text_of(line_no line) { return fmt::format("result {}\n", line); }

/// Starts this program as a child that works on `dir` and writes what it has done to the pipe.
pid_t start_child(const std::string& dir, int pipe_end) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_end, 3);
  std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  std::string test = "--run_test=kill_of_the_store/child";
  std::array<char*, 3> arguments{program.data(), test.data(), nullptr};
  ::setenv("PERENNIAL_CHILD_DIR", dir.c_str(), 1);
  pid_t child = -1;
  const int failed =
    posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::unsetenv("PERENNIAL_CHILD_DIR");
  posix_spawn_file_actions_destroy(&actions);
  BOOST_REQUIRE(failed == 0);
  return child;
}

template <class T>
T must(result<T>&& r) {
  BOOST_REQUIRE_MESSAGE(r.has_value(), (r ? std::string{} : r.error().message));
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

} // namespace

BOOST_AUTO_TEST_SUITE(kill_of_the_store)

BOOST_AUTO_TEST_CASE(child) {
  const auto* dir = std::getenv("PERENNIAL_CHILD_DIR");
  if (dir == nullptr) return;
  auto db = must(open_store({dir, uint64_t{32} << 20}));
  const auto batch = must(db->list_batches(0, 1)).at(0);
  auto line = batch.progress.completed; // in order, so this is the first one left
  for (;;) {
    commit_group group;
    for (uint64_t n = 0; n < 1 + line % 40 && line < file_lines; ++n, ++line) {
      line_result r;
      r.batch = batch.id;
      r.line = line;
      r.text = text_of(line);
      group.results.push_back(std::move(r));
    }
    must(db->commit(group));
    std::vector<acknowledged_line> done;
    for (const auto& r : group.results) done.push_back({r.batch, r.line});
    if (::write(3, done.data(), done.size() * sizeof(acknowledged_line)) <= 0) return;
  }
}

BOOST_AUTO_TEST_CASE(acknowledged_lines_survive_kill_9) {
  const test::temp_dir dir;
  batch_id batch = 0;
  {
    auto db = must(open_store({dir.text(), uint64_t{32} << 20}));
    std::string text;
    for (uint64_t i = 0; i < file_lines; ++i) text += "x\n";
    auto up = must(db->begin_upload({"jobs", file_purpose::batch, {}, {}}));
    must(up->append(text));
    batch_definition d;
    d.file = must(up->finish()).id;
    batch = must(db->create_batch(d, {})).batch.id;
    must(db->end_validation({batch, 0, {}, false, false, {}}));
  }
  test::seeded random{std::random_device{}()};
  line_no last = 0; // lines below were acknowledged
  for (int round = 0; round < 10; ++round) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    unique_fd from{ends[0]};
    unique_fd to{ends[1]};
    const auto child = start_child(dir.text(), to.get());
    to.reset();
    // Killed after a random number of reports, in the middle of whatever comes next.
    auto lines_left = static_cast<int64_t>(random.below(3000));
    bool killed = false;
    std::array<acknowledged_line, 512> got;
    for (;;) {
      const auto n = ::read(from.get(), got.data(), sizeof got);
      if (n <= 0) break;
      BOOST_REQUIRE(n % static_cast<ssize_t>(sizeof(acknowledged_line)) == 0);
      const auto count = static_cast<size_t>(n) / sizeof(acknowledged_line);
      for (size_t i = 0; i < count; ++i) last = std::max(last, got[i].line + 1);
      lines_left -= static_cast<int64_t>(count);
      if (lines_left <= 0 && !killed) {
        ::kill(child, SIGKILL);
        killed = true;
      }
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_REQUIRE_MESSAGE(killed && WIFSIGNALED(status), "the child ended by itself");

    auto db = must(open_store({dir.text(), uint64_t{32} << 20}));
    const auto progress = must(db->get_batch(batch)).progress;
    BOOST_TEST(progress.completed >= last);
    BOOST_TEST(progress.watermark == progress.completed);
    BOOST_TEST(progress.dropped == 0U);
    for (line_no n = 0; n < last; n += 1 + random.below(20)) {
      const auto e = must(db->get_index(batch, n));
      BOOST_REQUIRE(e.has_value());
      BOOST_TEST(must(db->read_output(batch, e->kind, e->offset, e->length)) == text_of(n));
    }
    for (const auto& finding : must(db->check(batch))) BOOST_ERROR(finding);
  }
  BOOST_TEST(last > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
