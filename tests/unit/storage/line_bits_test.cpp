#include "storage/line_bits.hpp"

#include "tests/unit/storage/seeded.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(bits_of_lines)

BOOST_AUTO_TEST_CASE(setting_a_bit_twice_is_told) {
  line_bits bits;
  BOOST_TEST(bits.set(65'535));
  BOOST_TEST(!bits.set(65'535));
  BOOST_TEST(bits.test(65'535));
  BOOST_TEST(!bits.test(0));
  BOOST_TEST(bits.count() == 1U);
}

BOOST_AUTO_TEST_CASE(the_low_bit_of_the_first_byte_is_the_first_line) {
  line_bits bits;
  bits.set(0);
  bits.set(9);
  bits.set(23);
  BOOST_TEST(bits.encode() == std::string("\x01\x02\x80"));
  BOOST_TEST(line_bits{}.encode() == "");
}

BOOST_AUTO_TEST_CASE(encoded_bits_are_read_again) {
  test::seeded random{7};
  for (const uint32_t n : {0U, 1U, 100U, 40'000U}) {
    line_bits bits;
    for (uint32_t i = 0; i < n; ++i) bits.set(random.below(segment_lines));
    const auto again = line_bits::decode(bits.encode());
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST((*again == bits));
  }
}

BOOST_AUTO_TEST_CASE(too_many_bytes_are_corrupt) {
  const auto bits = line_bits::decode(std::string(segment_lines / 8 + 1, 'x'));
  BOOST_TEST((bits.error().kind == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(the_first_unset_bit_is_found_as_a_loop_finds_it) {
  test::seeded random{11};
  for (int round = 0; round < 200; ++round) {
    line_bits bits;
    bits.set_first(random.below(300));
    for (uint32_t i = 0; i < 200; ++i) bits.set(random.below(400));
    const uint32_t from = random.below(300);
    const uint32_t limit = from + random.below(200);
    auto expected = from;
    while (expected < limit && bits.test(expected)) ++expected;
    BOOST_TEST(bits.first_unset(from, limit) == expected);
  }
  line_bits all;
  all.set_first(segment_lines);
  BOOST_TEST(all.count() == segment_lines);
  BOOST_TEST(all.first_unset(0, segment_lines) == segment_lines);
}

BOOST_AUTO_TEST_CASE(lines_are_shared_out_to_segments) {
  BOOST_TEST(segments_of(0) == 0U);
  BOOST_TEST(segments_of(1) == 1U);
  BOOST_TEST(segments_of(65'536) == 1U);
  BOOST_TEST(segments_of(65'537) == 2U);
  BOOST_TEST(lines_in_segment(65'537, 0) == 65'536U);
  BOOST_TEST(lines_in_segment(65'537, 1) == 1U);
  BOOST_TEST(lines_in_segment(65'537, 2) == 0U);
  BOOST_TEST(place_in_segment(65'537) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
