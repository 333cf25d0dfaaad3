// After a write error nobody knows whether the group that was being written is on disk. A group is
// one WriteBatch, so all of it is or nothing, and its progress rows tell which: they hold what the
// writer had computed, or what was there before. A row that the group leaves as it was tells
// nothing; where no row tells, nothing was counted either, and the group is written again whole.
// When the caller gives the group again, what is on disk already is taken out of it: neither
// written nor counted a second time.
#pragma once

#include "storage/store.hpp"

#include <map>
#include <utility>
#include <vector>

namespace perennial::storage::rocks {

/// The group whose write failed, and the part of it that turned out to be on disk.
class doubt {
public:
  /// The write of `group` failed; `after` is what the progress rows that it changes say if it
  /// happened all the same. `taken` came out of the same group by `without_what_is_there`.
  void group_failed(const commit_group& group, const commit_group& taken,
                    std::map<batch_id, batch_progress> after);
  /// After the database was opened again. `read` gives a batch's progress as it is on disk.
  template <class Read>
  result<void> settle(Read&& read) {
    for (const auto& [batch, expected] : after_) {
      result<batch_progress> found = read(batch);
      if (!found) return tl::unexpected{found.error()};
      if (*found == expected) add(failed_);
      break; // one row speaks for the whole group
    }
    failed_ = {};
    after_.clear();
    return {};
  }

  bool empty() const noexcept { return lines_.empty() && ambiguous_.empty(); }
  /// Splits what is on disk off `group`: what is left is to be written.
  std::pair<commit_group, commit_group> without_what_is_there(const commit_group& group);

private:
  void add(const commit_group& landed);

  commit_group failed_; ///< Texts left out.
  std::map<batch_id, batch_progress> after_;
  /// (batch, line, is a wait) → how many of them are on disk and may be given again.
  using line_key = std::pair<std::pair<batch_id, line_no>, bool>;
  std::map<line_key, uint32_t> lines_;
  std::map<std::pair<batch_id, uint64_t>, uint32_t> ambiguous_;
};

} // namespace perennial::storage::rocks
