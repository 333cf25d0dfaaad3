// The calls that are out, in a mapped file: which lines a process had given to a provider when it
// died. Survives kill -9; a power loss may lose it, which costs counts and nothing else.
//
//   file = header (64 bytes) · 65,536 slots of 32 bytes, native byte order
//   header = "PRNLFLY1" · u32 slots · u32 generation · u32 crashed · zeros
//   slot   = u64 batch (0: free) · u64 line · u32 crashes · u32 generation · u64 check
//
// The generation grows with every start. A taken slot of the last generation was out when the
// process died; if it died by a fatal signal of its own (`crashed`), its crashes grow by one: a
// kill from outside or a full machine is no line's fault. A slot of generation 0 was found by a
// start, and its line has not been given out again since: another crash does not count against it.
#pragma once

#include "protocol/base/error.hpp"
#include "storage/ids.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace perennial::storage {

/// A slot that was taken when the file was opened.
struct recovered_call {
  uint32_t slot = 0;
  batch_id batch = 0;
  line_no line = 0;
  uint32_t crashes = 0; ///< How many processes died while this line was out; with the last one.
  bool was_out = false; ///< The last process died while it was out: the call is ambiguous.
};

/// Thread-safe. `take` and `free` cost a short lock and one store of 32 bytes.
class inflight {
public:
  static constexpr uint32_t slot_count = 65'536;

  /// Opens the file or makes it anew when it is missing or not ours.
  static result<std::unique_ptr<inflight>> open(const std::string& path);
  ~inflight();
  inflight(const inflight&) = delete;
  inflight& operator=(const inflight&) = delete;

  /// What the last process left. Each slot stays taken until `free`: free it when its line has a
  /// result, or after `take` for the line's next call, which is given the crashes.
  const std::vector<recovered_call>& recovered() const noexcept { return recovered_; }

  /// The process is ending by a fatal signal of its own. Safe in a signal handler.
  static void note_crash() noexcept;

  /// Notes that a call goes out. errc::busy when every slot is taken.
  result<uint32_t> take(batch_id batch, line_no line, uint32_t crashes);
  /// Calls that are out, or whose results are not on disk yet.
  uint32_t taken() noexcept;
  /// The result is on disk, or the line goes back unharmed.
  void free(uint32_t slot) noexcept;

private:
  struct slot;
  struct header;
  explicit inflight(void* map) noexcept
    : map_(map) {}
  header& head() const noexcept;
  slot& at(uint32_t index) const noexcept;
  void recover();

  void* map_;
  uint32_t generation_ = 1;
  std::vector<recovered_call> recovered_;
  std::mutex mutex_;
  std::vector<uint32_t> free_; ///< Slots, the next one to take last.
};

} // namespace perennial::storage
