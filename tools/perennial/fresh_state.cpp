#include "tools/perennial/fresh_state.hpp"

#include "protocol/base/bytes.hpp"
#include "storage/lock_file.hpp"
#include "storage/store.hpp"
#include "tools/perennial/run_state.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

namespace perennial::tool {

namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr size_t all_of_them = 1'000'000;

/// Renamed before it is deleted, so that a kill leaves no half of a database where one is opened.
constexpr auto doomed = "db.gone"sv;

constexpr std::array own_files{"LOCK"sv,           "ballast"sv, "inflight"sv,   "known_routes"sv,
                               "learned_limits"sv, "output"sv,  "output.part"sv};
constexpr std::array own_directories{"db"sv, "uploads"sv, "blobs"sv, doomed};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What RocksDB makes in a directory of its own.
bool is_database_file(std::string_view name) {
  constexpr std::array names{"CURRENT"sv, "IDENTITY"sv, "LOCK"sv, "LOG"sv, "archive"sv, "lost"sv};
  constexpr std::array beginnings{"MANIFEST-"sv, "OPTIONS-"sv, "LOG.old."sv};
  constexpr std::array ends{".log"sv, ".sst"sv, ".dbtmp"sv, ".trash"sv};
  return is_one_of(names, name) ||
         std::any_of(beginnings.begin(), beginnings.end(),
                     [&](auto b) { return name.starts_with(b); }) ||
         std::any_of(ends.begin(), ends.end(), [&](auto e) { return name.ends_with(e); });
}

/// As storage names the files of long results: three numbers in hexadecimal digits.
bool is_blob_file(std::string_view name) {
  return name.size() == 50 && name.find_first_not_of("0123456789abcdef-") == name.npos;
}

tl::unexpected<error> left_alone(const std::string& dir, std::string_view why) {
  return fail(errc::conflict,
              "--fresh: {} {}; nothing in it was thrown away. Give another directory with --data, "
              "or remove by hand what is not needed",
              dir, why);
}

tl::unexpected<error> unreadable(const std::string& dir, const std::error_code& why) {
  return fail(errc::invalid_input, "--fresh: {} cannot be read: {}", dir, why.message());
}

/// The first entry of a directory that is not as it must be; empty where there is none.
template <class Predicate>
result<std::string> find_foreign(const fs::path& dir, Predicate is_ours) {
  std::error_code ec;
  for (fs::directory_iterator it{dir, ec}, end; !ec && it != end; it.increment(ec)) {
    if (!is_ours(*it)) return it->path().string();
  }
  if (ec && ec != std::errc::no_such_file_or_directory) return unreadable(dir.string(), ec);
  return std::string{};
}

bool is_own_entry(const fs::directory_entry& e) {
  std::error_code ec;
  const auto name = e.path().filename().string();
  return e.is_directory(ec) ? is_one_of(own_directories, name) : is_one_of(own_files, name);
}

/// Refuses a directory with anything in it that neither `run` nor the store has made.
result<void> check_entries(const std::string& dir) {
  const fs::path top{dir};
  const auto refuse = [&](const std::string& name) {
    return left_alone(dir, fmt::format("holds {}, which is not of a run's state", name));
  };
  auto foreign = find_foreign(top, is_own_entry);
  if (foreign && foreign->empty()) {
    foreign =
      find_foreign(top / "uploads", [](const auto& e) { return e.path().extension() == ".sst"; });
  }
  if (foreign && foreign->empty()) {
    foreign = find_foreign(
      top / "blobs", [](const auto& e) { return is_blob_file(e.path().filename().string()); });
  }
  for (const auto name : {"db"sv, doomed}) {
    if (!foreign || !foreign->empty()) break;
    foreign = find_foreign(
      top / name, [](const auto& e) { return is_database_file(e.path().filename().string()); });
  }
  if (!foreign) return tl::unexpected{foreign.error()};
  if (!foreign->empty()) return refuse(*foreign);
  std::error_code ec;
  if (!fs::is_regular_file(top / "LOCK", ec)) {
    return left_alone(dir, "has no LOCK, so it is no run's state");
  }
  return {};
}

/// Refuses a store with batches or files that `run` did not make.
result<void> check_owner(const storage::store& db, const std::string& dir,
                         const std::string& jobs) {
  const auto batches = db.list_batches(0, all_of_them);
  const auto files = db.list_files(0, all_of_them, true);
  if (!batches || !files) return {}; // damaged
  std::set<storage::file_id> of_runs;
  for (const auto& b : *batches) {
    of_runs.insert(b.definition.file);
    if (b.definition.retry_of == 0 && !is_of_a_run(b)) {
      return left_alone(
        dir, fmt::format("is the data directory of a service: batch {:016x} in it is not of a run",
                         b.id));
    }
  }
  const auto job_name = jobs == "-" ? "stdin" : fs::path{jobs}.filename().string();
  for (const auto& f : *files) {
    if (of_runs.contains(f.id) || f.name == job_name) continue;
    return left_alone(
      dir,
      fmt::format("is the data directory of a service: it holds the uploaded file {}", f.name));
  }
  return {};
}

/// The same, of what lies on disk. A database that is damaged says nothing, and is no loss.
result<void> check_contents(const std::string& dir, const std::string& jobs) {
  storage::open_options o;
  o.data_dir = dir;
  o.memory_bytes = 64 * mib;
  o.read_only = true;
  const auto db = storage::open_store(o);
  if (db) return check_owner(**db, dir, jobs);
  switch (db.error().kind) {
  case errc::not_found: // no database
  case errc::corrupt:
  case errc::io_error: return {};
  default: return tl::unexpected{db.error()};
  }
}

/// Changes whenever the database is opened to be written; all zeros without one.
std::array<int64_t, 3> opening_of(const std::string& dir) {
  struct stat current {};
  if (::stat((dir + "/db/CURRENT").c_str(), &current) != 0) return {};
  return {static_cast<int64_t>(current.st_ino), current.st_mtim.tv_sec, current.st_mtim.tv_nsec};
}

/// `LOCK` stays: it is held, and others look at it.
result<void> remove_entries(const std::string& dir) {
  const fs::path top{dir};
  const auto wrong = [](const fs::path& what, const std::error_code& ec) {
    return fail(errc::io_error, "--fresh: {} cannot be removed: {}", what.string(), ec.message());
  };
  std::error_code ec;
  fs::remove_all(top / doomed, ec);
  if (ec) return wrong(top / doomed, ec);
  fs::rename(top / "db", top / doomed, ec);
  if (ec && ec != std::errc::no_such_file_or_directory) return wrong(top / "db", ec);
  const auto remove = [&](std::string_view name) -> result<void> {
    fs::remove_all(top / name, ec);
    if (ec) return wrong(top / name, ec);
    return {};
  };
  for (const auto name : own_files) {
    if (name == "LOCK") continue;
    if (auto ok = remove(name); !ok) return ok;
  }
  for (const auto name : own_directories) {
    if (auto ok = remove(name); !ok) return ok;
  }
  return {};
}

} // namespace

