// Files: looking them up and deleting them.
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/rocks_store.hpp"

namespace perennial::storage::rocks {

result<file_record> rocks_store::get_file(file_id id) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  auto file = read_file(*in->db, id);
  if (file && file->state != file_state::ready) {
    return fail(errc::not_found, "there is no file {}", id);
  }
  return file;
}

result<std::vector<file_record>> rocks_store::list_files(file_id after, size_t limit,
                                                         bool newest_first) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  std::vector<file_record> out;
  const auto from = newest_first ? 0 : after + 1;
  const auto to = newest_first && after != 0 ? after : keys::no_more;
  row_scan rows{*in->db, table::files, keys::id(from), keys::id(to)};
  if (newest_first)
    rows.last();
  else
    rows.first();
  while (rows.valid() && out.size() < limit) {
    auto file = decode_file(keys::first_id(rows.key()), rows.value());
    if (!file) return tl::unexpected{file.error()};
    if (file->state == file_state::ready) out.push_back(std::move(*file));
    if (newest_first)
      rows.previous();
    else
      rows.next();
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return out;
}

result<file_record> rocks_store::delete_file(file_id id) {
  return modify([&](const database& db) -> result<file_record> {
    auto file = read_file(db, id);
    if (!file) return file;
    if (file->state != file_state::ready) return fail(errc::not_found, "there is no file {}", id);
    file->state = file_state::deleted;
    rocksdb::WriteBatch rows;
    rows.Put(db.of(table::files), slice(keys::id(id)), encode_file(*file));
    if (auto ok = db.write(rows, durability::synced, "deleting a file"); !ok) {
      return tl::unexpected{ok.error()};
    }
    if (auto ok = release_file(db, id); !ok) return tl::unexpected{ok.error()};
    return file;
  });
}

result<void> rocks_store::release_file(const database& db, file_id id) {
  auto batches = read_batches(db);
  if (!batches) return tl::unexpected{batches.error()};
  for (const auto& b : *batches) {
    // The lines that never ran are rendered from the pages for as long as the batch is there.
    const bool needs = !storage::is_final(b.state.status) || b.progress.unrun_bytes > 0;
    if (b.definition.file == id && needs) return {};
  }
  rocksdb::WriteBatch rows;
  rows.Delete(db.of(table::files), slice(keys::id(id)));
  if (auto ok = db.write(rows, durability::synced, "deleting a file's record"); !ok) return ok;
  db.file_died(id);
  return {};
}

} // namespace perennial::storage::rocks
