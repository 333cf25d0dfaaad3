#include "storage/rocks/live_ids.hpp"

#include "storage/keys.hpp"
#include "storage/rocks/database.hpp"

#include <algorithm>

namespace perennial::storage::rocks {

namespace {

class dead_row_filter final : public rocksdb::CompactionFilter {
public:
  explicit dead_row_filter(live_ids::view ids)
    : ids_(std::move(ids)) {}

  const char* Name() const override { return "perennial.dead_rows"; }

  Decision FilterV2(int /*level*/, const rocksdb::Slice& key, ValueType /*type*/,
                    const rocksdb::Slice& /*value*/, std::string* /*new_value*/,
                    std::string* skip_until) const override {
    const auto id = keys::first_id(view(key));
    if (!ids_.gone(id)) return Decision::kKeep;
    const auto next = keys::id(id + 1);
    skip_until->assign(std::string_view{next});
    return Decision::kRemoveAndSkipUntil;
  }

private:
  const live_ids::view ids_;
};

class dead_row_filters final : public rocksdb::CompactionFilterFactory {
public:
  explicit dead_row_filters(std::shared_ptr<const live_ids> ids)
    : ids_(std::move(ids)) {}

  const char* Name() const override { return "perennial.dead_rows"; }

  std::unique_ptr<rocksdb::CompactionFilter>
  CreateCompactionFilter(const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<dead_row_filter>(ids_->now());
  }

private:
  const std::shared_ptr<const live_ids> ids_;
};

} // namespace

void live_ids::settle(std::vector<uint64_t> alive, uint64_t last) {
  const std::lock_guard lock{mutex_};
  alive_ = {alive.begin(), alive.end()};
  last_ = last;
}

void live_ids::born(uint64_t id) {
  const std::lock_guard lock{mutex_};
  alive_.insert(id);
  last_ = std::max(last_, id);
}

void live_ids::died(uint64_t id) {
  const std::lock_guard lock{mutex_};
  alive_.erase(id);
}

bool live_ids::gone(uint64_t id) const {
  const std::lock_guard lock{mutex_};
  return id <= last_ && !alive_.contains(id);
}

bool live_ids::view::gone(uint64_t id) const {
  return id <= last && !std::binary_search(alive.begin(), alive.end(), id);
}

live_ids::view live_ids::now() const {
  const std::lock_guard lock{mutex_};
  return {{alive_.begin(), alive_.end()}, last_};
}

std::shared_ptr<rocksdb::CompactionFilterFactory>
make_dead_row_filter(std::shared_ptr<const live_ids> ids) {
  return std::make_shared<dead_row_filters>(std::move(ids));
}

} // namespace perennial::storage::rocks
