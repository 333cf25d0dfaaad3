#include "actors/service/file_expiry.hpp"

#include "protocol/base/log.hpp"

namespace perennial::actors {

namespace {

/// The shortest life of a file is an hour.
constexpr std::chrono::minutes every{1};
constexpr size_t page_size = 1000;

} // namespace

result<std::vector<storage::file_id>> expired_files(const storage::store& db, wall_time now) {
  std::vector<storage::file_id> out;
  storage::file_id after = 0;
  for (;;) {
    auto page = db.list_files(after, page_size, false);
    if (!page) return tl::unexpected{page.error()};
    for (const auto& f : *page) {
      if (f.expires != wall_time{} && f.expires <= now) out.push_back(f.id);
    }
    if (page->size() < page_size) return out;
    after = page->back().id;
  }
}

expiry_actor::behavior_type expiry_behavior(expiry_actor::pointer self,
                                            std::shared_ptr<const storage::store> db,
                                            store_actor writer) {
  self->send(self, wakeup_atom_v);
  return {[self, db = std::move(db), writer = std::move(writer)](wakeup_atom) {
    self->delayed_send(self, every, wakeup_atom_v);
    auto files = expired_files(*db, wall_now());
    if (!files) return logging::warn("expired files cannot be found: {}", files.error().message);
    for (const auto id : *files) {
      self->request(writer, caf::infinite, delete_atom_v, uint64_t{id})
        .then(
          [id](const storage::file_record&) {
            logging::info("file {:016x} has expired and is deleted", id);
          },
          [](const caf::error&) {}); // tried again with the next look
    }
  }};
}

} // namespace perennial::actors
