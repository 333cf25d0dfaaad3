// The values of `files`, and the head of those of `pages`.
#include "storage/codec.hpp"
#include "storage/record_codec.hpp"

namespace perennial::storage {

// file = u8 1 · u8 state (1 uploading, 2 ready, 3 deleted) · u8 purpose (1 batch, 2 other)
//        · u64 bytes · u64 lines · 32 bytes sha-256 · u64 created · u64 expires · string name
//        · u64 rule set that it was found good under (0: none)
std::string encode_file(const file_record& file) {
  return encoder{1}
    .u8(static_cast<uint8_t>(file.state))
    .u8(static_cast<uint8_t>(file.purpose))
    .u64(file.bytes)
    .u64(file.lines)
    .bytes(file.sha256)
    .u64(to_unix_ms(file.created))
    .u64(to_unix_ms(file.expires))
    .string(file.name)
    .u64(file.good_under)
    .take();
}

result<file_record> decode_file(file_id id, std::string_view value) {
  decoder in{"file", value, 1};
  file_record out;
  out.id = id;
  out.state = in.choice<file_state>(1, 3);
  out.purpose = in.choice<file_purpose>(1, 2);
  out.bytes = in.u64();
  out.lines = in.u64();
  in.bytes(out.sha256);
  out.created = from_unix_ms(in.u64());
  out.expires = from_unix_ms(in.u64());
  out.name = in.string();
  out.good_under = in.u64();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return out;
}

// page = u8 1 · u8 flags (1 mid-line, 2 counted) · u64 lines before · the bytes, to the end
std::array<char, page_head_bytes> encode_page_head(line_no lines_before, bool mid_line,
                                                   bool counted) {
  std::array<char, page_head_bytes> out;
  out[0] = 1;
  out[1] = static_cast<char>((mid_line ? 1 : 0) | (counted ? 2 : 0));
  put_big_endian(out.data() + 2, lines_before);
  return out;
}

result<page> decode_page_head(std::string_view value) {
  decoder in{"page", value, 1};
  const auto flags = in.choice<uint8_t>(0, 3);
  page out;
  out.mid_line = (flags & 1) != 0;
  out.counted = (flags & 2) != 0;
  out.lines_before = in.u64();
  in.rest();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return out;
}

} // namespace perennial::storage
