// `serve` and `run` with their data on a file system of 64 MiB, a provider, and prompts.
#pragma once

#include "tests/support/eventually.hpp"
#include "tests/support/run_case.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/sim_process.hpp"
#include "tests/support/small_disk.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace perennial::test {

inline constexpr uint64_t mib = 1 << 20;

/// False, and said loudly: nothing can be mounted here, and the test says nothing.
bool can_mount();

struct served_disk {
  small_disk disk{64 * mib};
  sim_process sim;
  std::unique_ptr<serve_process> serve;

  explicit served_disk(std::vector<std::string> sim_flags)
    : sim(std::move(sim_flags)) {}

  void start(const std::string& concurrency);

  nlohmann::json get(const std::string& path) const;
  nlohmann::json disk_state() const { return ready().at("disk"); }
  nlohmann::json ready() const;
  bool level_becomes(const std::string& level) const;
  struct answer {
    int status = 0;
    nlohmann::json body;
  };
  answer upload(const std::string& text) const;
  /// Uploads and creates; its id.
  std::string create(const std::string& text) const;
  uint64_t results_of(const std::string& batch) const;
  bool completes(const std::string& batch) const;
  /// What is wrong with its results: each line must have one, the answer to its own prompt.
  std::vector<std::string> check_results(const std::string& batch, uint64_t prompts) const;
  bool log_has(const std::string& text) const;
};

/// The job file of `prompts` lines.
std::string jobs_of(uint64_t prompts);

} // namespace perennial::test
