// `perennial run`: a whole batch with no daemon. Its state lies in a directory of its own; run
// again after any interruption it goes on.
#pragma once

#include "actors/service/config.hpp"
#include "protocol/jobs/line_splitter.hpp"
#include "storage/records.hpp"

#include <chrono>
#include <string>

namespace perennial::tool {

struct run_options {
  std::string jobs; ///< A path, or "-".
  std::string output;
  std::string data_dir; ///< Empty: beside the output, named after it.
  std::string endpoint = "/v1/chat/completions";
  std::string format = "jsonl";
  std::string on_invalid = "fail";
  std::string model;
  uint32_t max_attempts = 5;
  uint64_t memory_bytes = 512 * mib;
  uint64_t max_line_bytes = jobs::default_max_line_bytes;
  actors::provider_config provider;
  std::chrono::seconds give_up{600}; ///< With no answer from the provider in all that time.
  bool fresh = false;
  bool retry_failed = false;
  bool json = false;
  bool quiet = false;
};

int run(const run_options& options);

} // namespace perennial::tool
