// The two clocks of the project. Decisions take `now` as an argument; only behaviours and programs
// read a clock.
//
//   steady_time   for durations and deadlines inside a process
//   wall_time     for what is stored or shown: milliseconds since the Unix epoch, UTC
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace perennial {

using steady_time = std::chrono::steady_clock::time_point;
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

inline steady_time steady_now() { return std::chrono::steady_clock::now(); }

inline wall_time wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// Milliseconds since the epoch, as stored. 0 stands for "not set".
inline uint64_t to_unix_ms(wall_time t) {
  return static_cast<uint64_t>(t.time_since_epoch().count());
}

inline wall_time from_unix_ms(uint64_t ms) {
  return wall_time{std::chrono::milliseconds{static_cast<int64_t>(ms)}};
}

/// "2026-11-28 04:41:34Z": for people.
std::string format_time(int64_t unix_seconds);

/// "350 ms", "12.4 s", "3 m 20 s", "2 h 05 m": for people.
std::string format_duration(std::chrono::milliseconds d);

} // namespace perennial
