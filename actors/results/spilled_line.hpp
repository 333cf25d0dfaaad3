// The result line of an answer that is too long to be held: written into a blob of the store as it
// comes, the line's head before it and its tail behind it.
#pragma once

#include "actors/work/work_item.hpp"
#include "protocol/base/bytes.hpp"
#include "protocol/jobs/body_stream.hpp"
#include "protocol/provider/answer_spill.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <memory>
#include <string>

namespace perennial::actors {

/// Answers longer than this are spilled: a part of the budget that a few of them may take several
/// times over (the body, the line made of it, the write). Under a megabyte a file each costs more
/// than it saves; more than a commit writes at once (`commit_limits::bytes`) need not go through
/// it.
constexpr uint64_t spill_over(uint64_t budget_bytes) {
  return std::clamp(budget_bytes / 64, mib, 8 * mib);
}

/// A line must fit into 4 GiB with what stands before and behind the answer.
inline constexpr uint64_t longest_answer = storage::most_blob_bytes - 64 * mib;

class spilled_line final : public answer_spill {
public:
  /// `item` and `provider` must outlive it.
  spilled_line(storage::store& db, const work_item& item, std::string_view provider)
    : db_(db)
    , item_(item)
    , provider_(provider) {}

  result<void> begin(const call_report& head) override;
  result<void> append(std::string_view bytes) override;
  result<void> end() override;

  /// The line, on disk. `attempts` counts this call.
  result<storage::line_result> finish(uint32_t attempts, const call_report& report);

private:
  result<void> write(size_t at_least);

  storage::store& db_;
  const work_item& item_;
  const std::string_view provider_;
  std::unique_ptr<storage::blob> blob_;
  std::unique_ptr<jobs::body_stream> body_;
  std::string ready_; ///< To be written.
};

} // namespace perennial::actors
