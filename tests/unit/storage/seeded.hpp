// Random numbers that a seed repeats.
#pragma once

#include <cstdint>
#include <random>

namespace perennial::test {

class seeded {
public:
  explicit seeded(uint64_t seed)
    : engine_(seed) {}
  /// 0 to n - 1.
  uint32_t below(uint64_t n) { return static_cast<uint32_t>(engine_() % n); }
  bool coin() { return below(2) == 0; }
  uint64_t bits() { return engine_(); }

private:
  std::mt19937_64 engine_;
};

} // namespace perennial::test
