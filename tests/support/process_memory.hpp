// What a process holds in memory, as the kernel counts it.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace perennial::test {

/// Bytes resident now (VmRSS); 0 where the process is gone.
uint64_t resident_bytes_of(pid_t pid);
/// The most that were ever resident (VmHWM).
uint64_t peak_resident_bytes_of(pid_t pid);

} // namespace perennial::test
