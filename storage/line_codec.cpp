// The values of `index`, `waiting` and `idempotency`, and of those rows of `output` that are blobs.
#include "storage/codec.hpp"
#include "storage/record_codec.hpp"

namespace perennial::storage {

// index = u8 1 · u8 kind (1 ok, 2 error) · u64 offset · u32 length with newline · u16 code
//         · u16 attempts
//
// Written once for every line: no allocation.
std::array<char, index_bytes> encode_index(const index_entry& e) {
  std::array<char, index_bytes> out;
  out[0] = 1;
  out[1] = static_cast<char>(e.kind);
  put_big_endian(out.data() + 2, e.offset);
  put_big_endian(out.data() + 10, e.length);
  put_big_endian(out.data() + 14, e.code);
  put_big_endian(out.data() + 16, e.attempts);
  return out;
}

result<index_entry> decode_index(std::string_view value) {
  decoder in{"index entry", value, 1};
  index_entry e;
  e.kind = in.choice<output_kind>(1, 2);
  e.offset = in.u64();
  e.length = in.u32();
  e.code = in.u16();
  e.attempts = in.u16();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return e;
}

// output, where a line is a blob = u8 1 · u64 line · u64 number · u64 bytes
bool is_blob_reference(std::string_view row) noexcept { return row.starts_with('\x01'); }

std::string encode_blob_reference(const blob_reference& b) {
  return encoder{1}.u64(b.line).u64(b.number).u64(b.bytes).take();
}

result<blob_reference> decode_blob_reference(std::string_view row) {
  decoder in{"reference to a blob", row, 1};
  blob_reference b;
  b.line = in.u64();
  b.number = in.u64();
  b.bytes = in.u64();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return b;
}

// waiting = u8 3 · u32 attempts used · u64 not before · u8 ambiguous (0, 1) · string last error
//           · u64 first call · u8 words, each: string provider · string code · string message
//           version 1 ends before the first call, version 2 before the words: not known
std::string encode_waiting(const waiting_entry& e) {
  encoder out{3};
  out.u32(e.attempts)
    .u64(to_unix_ms(e.not_before))
    .u8(e.ambiguous ? 1 : 0)
    .string(e.last_error)
    .u64(to_unix_ms(e.first_call))
    .u8(static_cast<uint8_t>(e.words.size()));
  for (const auto& w : e.words) out.string(w.provider).string(w.code).string(w.message);
  return out.take();
}

result<waiting_entry> decode_waiting(std::string_view value) {
  decoder in{"waiting line", value, 3, 1};
  waiting_entry e;
  e.attempts = in.u32();
  e.not_before = from_unix_ms(in.u64());
  e.ambiguous = in.choice<bool>(0, 1);
  e.last_error = in.string();
  if (in.version() >= 2) e.first_call = from_unix_ms(in.u64());
  const unsigned words = in.version() >= 3 ? in.u8() : 0;
  for (unsigned n = 0; n < words && !in.failed(); ++n) {
    auto& w = e.words.emplace_back();
    w.provider = in.string();
    w.code = in.string();
    w.message = in.string();
  }
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return e;
}

// idempotency = u8 1 · u64 batch · u64 created · 32 bytes request hash
std::string encode_request(const stored_request& r) {
  return encoder{1}.u64(r.batch).u64(to_unix_ms(r.created)).bytes(r.request_hash).take();
}

result<stored_request> decode_request(std::string_view value) {
  decoder in{"idempotency row", value, 1};
  stored_request r;
  r.batch = in.u64();
  r.created = from_unix_ms(in.u64());
  in.bytes(r.request_hash);
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return r;
}

} // namespace perennial::storage
