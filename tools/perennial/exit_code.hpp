// What the program's exit status says. Scripts match these: never change one.
#pragma once

namespace perennial::tool {

enum exit_code : int {
  done = 0,        ///< All is well.
  some_failed = 1, ///< Done, and some lines failed.
  wrong_use = 2,   ///< A wrong flag, a bad job file, a refused state.
  unreachable = 3, ///< The provider or the service could not be reached, or it was interrupted.
};

} // namespace perennial::tool
