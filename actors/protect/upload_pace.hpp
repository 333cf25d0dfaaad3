// How fast job files come in, by the level of the memory: what they bring is read soon and held, so
// where memory is short they wait for what is held to go.
#pragma once

#include "actors/protect/memory_ledger.hpp"
#include "protocol/base/bytes.hpp"

#include <chrono>
#include <cstdint>

namespace perennial::actors {

/// The level is looked at each time that so much has come.
inline constexpr uint64_t upload_step = mib;

/// How long an upload pauses after each step. Tight: at most 10 MiB a second of each. Full: enough
/// that the client does not take the connection for dead, and no more.
constexpr std::chrono::milliseconds upload_pause(memory_level level) {
  switch (level) {
  case memory_level::normal: break;
  case memory_level::tight: return std::chrono::milliseconds{100};
  case memory_level::full: return std::chrono::milliseconds{1000};
  }
  return std::chrono::milliseconds{0};
}

/// What becomes of an upload that was refused its buffers after waiting so long.
enum class upload_turn : uint8_t { wait, refuse };

/// Tight: another upload has the room; it is waited for, as long as a client's patience lasts.
/// Full: the client is told at once to come back later.
constexpr upload_turn turn_of(memory_level level, std::chrono::milliseconds waited) {
  constexpr std::chrono::milliseconds patience{10'000};
  return level == memory_level::full || waited >= patience ? upload_turn::refuse
                                                           : upload_turn::wait;
}

} // namespace perennial::actors
