// The keys of every table: fixed sizes, big-endian, so that byte order is number order.
// `docs/storage.md` lists them.
#pragma once

#include "protocol/base/hash.hpp"
#include "storage/codec.hpp"
#include "storage/records.hpp"

#include <array>
#include <limits>
#include <string_view>

namespace perennial::storage {

template <size_t N>
struct key {
  std::array<char, N> bytes{};
  operator std::string_view() const noexcept { return {bytes.data(), N}; }
};

/// The parts of a batch; the second component of its keys.
enum class batch_part : uint8_t {
  definition = 1,
  state = 2,
  progress = 3,
  segment = 4,
  selection = 5,
  unrun = 6,
  problems = 7,
  validation = 8,
};

namespace keys {

inline constexpr std::string_view schema = "schema";
inline constexpr std::string_view last_id = "last_id";
inline constexpr uint64_t no_more = std::numeric_limits<uint64_t>::max();

/// Of `files`, and the start of everything that belongs to one id in the other tables.
inline key<8> id(uint64_t id) {
  key<8> k;
  put_big_endian(k.bytes.data(), id);
  return k;
}

/// `pages`: file · byte offset. `index` and `waiting`: batch · line.
inline key<16> id_and_number(uint64_t id, uint64_t number) {
  key<16> k;
  put_big_endian(k.bytes.data(), id);
  put_big_endian(k.bytes.data() + 8, number);
  return k;
}

/// `batches`: batch · part.
inline key<9> batch(batch_id id, batch_part part) {
  key<9> k;
  put_big_endian(k.bytes.data(), id);
  k.bytes[8] = static_cast<char>(part);
  return k;
}

/// `batches`: batch · part · segment.
inline key<13> batch(batch_id id, batch_part part, uint32_t segment) {
  key<13> k;
  put_big_endian(k.bytes.data(), id);
  k.bytes[8] = static_cast<char>(part);
  put_big_endian(k.bytes.data() + 9, segment);
  return k;
}

/// The first key after all of `part`.
inline key<9> batch_after(batch_id id, batch_part part) {
  auto k = batch(id, part);
  ++k.bytes[8];
  return k;
}

/// `output`: batch · kind · byte offset.
inline key<17> output(batch_id id, output_kind kind, uint64_t offset) {
  key<17> k;
  put_big_endian(k.bytes.data(), id);
  k.bytes[8] = static_cast<char>(kind);
  put_big_endian(k.bytes.data() + 9, offset);
  return k;
}

/// `custom_ids`: file · rule set · hash · line.
inline key<40> custom_id(file_id file, rule_set_id rules, const hash128& hash, line_no line) {
  key<40> k;
  put_big_endian(k.bytes.data(), file);
  put_big_endian(k.bytes.data() + 8, rules);
  std::memcpy(k.bytes.data() + 16, hash.data(), hash.size());
  put_big_endian(k.bytes.data() + 32, line);
  return k;
}

/// The hash in a key of `custom_ids`.
inline hash128 hash_of_custom_id(std::string_view k) {
  hash128 hash;
  std::memcpy(hash.data(), k.data() + 16, hash.size());
  return hash;
}

/// The number that ends a key of `size` bytes.
inline uint64_t last_number(std::string_view k) {
  return get_big_endian<uint64_t>(k.data() + k.size() - 8);
}

/// The id that begins a key.
inline uint64_t first_id(std::string_view k) { return get_big_endian<uint64_t>(k.data()); }

} // namespace keys

} // namespace perennial::storage
