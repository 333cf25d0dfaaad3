// Golden bytes: what is on disk must not change unnoticed. A test that fails here means that
// directories in use cannot be read any more, unless a new version and an upgrade step are made.
#include "storage/record_codec.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(stored_records)

namespace {

std::string hex(std::string_view bytes) {
  return to_hex(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

template <size_t N>
std::string_view view(const std::array<char, N>& bytes) {
  return {bytes.data(), N};
}

wall_time at(uint64_t ms) { return from_unix_ms(ms); }

file_record example_file() {
  file_record f;
  f.id = 5;
  f.state = file_state::ready;
  f.purpose = file_purpose::batch;
  f.bytes = 0x1122;
  f.lines = 3;
  f.sha256.fill(0xab);
  f.created = at(0x18c0ffee00);
  f.expires = at(1);
  f.name = "a.jsonl";
  f.good_under = 0x1020304050607080;
  return f;
}

batch_definition example_definition() {
  batch_definition d;
  d.file = 5;
  d.created = at(6);
  d.retry_of = 7;
  d.format = line_format::text;
  d.on_invalid = invalid_policy::skip;
  d.lines = 8;
  d.max_line_bytes = 9;
  d.expires = at(10);
  d.max_attempts = 11;
  d.weight = 12;
  d.endpoint = "/e";
  d.completion_window = "24h";
  d.model = "m";
  d.retry_only = "500";
  d.metadata = {{"k", "v"}, {"", "w"}};
  d.owner = 13;
  d.priority = -14;
  d.line_deadline = std::chrono::milliseconds{15};
  return d;
}

batch_state example_state() {
  batch_state s;
  s.status = batch_status::cancelling;
  s.paused = true;
  s.pause_reason = "why";
  s.in_progress_at = at(1);
  s.finalizing_at = at(2);
  s.completed_at = at(3);
  s.failed_at = at(4);
  s.expired_at = at(5);
  s.cancelling_at = at(6);
  s.cancelled_at = at(7);
  s.problems = 8;
  return s;
}

batch_progress example_progress() { return {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, {11, 12, 13, 14}}; }

waiting_entry example_waiting() {
  return {2, at(3), true, "reset", at(4), {{"p", "503", "down"}, {"", "", ""}}};
}

std::vector<stored_problem> example_problems() { return {{1, 2, "c", "m"}, {3, 4, "", "n"}}; }

stored_request example_request() {
  stored_request r{1, at(2), {}};
  r.request_hash.fill(0xcd);
  return r;
}

/// Each value cut short anywhere, grown by a byte, or of another version, must be refused.
template <class Decode>
void check_damage(const std::string& value, Decode decode, bool open_ended = false) {
  BOOST_TEST(decode(value).has_value());
  const size_t fixed = open_ended ? page_head_bytes : value.size();
  for (size_t n = 0; n < std::min(fixed, value.size()); ++n) {
    const auto out = decode(std::string_view{value}.substr(0, n));
    BOOST_TEST((!out && out.error().kind == errc::corrupt), "cut to " << n << " bytes");
  }
  auto other = value;
  ++other[0];
  BOOST_TEST(!decode(other));
  if (!open_ended) BOOST_TEST(!decode(value + "x"));
}

} // namespace

BOOST_AUTO_TEST_CASE(schema_and_last_id) {
  BOOST_TEST(hex(encode_schema(1)) == "0100000001");
  BOOST_TEST(*decode_schema(encode_schema(7)) == 7U);
  BOOST_TEST(hex(encode_last_id(0x0102030405060708)) == "010102030405060708");
  check_damage(encode_schema(1), decode_schema);
  check_damage(encode_last_id(1), decode_last_id);
}

BOOST_AUTO_TEST_CASE(file) {
  const auto bytes = encode_file(example_file());
  BOOST_TEST(hex(bytes) == "01"
                           "02"
                           "01"
                           "0000000000001122"
                           "0000000000000003"
                           "abababababababababababababababababababababababababababababababab"
                           "00000018c0ffee00"
                           "0000000000000001"
                           "00000007612e6a736f6e6c"
                           "1020304050607080");
  BOOST_TEST((*decode_file(5, bytes) == example_file()));
  check_damage(bytes, [](std::string_view v) { return decode_file(5, v); });
}

BOOST_AUTO_TEST_CASE(page_head) {
  BOOST_TEST(hex(view(encode_page_head(0x0a0b, true, false))) == "01010000000000000a0b");
  BOOST_TEST(hex(view(encode_page_head(1, true, true))) == "01030000000000000001");
  BOOST_TEST(hex(view(encode_page_head(0, false, false))) == "01000000000000000000");
  const auto head = encode_page_head(9, true, true);
  const auto page = decode_page_head(std::string{view(head)} + "the bytes");
  BOOST_REQUIRE(page.has_value());
  BOOST_TEST(page->lines_before == 9U);
  BOOST_TEST((page->mid_line && page->counted));
  check_damage(std::string{view(head)} + "bytes", decode_page_head, true);
}

BOOST_AUTO_TEST_CASE(definition) {
  const auto bytes = encode_definition(example_definition());
  BOOST_TEST(hex(bytes) == "02"
                           "0000000000000005"
                           "0000000000000006"
                           "0000000000000007"
                           "02"
                           "02"
                           "0000000000000008"
                           "0000000000000009"
                           "000000000000000a"
                           "0000000b"
                           "0000000c"
                           "000000022f65"
                           "00000003323468"
                           "000000016d"
                           "00000003353030"
                           "00000002"
                           "000000016b"
                           "0000000176"
                           "00000000"
                           "0000000177"
                           "000000000000000d"
                           "000003da"
                           "000000000000000f");
  BOOST_TEST((*decode_definition(bytes) == example_definition()));
  check_damage(bytes, decode_definition);
}

BOOST_AUTO_TEST_CASE(a_definition_of_version_1_has_no_owner_and_no_deadline) {
  auto bytes = encode_definition(example_definition());
  bytes.resize(bytes.size() - 20);
  bytes[0] = 1;
  auto expected = example_definition();
  expected.owner = 0;
  expected.priority = 0;
  expected.line_deadline = {};
  const auto read = decode_definition(bytes);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST((*read == expected));
}

BOOST_AUTO_TEST_CASE(state) {
  const auto bytes = encode_state(example_state());
  BOOST_TEST(hex(bytes) == "01"
                           "07"
                           "01"
                           "00000003776879"
                           "0000000000000001"
                           "0000000000000002"
                           "0000000000000003"
                           "0000000000000004"
                           "0000000000000005"
                           "0000000000000006"
                           "0000000000000007"
                           "0000000000000008");
  BOOST_TEST((*decode_state(bytes) == example_state()));
  check_damage(bytes, decode_state);
}

BOOST_AUTO_TEST_CASE(progress) {
  const auto bytes = encode_progress(example_progress());
  BOOST_TEST(hex(bytes) == "01"
                           "0000000000000001"
                           "0000000000000002"
                           "0000000000000003"
                           "0000000000000004"
                           "0000000000000005"
                           "0000000000000006"
                           "0000000000000007"
                           "0000000000000008"
                           "0000000000000009"
                           "000000000000000a"
                           "000000000000000b"
                           "000000000000000c"
                           "000000000000000d"
                           "000000000000000e");
  BOOST_TEST((*decode_progress(bytes) == example_progress()));
  check_damage(bytes, decode_progress);
}

BOOST_AUTO_TEST_CASE(segment_selection_and_unrun) {
  BOOST_TEST(hex(encode_segment(65'536)) == "0100010000");
  check_damage(encode_segment(3), decode_segment);
  line_bits bits;
  bits.set(0);
  bits.set(10);
  BOOST_TEST(hex(encode_selection(bits)) == "010104");
  BOOST_TEST((*decode_selection(encode_selection(bits)) == bits));
  BOOST_TEST(hex(encode_unrun({1, 0x1234, 0x5678, 5})) == "01"
                                                          "01"
                                                          "0000000000001234"
                                                          "0000000000005678"
                                                          "00000005");
  check_damage(encode_unrun({1, 2, 3, 4}), decode_unrun);
}

BOOST_AUTO_TEST_CASE(problems) {
  const auto bytes = encode_problems(example_problems());
  BOOST_TEST(hex(bytes) == "01"
                           "00000002"
                           "0000000000000001"
                           "0000000000000002"
                           "0000000163"
                           "000000016d"
                           "0000000000000003"
                           "0000000000000004"
                           "00000000"
                           "000000016e");
  BOOST_TEST((*decode_problems(bytes) == example_problems()));
  check_damage(bytes, decode_problems);
}

BOOST_AUTO_TEST_CASE(validation) {
  const validation_cursor c{validation_phase::selecting, 1, 2, 3};
  BOOST_TEST(hex(encode_validation(c)) == "01"
                                          "03"
                                          "0000000000000001"
                                          "0000000000000002"
                                          "0000000000000003");
  BOOST_TEST((*decode_validation(encode_validation(c)) == c));
  check_damage(encode_validation(c), decode_validation);
}

BOOST_AUTO_TEST_CASE(reference_to_a_blob) {
  const blob_reference b{0x0102030405, 0x1122334455667788, 0x40000005};
  const auto bytes = encode_blob_reference(b);
  BOOST_TEST(hex(bytes) == "01"
                           "0000000102030405"
                           "1122334455667788"
                           "0000000040000005");
  BOOST_TEST(is_blob_reference(bytes));
  BOOST_TEST(!is_blob_reference("{\"id\":"));
  const auto back = decode_blob_reference(bytes);
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST((back->line == b.line && back->number == b.number && back->bytes == b.bytes));
  check_damage(bytes, decode_blob_reference);
}

BOOST_AUTO_TEST_CASE(index) {
  const index_entry e{output_kind::error, 0x0102030405, 0x10203, 429, 5};
  const auto bytes = encode_index(e);
  BOOST_TEST(hex(view(bytes)) == "01"
                                 "02"
                                 "0000000102030405"
                                 "00010203"
                                 "01ad"
                                 "0005");
  BOOST_TEST((*decode_index(view(bytes)) == e));
  check_damage(std::string{view(bytes)}, decode_index);
}

BOOST_AUTO_TEST_CASE(waiting) {
  const auto bytes = encode_waiting(example_waiting());
  BOOST_TEST(hex(bytes) == "03"
                           "00000002"
                           "0000000000000003"
                           "01"
                           "000000057265736574"
                           "0000000000000004"
                           "02"
                           "0000000170"
                           "00000003353033"
                           "00000004646f776e"
                           "000000000000000000000000");
  BOOST_TEST((*decode_waiting(bytes) == example_waiting()));
  check_damage(bytes, decode_waiting);
  auto older = bytes;
  older.resize(older.size() - 33);
  older[0] = 2;
  BOOST_TEST((decode_waiting(older)->first_call == at(4)));
  BOOST_TEST(decode_waiting(older)->words.empty());
  older.resize(older.size() - 8);
  older[0] = 1;
  BOOST_TEST((decode_waiting(older)->first_call == wall_time{}));
}

BOOST_AUTO_TEST_CASE(request) {
  const auto bytes = encode_request(example_request());
  BOOST_TEST(hex(bytes) == "01"
                           "0000000000000001"
                           "0000000000000002"
                           "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd");
  BOOST_TEST(decode_request(bytes)->batch == 1U);
  check_damage(bytes, decode_request);
}

BOOST_AUTO_TEST_CASE(a_count_of_entries_beyond_the_value_takes_no_memory) {
  auto bytes = encode_problems({});
  bytes.replace(1, 4, "\xff\xff\xff\xff");
  BOOST_TEST(!decode_problems(bytes));
}

BOOST_AUTO_TEST_SUITE_END()
