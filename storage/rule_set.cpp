#include "storage/rule_set.hpp"

#include "storage/codec.hpp"

#include <algorithm>

namespace perennial::storage {

// rule set = the first 8 bytes of SHA-256 of
//            (u8 1 · u8 version of the rules · u8 format · u64 max_line_bytes · string endpoint)
rule_set_id rule_set_of(const batch_definition& d) {
  const auto text = encoder{1}
                      .u8(validation_rules_version)
                      .u8(static_cast<uint8_t>(d.format))
                      .u64(d.max_line_bytes)
                      .string(d.endpoint)
                      .take();
  const auto digest = sha256(text);
  const auto id = get_big_endian<rule_set_id>(reinterpret_cast<const char*>(digest.data()));
  return std::max<rule_set_id>(id, 1);
}

} // namespace perennial::storage