result<void> check_apart(const std::string& output, const std::string& dir) {
  std::error_code ec;
  const auto where = fs::weakly_canonical(output, ec);
  const auto name = where.filename().string();
  const bool taken = is_one_of(own_files, name) || is_one_of(own_directories, name);
  if (!taken || where.parent_path() != fs::weakly_canonical(dir, ec)) return {};
  return fail(errc::invalid_input,
              "-o: {} is where the run keeps its own {}; name another file for the results", output,
              name);
}

result<void> throw_away_state(const std::string& dir, const std::string& jobs) {
  std::error_code ec;
  if (!fs::exists(dir, ec)) return {};
  if (fs::is_empty(dir, ec)) return {};
  if (auto ok = check_entries(dir); !ok) return ok;
  // Looking into the store takes the lock for itself; nobody may come between that and ours.
  const auto opened = opening_of(dir);
  if (auto ok = check_contents(dir, jobs); !ok) return ok;
  const auto lock = storage::lock_file::take(dir, "perennial");
  if (!lock) return tl::unexpected{lock.error()};
  if (opening_of(dir) != opened) {
    return left_alone(dir, "was used by another process just now");
  }
  if (auto ok = check_entries(dir); !ok) return ok;
  return remove_entries(dir);
}

} // namespace perennial::tool
