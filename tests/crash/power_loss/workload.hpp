// Random work on a store, and the memory of what was acknowledged. After a cut the store is opened
// again and compared with it: what was acknowledged must be there, what was on its way may be, but
// whole, and nothing else.
#pragma once

#include "storage/store.hpp"
#include "tests/unit/storage/seeded.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace perennial::test {

class workload {
public:
  explicit workload(uint64_t seed)
    : random_(seed) {}

  /// Works until something fails; returns what. `steps` bounds the work when nothing does.
  std::optional<error> run(storage::store& db, int steps);

  /// Compares the store with what was acknowledged; each finding is a sentence. What was on its
  /// way at the cut and is there counts as acknowledged from here on.
  std::vector<std::string> compare(storage::store& db);

  /// The same after `reopen` in the same process: then the group that failed is given again, as the
  /// store asks for.
  std::vector<std::string> compare_and_give_again(storage::store& db);

  size_t acknowledged() const { return acknowledged_; }

private:
  struct open_upload {
    std::unique_ptr<storage::upload> up;
    std::string text;
  };
  struct known_file {
    std::string text;
    uint64_t lines = 0;
    bool deleted = false;
  };
  struct known_batch {
    storage::file_id file = 0;
    storage::batch_state state;
    uint64_t lines = 0;
    std::map<storage::line_no, std::string> results;
    std::map<storage::line_no, storage::waiting_entry> waits;
    uint64_t dropped = 0;
    uint64_t validated = 0; ///< Lines whose custom_ids are there.
    std::vector<storage::store::unrun_segment> unrun = {};
    storage::batch_id retry_of = 0;
    bool selected = false; ///< A retry's lines are chosen.
  };
  /// What was asked and not answered when the power went.
  struct on_its_way {
    std::optional<storage::file_id> finished;
    std::string finished_text;
    std::optional<storage::file_id> deleted;
    std::optional<storage::batch_definition> created;
    std::optional<std::pair<storage::batch_id, storage::batch_state>> state;
    std::optional<std::pair<storage::batch_id, uint64_t>> validated;
    std::optional<std::pair<storage::batch_id, std::vector<storage::store::unrun_segment>>>
      laid_out;
    std::optional<storage::batch_id> selected;
    storage::commit_group group;
  };

  result<void> step(storage::store& db);
  result<void> upload_some(storage::store& db);
  result<void> create(storage::store& db);
  result<void> validate(storage::store& db, storage::batch_id id);
  result<void> commit(storage::store& db);
  result<void> change_state(storage::store& db, storage::batch_id id);
  result<void> lay_out(storage::store& db, storage::batch_id id);
  result<void> retry(storage::store& db);
  result<void> delete_file(storage::store& db);
  void apply(const storage::commit_group& group);
  std::string random_text();
  storage::batch_id random_batch(bool in_progress);

  void compare_files(storage::store& db);
  void compare_batches(storage::store& db);
  void compare_batch(storage::store& db, const storage::batch_record& found);
  bool group_is_there(const std::vector<storage::batch_record>& found);
  void compare_unrun(storage::store& db, const storage::batch_record& found);
  void compare_selection(storage::store& db, const storage::batch_record& found);
  void compare_results(storage::store& db, const storage::batch_record& found);
  void compare_unfinished(storage::store& db);
  void compare_waits(storage::store& db, const storage::batch_resume& found);
  void compare_validation(storage::store& db, const storage::batch_resume& found);
  template <class... Ts>
  void finding(fmt::format_string<Ts...> text, Ts&&... args) {
    findings_.push_back(fmt::format(text, std::forward<Ts>(args)...));
  }

  seeded random_;
  std::vector<open_upload> uploads_;
  std::map<storage::file_id, known_file> files_;
  std::map<storage::batch_id, known_batch> batches_;
  std::set<storage::file_id> begun_; ///< Uploads that were never finished.
  on_its_way now_;
  bool group_was_there_ = false;
  uint64_t highest_id_ = 0;
  uint64_t requests_ = 0;
  size_t acknowledged_ = 0;
  std::vector<std::string> findings_;
};

} // namespace perennial::test
