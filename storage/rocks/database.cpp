#include "storage/rocks/database.hpp"

#include "protocol/base/log.hpp"
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/status.hpp"

#include <rocksdb/convenience.h>

#include <algorithm>
#include <vector>

namespace perennial::storage::rocks {

namespace {

using handles = std::vector<rocksdb::ColumnFamilyHandle*>;

/// The schema of a database whose tables are not ours, read without opening it for writing.
result<uint32_t> foreign_schema(const std::string& dir, const settings& with) {
  const std::vector<rocksdb::ColumnFamilyDescriptor> tables{
    {rocksdb::kDefaultColumnFamilyName, {}}, {std::string{table_names[0]}, with.of(table::meta)}};
  rocksdb::DB* db = nullptr;
  handles opened;
  const auto status = rocksdb::DB::OpenForReadOnly(with.database, dir, tables, &opened, &db);
  if (!status.ok()) return tl::unexpected{to_error(status, "reading the schema version")};
  std::string value;
  const auto got = db->Get({}, opened[1], slice(keys::schema), &value);
  for (auto* h : opened) db->DestroyColumnFamilyHandle(h);
  delete db;
  if (!got.ok()) return tl::unexpected{to_error(got, "reading the schema version")};
  return decode_schema(value);
}

tl::unexpected<error> newer(const std::string& dir, uint32_t found) {
  return fail(errc::unsupported,
              "{} was written by a newer program (schema {}, this one knows {}); use that program",
              dir, found, schema_version);
}

/// Fails when the database has tables that this program does not know.
result<void> check_tables(const std::string& dir, const settings& with) {
  std::vector<std::string> found;
  const auto status = rocksdb::DB::ListColumnFamilies(with.database, dir, &found);
  if (!status.ok()) {
    // No CURRENT: nothing was made here yet. Everything else is found out by opening.
    return {};
  }
  const auto known = [](const std::string& name) {
    return name == rocksdb::kDefaultColumnFamilyName ||
           std::find(table_names.begin(), table_names.end(), name) != table_names.end();
  };
  const auto unknown = std::find_if_not(found.begin(), found.end(), known);
  if (unknown == found.end()) return {};
  const auto schema = foreign_schema(dir, with);
  if (schema && *schema > schema_version) return newer(dir, *schema);
  return fail(errc::unsupported, "{} has a table \"{}\" that this program does not know", dir,
              *unknown);
}

} // namespace

result<std::unique_ptr<database>> database::open(const std::string& dir, settings with,
                                                 bool read_only) {
  if (auto ok = check_tables(dir, with); !ok) return tl::unexpected{ok.error()};
  std::unique_ptr<database> out{new database(std::move(with))};
  if (const auto status = out->open_tables(dir, read_only); !status.ok()) {
    return tl::unexpected{to_error(status, fmt::format("opening the database in {}", dir))};
  }
  if (auto ok = out->settle_schema(read_only); !ok) return tl::unexpected{ok.error()};
  return out;
}

rocksdb::Status database::open_tables(const std::string& dir, bool read_only) {
  std::vector<rocksdb::ColumnFamilyDescriptor> tables{{rocksdb::kDefaultColumnFamilyName, {}}};
  for (size_t i = 0; i < table_names.size(); ++i) {
    tables.emplace_back(std::string{table_names[i]}, settings_.of(static_cast<table>(i)));
  }
  handles opened;
  auto status = read_only
                  ? rocksdb::DB::OpenForReadOnly(settings_.database, dir, tables, &opened, &db_)
                  : rocksdb::DB::Open(settings_.database, dir, tables, &opened, &db_);
  if (!status.ok()) return status;
  default_ = opened.front();
  std::copy(opened.begin() + 1, opened.end(), handles_.begin());
  return status;
}

result<void> database::settle_schema(bool read_only) const {
  auto found = get(table::meta, keys::schema);
  if (!found) return tl::unexpected{found.error()};
  if (*found) {
    auto version = decode_schema(**found);
    if (!version) return tl::unexpected{version.error()};
    if (*version > schema_version) return newer(db_->GetName(), *version);
    if (*version == schema_version) return {};
    return fail(errc::unsupported, "{} has schema {}, which was never released", db_->GetName(),
                *version);
  }
  for (const auto t : {table::files, table::batches}) {
    std::unique_ptr<rocksdb::Iterator> it{db_->NewIterator({}, of(t))};
    it->SeekToFirst();
    if (!it->status().ok()) return to_result(it->status(), "looking for rows");
    if (it->Valid()) {
      return fail(errc::corrupt, "{} has rows but no schema version (this program writes {})",
                  db_->GetName(), schema_version);
    }
  }
  if (read_only) return {};
  rocksdb::WriteBatch rows;
  rows.Put(of(table::meta), slice(keys::schema), encode_schema(schema_version));
  return write(rows, durability::synced, "writing the schema version");
}

database::~database() {
  if (db_ == nullptr) return;
  for (auto* h : handles_) db_->DestroyColumnFamilyHandle(h);
  db_->DestroyColumnFamilyHandle(default_);
  if (const auto status = db_->Close(); !status.ok()) {
    logging::warn("closing the database failed: {}", status.ToString());
  }
  delete db_;
}

result<std::optional<std::string>> database::get(table t, std::string_view key) const {
  std::string value;
  const auto status = db_->Get({}, of(t), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) {
    return tl::unexpected{
      to_error(status, fmt::format("reading {}", table_names[static_cast<size_t>(t)]))};
  }
  return value;
}

result<void> database::write(rocksdb::WriteBatch& rows, durability how,
                             std::string_view doing) const {
  // So that a record in the WAL never ends with a zero, and one that does was torn (torn_log.hpp).
  rows.PutLogData("\xff");
  rocksdb::WriteOptions options;
  options.sync = how == durability::synced;
  return to_result(db_->Write(options, &rows), doing);
}

void database::file_died(uint64_t id) const {
  settings_.files->died(id);
  drop_sorted_files(table::pages, id);
  drop_sorted_files(table::custom_ids, id);
}

void database::batch_died(uint64_t id) const {
  settings_.batches->died(id);
  drop_sorted_files(table::waiting, id);
}

void database::drop_sorted_files(table t, uint64_t id) const {
  const auto from = keys::id(id);
  const auto to = keys::id(id + 1);
  const rocksdb::Slice first = slice(from);
  const rocksdb::Slice last = slice(to);
  const rocksdb::RangePtr range{&first, &last};
  const auto status = rocksdb::DeleteFilesInRanges(db_, of(t), &range, 1, /*include_end=*/false);
  if (!status.ok()) logging::warn("giving back disk space failed: {}", status.ToString());
}

} // namespace perennial::storage::rocks
