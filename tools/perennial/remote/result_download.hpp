// The results of a batch of a running service, into a file or to standard output.
#pragma once

#include "tools/perennial/remote/api_client.hpp"
#include "tools/perennial/signals.hpp"

#include <string>

namespace perennial::tool {

struct results_wanted {
  std::string order = "input"; ///< or "completion"
  bool failed_only = false;
};

/// The results so far into `path`, which appears whole or not at all; empty or "-": standard
/// output.
result<void> download_results(api_client& api, const std::string& id, const results_wanted& what,
                              const std::string& path);

/// Results to standard output as they come, in order of completion, to the batch's end.
result<openai::batch_object> follow_results(api_client& api, const std::string& id,
                                            bool failed_only, const signals& interrupts);

} // namespace perennial::tool
