// What takes long or much disk is done whole where all tests are: `tests/run --all`.
#pragma once

#include <cstdlib>

namespace perennial::test {

inline bool whole() { return std::getenv("PERENNIAL_MEMORY_TESTS_WHOLE") != nullptr; }

} // namespace perennial::test
