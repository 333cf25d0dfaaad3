// `--fresh`: throws the state of a run away, and nothing else. A directory in which anything lies
// that is not of such a state, that another process uses, or that holds the work of a service, is
// left as it is.
#pragma once

#include "protocol/base/error.hpp"

#include <string>

namespace perennial::tool {

/// Refuses results that would lie where the state has an entry of its own. errc::invalid_input.
result<void> check_apart(const std::string& output, const std::string& dir);

/// Empties the data directory `dir`; `LOCK` stays. `jobs` is the job file of this run: a file in
/// the store that has its name and no batch is a run's, too, cut off before its batch was made.
/// errc::conflict (in use; somebody else's work), errc::unsupported (a newer program's), io_error.
result<void> throw_away_state(const std::string& dir, const std::string& jobs);

} // namespace perennial::tool
