#include "storage/rocks/doubt.hpp"

namespace perennial::storage::rocks {

namespace {

/// The group's lines without their texts.
commit_group outline(const commit_group& group) {
  commit_group out;
  out.waits = group.waits;
  out.ambiguous = group.ambiguous;
  out.results.reserve(group.results.size());
  for (const auto& r : group.results) {
    auto& o = out.results.emplace_back();
    o.batch = r.batch;
    o.line = r.line;
  }
  return out;
}

/// Takes one from the count of `key`; false when there is none.
template <class Counts, class Key>
bool take_one(Counts& counts, const Key& key) {
  const auto found = counts.find(key);
  if (found == counts.end()) return false;
  if (--found->second == 0) counts.erase(found);
  return true;
}

} // namespace

void doubt::group_failed(const commit_group& group, const commit_group& taken,
                         std::map<batch_id, batch_progress> after) {
  add(taken);
  failed_ = outline(group);
  after_ = std::move(after);
}

void doubt::add(const commit_group& landed) {
  for (const auto& r : landed.results) ++lines_[{{r.batch, r.line}, false}];
  for (const auto& w : landed.waits) ++lines_[{{w.batch, w.line}, true}];
  for (const auto& a : landed.ambiguous) ++ambiguous_[{a.batch, a.count}];
}

std::pair<commit_group, commit_group> doubt::without_what_is_there(const commit_group& group) {
  std::pair<commit_group, commit_group> out;
  auto& [left, there] = out;
  for (const auto& r : group.results) {
    const bool known = take_one(lines_, line_key{{r.batch, r.line}, false});
    (known ? there : left).results.push_back(r);
  }
  for (const auto& w : group.waits) {
    const bool known = take_one(lines_, line_key{{w.batch, w.line}, true});
    (known ? there : left).waits.push_back(w);
  }
  for (const auto& a : group.ambiguous) {
    const bool known = take_one(ambiguous_, std::pair{a.batch, a.count});
    (known ? there : left).ambiguous.push_back(a);
  }
  return out;
}

} // namespace perennial::storage::rocks
