// A second stack for the signal handler of a thread that works on what came from outside: one that
// has used up its own stack could not run it, and nobody would learn which line it died of.
#pragma once

namespace perennial {

/// Belongs to the thread that makes it, and must end on it. One that has such a stack already, as
/// under a sanitizer, keeps that.
class crash_stack {
public:
  crash_stack();
  ~crash_stack();
  crash_stack(const crash_stack&) = delete;
  crash_stack& operator=(const crash_stack&) = delete;

private:
  void* memory_ = nullptr;
};

} // namespace perennial
