// The values of `batches`: the eight parts of a batch.
#include "storage/codec.hpp"
#include "storage/record_codec.hpp"

namespace perennial::storage {

namespace {

/// Stored numbers are unsigned.
constexpr int32_t priority_bias = 1000;

} // namespace

// definition = u8 2 · u64 file · u64 created · u64 retry_of · u8 format (1 jsonl, 2 text)
//              · u8 on_invalid (1 fail, 2 skip) · u64 lines · u64 max_line_bytes · u64 expires
//              · u32 max_attempts · u32 weight · string endpoint · string completion_window
//              · string model · string retry_only · u32 n, n × (string key · string value)
//              · u64 owner · u32 priority + 1000 · u64 line_deadline in ms
//              version 1 ends before owner: nobody's, 0, none
std::string encode_definition(const batch_definition& d) {
  encoder out{2};
  out.u64(d.file)
    .u64(to_unix_ms(d.created))
    .u64(d.retry_of)
    .u8(static_cast<uint8_t>(d.format))
    .u8(static_cast<uint8_t>(d.on_invalid))
    .u64(d.lines)
    .u64(d.max_line_bytes)
    .u64(to_unix_ms(d.expires))
    .u32(d.max_attempts)
    .u32(d.weight)
    .string(d.endpoint)
    .string(d.completion_window)
    .string(d.model)
    .string(d.retry_only)
    .u32(static_cast<uint32_t>(d.metadata.size()));
  for (const auto& [key, value] : d.metadata) out.string(key).string(value);
  out.u64(d.owner)
    .u32(static_cast<uint32_t>(d.priority + priority_bias))
    .u64(static_cast<uint64_t>(d.line_deadline.count()));
  return out.take();
}

result<batch_definition> decode_definition(std::string_view value) {
  decoder in{"batch definition", value, 2, 1};
  batch_definition d;
  d.file = in.u64();
  d.created = from_unix_ms(in.u64());
  d.retry_of = in.u64();
  d.format = in.choice<line_format>(1, 2);
  d.on_invalid = in.choice<invalid_policy>(1, 2);
  d.lines = in.u64();
  d.max_line_bytes = in.u64();
  d.expires = from_unix_ms(in.u64());
  d.max_attempts = in.u32();
  d.weight = in.u32();
  d.endpoint = in.string();
  d.completion_window = in.string();
  d.model = in.string();
  d.retry_only = in.string();
  for (auto n = in.u32(); n > 0 && !in.failed(); --n) {
    auto key = in.string();
    d.metadata.emplace_back(std::move(key), in.string());
  }
  if (in.version() >= 2) {
    d.owner = in.u64();
    d.priority = static_cast<int32_t>(in.u32()) - priority_bias;
    d.line_deadline = std::chrono::milliseconds{static_cast<int64_t>(in.u64())};
  }
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return d;
}

// state = u8 1 · u8 status (1 to 8) · u8 paused (0, 1) · string pause reason · u64 in_progress_at
//         · u64 finalizing_at · u64 completed_at · u64 failed_at · u64 expired_at
//         · u64 cancelling_at · u64 cancelled_at · u64 problems total
std::string encode_state(const batch_state& s) {
  return encoder{1}
    .u8(static_cast<uint8_t>(s.status))
    .u8(s.paused ? 1 : 0)
    .string(s.pause_reason)
    .u64(to_unix_ms(s.in_progress_at))
    .u64(to_unix_ms(s.finalizing_at))
    .u64(to_unix_ms(s.completed_at))
    .u64(to_unix_ms(s.failed_at))
    .u64(to_unix_ms(s.expired_at))
    .u64(to_unix_ms(s.cancelling_at))
    .u64(to_unix_ms(s.cancelled_at))
    .u64(s.problems)
    .take();
}

result<batch_state> decode_state(std::string_view value) {
  decoder in{"batch state", value, 1};
  batch_state s;
  s.status = in.choice<batch_status>(1, 8);
  s.paused = in.choice<bool>(0, 1);
  s.pause_reason = in.string();
  for (auto* at : {&s.in_progress_at, &s.finalizing_at, &s.completed_at, &s.failed_at,
                   &s.expired_at, &s.cancelling_at, &s.cancelled_at}) {
    *at = from_unix_ms(in.u64());
  }
  s.problems = in.u64();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return s;
}

// progress = u8 1 · u64 total · completed · failed · watermark · ok_bytes · error_bytes
//            · unrun_bytes · retried · ambiguous · dropped · input_tokens · cached_tokens
//            · output_tokens · reasoning_tokens
std::string encode_progress(const batch_progress& p) {
  encoder out{1};
  for (const auto n : {p.total, p.completed, p.failed, p.watermark, p.ok_bytes, p.error_bytes,
                       p.unrun_bytes, p.retried, p.ambiguous, p.dropped, p.tokens.input,
                       p.tokens.cached, p.tokens.output, p.tokens.reasoning}) {
    out.u64(n);
  }
  return out.take();
}

result<batch_progress> decode_progress(std::string_view value) {
  decoder in{"batch progress", value, 1};
  batch_progress p;
  for (auto* n : {&p.total, &p.completed, &p.failed, &p.watermark, &p.ok_bytes, &p.error_bytes,
                  &p.unrun_bytes, &p.retried, &p.ambiguous, &p.dropped, &p.tokens.input,
                  &p.tokens.cached, &p.tokens.output, &p.tokens.reasoning}) {
    *n = in.u64();
  }
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return p;
}

// segment = u8 1 · u32 lines done
std::string encode_segment(uint32_t lines_done) { return encoder{1}.u32(lines_done).take(); }

result<uint32_t> decode_segment(std::string_view value) {
  decoder in{"segment", value, 1};
  const auto done = in.u32();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return done;
}

// selection = u8 1 · bit set, to the end (line_bits.hpp)
std::string encode_selection(const line_bits& lines) {
  return encoder{1}.bytes(lines.encode()).take();
}

result<line_bits> decode_selection(std::string_view value) {
  decoder in{"selection", value, 1};
  const auto bits = in.rest();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return line_bits::decode(bits);
}

// unrun = u8 1 · u8 form · u64 offset in the error file · u64 bytes · u32 lines
std::string encode_unrun(const stored_unrun& unrun) {
  return encoder{1}.u8(unrun.form).u64(unrun.offset).u64(unrun.bytes).u32(unrun.lines).take();
}

result<stored_unrun> decode_unrun(std::string_view value) {
  decoder in{"place of unrun lines", value, 1};
  stored_unrun out;
  out.form = in.u8();
  out.offset = in.u64();
  out.bytes = in.u64();
  out.lines = in.u32();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return out;
}

// problems = u8 1 · u32 n, n × (u64 line number · u64 byte offset · string code · string message)
std::string encode_problems(const std::vector<stored_problem>& problems) {
  encoder out{1};
  out.u32(static_cast<uint32_t>(problems.size()));
  for (const auto& p : problems) out.u64(p.number).u64(p.offset).string(p.code).string(p.message);
  return out.take();
}

result<std::vector<stored_problem>> decode_problems(std::string_view value) {
  decoder in{"list of problems", value, 1};
  std::vector<stored_problem> out;
  for (auto n = in.u32(); n > 0 && !in.failed(); --n) {
    auto& p = out.emplace_back();
    p.number = in.u64();
    p.offset = in.u64();
    p.code = in.string();
    p.message = in.string();
  }
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return out;
}

// validation = u8 1 · u8 phase (1 reading, 2 looking for duplicates, 3 selecting)
//              · u64 byte offset · u64 ordinal · u64 line number
std::string encode_validation(const validation_cursor& c) {
  return encoder{1}
    .u8(static_cast<uint8_t>(c.phase))
    .u64(c.offset)
    .u64(c.ordinal)
    .u64(c.number)
    .take();
}

result<validation_cursor> decode_validation(std::string_view value) {
  decoder in{"validation cursor", value, 1};
  validation_cursor c;
  c.phase = in.choice<validation_phase>(1, 3);
  c.offset = in.u64();
  c.ordinal = in.u64();
  c.number = in.u64();
  if (auto ok = in.finish(); !ok) return tl::unexpected{ok.error()};
  return c;
}

} // namespace perennial::storage
