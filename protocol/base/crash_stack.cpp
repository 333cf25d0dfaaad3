#include "protocol/base/crash_stack.hpp"

#include <sys/mman.h>

#include <csignal>
#include <cstddef>

namespace perennial {

namespace {

/// More than the kernel puts there with all registers of today's processors, and a small handler.
constexpr size_t bytes = size_t{32} * 1024;

} // namespace

crash_stack::crash_stack() {
  stack_t now{};
  if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
  // Mapped, so that nothing of it takes memory before it is needed.
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t ours{};
  ours.ss_sp = memory;
  ours.ss_size = bytes;
  if (::sigaltstack(&ours, nullptr) == 0) {
    memory_ = memory;
  } else {
    ::munmap(memory, bytes);
  }
}

crash_stack::~crash_stack() {
  if (memory_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  ::munmap(memory_, bytes);
}

} // namespace perennial
