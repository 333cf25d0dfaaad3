#include "actors/work/commit_backlog.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace perennial::actors {

namespace {

uint64_t size_of(const storage::line_result& r) { return r.text.size(); }
uint64_t size_of(const storage::line_wait& w) {
  uint64_t sum = w.entry.last_error.size();
  for (const auto& said : w.entry.words)
    sum += said.provider.size() + said.code.size() + said.message.size();
  return sum;
}

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
  if (to.empty()) {
    to = std::move(from);
  } else {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  }
  from.clear();
}

void append(storage::commit_group& to, storage::commit_group& from) {
  append(to.results, from.results);
  append(to.waits, from.waits);
  append(to.ambiguous, from.ambiguous);
}

/// What one write may still take.
struct room {
  size_t lines;
  uint64_t bytes;
  bool taken = false; ///< The first line fits always.

  bool take(uint64_t size) {
    if (taken && (lines == 0 || size > bytes)) return false;
    lines -= lines > 0 ? 1 : 0;
    bytes -= std::min(bytes, size);
    taken = true;
    return true;
  }
};

/// Moves from the front of `from` what there is room for.
template <class T>
void move_front(std::vector<T>& from, std::vector<T>& to, room& left) {
  auto end = from.begin();
  while (end != from.end() && left.take(size_of(*end))) ++end;
  if (end == from.end()) return append(to, from);
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(end));
  from.erase(from.begin(), end);
}

} // namespace

void commit_backlog::count(const storage::commit_group& group) {
  lines_ += group.results.size() + group.waits.size();
  for (const auto& r : group.results) bytes_ += size_of(r);
  for (const auto& w : group.waits) bytes_ += size_of(w);
}

void commit_backlog::add(storage::commit_group&& group) {
  count(group);
  append(held_, group);
}

bool commit_backlog::empty() const noexcept {
  return held_.results.empty() && held_.waits.empty() && held_.ambiguous.empty();
}

storage::commit_group commit_backlog::take() {
  storage::commit_group out;
  room left{limits_.lines, limits_.bytes};
  move_front(held_.results, out.results, left);
  if (held_.results.empty()) move_front(held_.waits, out.waits, left);
  if (held_.results.empty() && held_.waits.empty()) append(out.ambiguous, held_.ambiguous);
  lines_ = 0;
  bytes_ = 0;
  count(held_);
  return out;
}

void commit_backlog::put_back(storage::commit_group&& group) {
  count(group);
  append(group, held_);
  held_ = std::move(group);
}

} // namespace perennial::actors
