#include "storage/rocks/status.hpp"

namespace perennial::storage::rocks {

namespace {

errc kind_of(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return errc::no_space;
  if (status.IsCorruption()) return errc::corrupt;
  if (status.IsNotFound()) return errc::not_found;
  if (status.IsShutdownInProgress()) return errc::closed;
  return errc::io_error;
}

} // namespace

error to_error(const rocksdb::Status& status, std::string_view doing) {
  return {kind_of(status), fmt::format("{} failed: {}", doing, status.ToString())};
}

} // namespace perennial::storage::rocks
