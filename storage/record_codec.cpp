// The values of `meta`, and the names of stored enums.
#include "storage/record_codec.hpp"

#include "storage/codec.hpp"

namespace perennial::storage {

std::string_view to_string(batch_status status) noexcept {
  switch (status) {
  case batch_status::validating: return "validating";
  case batch_status::failed: return "failed";
  case batch_status::in_progress: return "in_progress";
  case batch_status::finalizing: return "finalizing";
  case batch_status::completed: return "completed";
  case batch_status::expired: return "expired";
  case batch_status::cancelling: return "cancelling";
  case batch_status::cancelled: return "cancelled";
  }
  return "unknown";
}

// schema = u8 1 · u32 version
std::string encode_schema(uint32_t version) { return encoder{1}.u32(version).take(); }

result<uint32_t> decode_schema(std::string_view value) {
  decoder in{"schema version", value, 1};
  const auto version = in.u32();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return version;
}

// last_id = u8 1 · u64 id
std::string encode_last_id(uint64_t id) { return encoder{1}.u64(id).take(); }

result<uint64_t> decode_last_id(std::string_view value) {
  decoder in{"last id", value, 1};
  const auto id = in.u64();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return id;
}

} // namespace perennial::storage
