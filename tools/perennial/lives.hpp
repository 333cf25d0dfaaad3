// The lives of a service within one process. When a part dies that it cannot do without, the whole
// is begun anew from the disk, after a wait; when that happens too often, the process ends, and
// whoever supervises it decides (docs/supervision.md).
#pragma once

#include "actors/service/service.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace perennial::tool {

/// So long may calls in flight go on after something died: their results are paid for.
inline constexpr std::chrono::seconds after_failure{5};

/// What one life came to.
struct life_end {
  int status = 0;                       ///< The process's exit status, unless...
  std::optional<std::string> died = {}; ///< ...this part of the service died.
};

/// Hears of each death; `last` where the process ends by it.
using death_listener = std::function<void(const std::string& what, bool last)>;

/// Lives until one life ends without a death, or with one too many.
/// @returns the exit status of the process.
int live_on(const std::function<life_end()>& live, const death_listener& tell);

/// Ends the process without waiting for anything. What does not return may be given instead, in
/// tests.
using process_end = std::function<void(int status)>;
void end_process(int status);

/// Takes a stopped service down. One of its threads may be in a call that does not come back: then
/// the process ends here and now. All that matters is on disk by then.
void take_down(std::unique_ptr<actors::service> stopped, const life_end& end,
               const process_end& end_now = end_process);

} // namespace perennial::tool
