// The reader actor: turns pages into lines that are ready to be sent, on a thread of its own. It
// only reads segments that lack results, and in them only lines that lack one. One request, one
// answer.
#pragma once

#include "actors/interfaces.hpp"
#include "protocol/jobs/line_splitter.hpp"
#include "protocol/jobs/slicer.hpp"

#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace perennial::actors {

/// Lines in one answer at most: bounds what the items of a page of tiny lines take.
inline constexpr size_t reader_chunk_lines = 2048;

/// Where the reader is in a batch.
struct read_cursor {
  std::shared_ptr<const batch_context> context;
  std::unique_ptr<jobs::slicer> slicer;
  std::vector<uint32_t> segments; ///< Unfinished ones, in order.
  size_t at_segment = 0;          ///< Index into `segments` of the one being read.
  std::optional<uint32_t> loaded; ///< The segment that `done` and `waiting` are of.
  std::vector<bool> done;         ///< Its lines that need no call, or were given out.
  /// Of the same segment: lines that an earlier process left waiting.
  std::unordered_map<storage::line_no, storage::waiting_entry> waiting;

  bool positioned = false; ///< `page` and `splitter` stand in segment `at_segment`.
  storage::page page;
  std::unique_ptr<jobs::line_splitter> splitter;

  bool at_end() const { return at_segment >= segments.size(); }
};

struct read_lines_result {
  item_list items;
  std::optional<error> failure;
};

struct reader_state {
  std::shared_ptr<const storage::store> db;
  dispatcher_actor dispatcher;
  std::map<storage::batch_id, read_cursor> cursors;
  static inline const char* name = "reader";
};

reader_actor::behavior_type reader_behavior(reader_actor::stateful_pointer<reader_state> self,
                                            std::shared_ptr<const storage::store> db,
                                            dispatcher_actor dispatcher);

/// The reading itself, apart from the actor: about one page's pending lines from the cursor on.
/// After a failure, which comes beside the lines before it, the next call goes on with the first
/// line that was not given.
read_lines_result read_lines(const storage::store& db, read_cursor& cursor,
                             const memory_grant_ptr& grant);

} // namespace perennial::actors
