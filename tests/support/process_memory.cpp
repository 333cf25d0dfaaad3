#include "tests/support/process_memory.hpp"

#include <fstream>
#include <string>

namespace perennial::test {

namespace {

/// A line of /proc/PID/status, in KiB there.
uint64_t status_bytes(pid_t pid, const std::string& name) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string word; in >> word;) {
    uint64_t kib = 0;
    if (word == name && in >> kib) return kib * 1024;
  }
  return 0;
}

} // namespace

uint64_t resident_bytes_of(pid_t pid) { return status_bytes(pid, "VmRSS:"); }
uint64_t peak_resident_bytes_of(pid_t pid) { return status_bytes(pid, "VmHWM:"); }

} // namespace perennial::test
