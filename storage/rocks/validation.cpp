// Validation: its steps, its end, the custom_ids it finds, and the selection of a retry.
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/result_codes.hpp"
#include "storage/rocks/rocks_store.hpp"
#include "storage/rule_set.hpp"

namespace perennial::storage::rocks {

namespace {

/// How many problems of a batch are kept.
constexpr size_t problems_kept = 1000;

tl::unexpected<error> not_validating(const batch_record& batch) {
  return fail(errc::conflict, "batch {} is {}, not validating", batch.id,
              to_string(batch.state.status));
}

/// The state that `end` gives a batch.
batch_state state_after(batch_state state, const validation_end& end) {
  state.status = end.failed ? batch_status::failed : batch_status::in_progress;
  (end.failed ? state.failed_at : state.in_progress_at) = end.now;
  state.problems = end.problem_count;
  return state;
}

} // namespace

result<void> rocks_store::record_validation(const validation_step& step) {
  return modify([&](const database& db) -> result<void> {
    auto batch = find_open(db, step.batch);
    if (!batch) return tl::unexpected{batch.error()};
    const auto& record = (*batch)->record;
    if (record.state.status != batch_status::validating) return not_validating(record);
    rocksdb::WriteBatch rows;
    const auto file = record.definition.file;
    const auto rules = rule_set_of(record.definition);
    for (const auto& row : step.custom_ids) {
      rows.Put(db.of(table::custom_ids), slice(keys::custom_id(file, rules, row.hash, row.line)),
               {});
    }
    rows.Put(db.of(table::batches), slice(keys::batch(step.batch, batch_part::validation)),
             encode_validation(step.next));
    return db.write(rows, durability::synced, "noting validated lines");
  });
}

result<batch_record> rocks_store::end_validation(const validation_end& end) {
  return modify([&](const database& db) -> result<batch_record> {
    auto batch = find_open(db, end.batch);
    if (!batch) return tl::unexpected{batch.error()};
    const auto& record = (*batch)->record;
    if (record.state.status != batch_status::validating) {
      auto out = record;
      if (storage::is_final(out.state.status)) open_.erase(end.batch);
      if (out.state == state_after(out.state, end)) return out; // given again after a write error
      return not_validating(out);
    }
    rocksdb::WriteBatch rows;
    if (!end.problems.empty()) {
      auto kept = end.problems;
      kept.resize(std::min(kept.size(), problems_kept));
      rows.Put(db.of(table::batches), slice(keys::batch(end.batch, batch_part::problems)),
               encode_problems(kept));
    }
    if (end.file_is_good) {
      const auto& d = record.definition;
      auto file = read_file(db, d.file);
      if (!file) return tl::unexpected{file.error()};
      file->good_under = rule_set_of(d);
      rows.Put(db.of(table::files), slice(keys::id(d.file)), encode_file(*file));
    }
    return write_state(db, **batch, state_after(record.state, end), std::move(rows));
  });
}

result<std::vector<stored_problem>> rocks_store::get_problems(batch_id id) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  auto value = in->db->get(table::batches, keys::batch(id, batch_part::problems));
  if (!value) return tl::unexpected{value.error()};
  if (!*value) return std::vector<stored_problem>{};
  return decode_problems(**value);
}

result<void> rocks_store::scan_custom_ids(file_id file, rule_set_id rules,
                                          const validation_step::id_row& from,
                                          const visitor<const hash128&, line_no>& fn) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  if (in->db->in_force().files->gone(file)) return {};
  hash128 last;
  last.fill(0xff);
  row_scan rows{*in->db, table::custom_ids, keys::custom_id(file, rules, from.hash, from.line),
                keys::custom_id(file, rules, last, keys::no_more), caching::skip};
  for (rows.first(); rows.valid(); rows.next()) {
    if (!fn(keys::hash_of_custom_id(rows.key()), keys::last_number(rows.key()))) return {};
  }
  return rows.status();
}

result<std::vector<line_no>> rocks_store::find_custom_id(file_id file, rule_set_id rules,
                                                         const hash128& hash) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  std::vector<line_no> out;
  if (in->db->in_force().files->gone(file)) return out;
  row_scan rows{*in->db, table::custom_ids, keys::custom_id(file, rules, hash, 0),
                keys::custom_id(file, rules, hash, keys::no_more)};
  for (rows.first(); rows.valid(); rows.next()) out.push_back(keys::last_number(rows.key()));
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return out;
}

} // namespace perennial::storage::rocks
