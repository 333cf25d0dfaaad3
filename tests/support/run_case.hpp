// `perennial run` as its users run it, and what must hold of its results whatever happened to it.
#pragma once

#include "tests/support/sim_process.hpp"
#include "tests/support/temp_dir.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace perennial::test {

/// One job file, one place for its results, run as often as wanted.
class run_case {
public:
  /// `prompts` lines, each with a text of its own; each is its line's custom_id as well.
  explicit run_case(uint64_t prompts);

  std::filesystem::path jobs() const { return dir_ / "jobs.jsonl"; }
  std::filesystem::path output() const { return dir_ / "results.jsonl"; }
  std::filesystem::path data() const { return dir_ / "results.jsonl.perennial"; }
  std::filesystem::path dir() const { return dir_.path(); }

  /// Starts it. The job file, -o, --base-url and --json are given already.
  std::unique_ptr<child_process> start(const std::string& url, std::vector<std::string> flags = {},
                                       std::map<std::string, std::string> env = {});

  /// What is wrong with the results; empty where each line has exactly one, that answers its own
  /// prompt. Lines in `may_fail` need not have succeeded.
  std::vector<std::string> check_results(const std::vector<std::string>& may_fail = {}) const;

  /// `perennial doctor`: its exit status.
  int doctor() const;

private:
  temp_dir dir_;
  uint64_t prompts_;
};

/// Kills it with SIGKILL in the middle of its work, and tells how many calls a repetition may cost:
/// the prompts that the sim has answered or has in hand at that moment, less the results that are
/// on disk in `data`. Both are counted from outside.
uint64_t kill_and_count_owed(child_process& p, const sim_process& sim,
                             const std::filesystem::path& data);

/// The text of prompt `i`.
std::string prompt_text(uint64_t i);

} // namespace perennial::test
