// Waiting for a batch of a running service, through restarts of the service.
#pragma once

#include "tools/perennial/remote/api_client.hpp"
#include "tools/perennial/signals.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace perennial::tool {

struct watch_options {
  bool progress = true; ///< On standard error, with alarms.
  /// Without any answer for so long, it gives up (errc::unavailable).
  std::chrono::milliseconds patience{600'000};
};

/// Returns the batch at its end. errc::cancelled when the user stopped waiting: the batch goes on.
/// `look` sees the batch each time, the last time at its end; its error ends the watch, but for
/// `unavailable`, upon which it is asked again.
result<openai::batch_object>
watch_batch(api_client& api, const std::string& id, const signals& interrupts,
            const watch_options& options,
            const std::function<result<void>(const openai::batch_object&)>& look = {});

} // namespace perennial::tool
