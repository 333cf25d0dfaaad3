#include "storage/codec.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(codec)

BOOST_AUTO_TEST_CASE(numbers_are_big_endian_and_strings_have_their_length_in_front) {
  encoder out{1};
  out.u8(0x02).u16(0x0304).u32(0x05060708).u64(0x090a0b0c0d0e0f10).string("hi").bytes("!");
  using namespace std::string_literals;
  BOOST_TEST(out.take() == "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
                           "\0\0\0\x02hi!"s);
}

BOOST_AUTO_TEST_CASE(what_was_written_is_read_again) {
  const auto value = encoder{3}.u8(7).u16(65535).u32(1).u64(~uint64_t{0}).string("").take();
  decoder in{"test", value, 3};
  BOOST_TEST(in.u8() == 7);
  BOOST_TEST(in.u16() == 65535);
  BOOST_TEST(in.u32() == 1U);
  BOOST_TEST(in.u64() == ~uint64_t{0});
  BOOST_TEST(in.string() == "");
  BOOST_TEST(in.finish().has_value());
}

BOOST_AUTO_TEST_CASE(a_value_that_ends_early_is_refused_with_the_place) {
  const auto value = encoder{1}.u32(5).take();
  decoder in{"thing", value, 1};
  BOOST_TEST(in.u64() == 0U);
  BOOST_TEST(in.u8() == 0);
  const auto ended = in.finish();
  BOOST_REQUIRE(!ended);
  BOOST_TEST((ended.error().kind == errc::corrupt));
  BOOST_TEST(ended.error().message ==
             "stored thing cannot be read: 4 bytes are missing (at byte 1 of 5)");
}

BOOST_AUTO_TEST_CASE(a_length_beyond_the_end_reads_nothing) {
  const auto value = encoder{1}.u32(0xffffffff).bytes("abc").take();
  decoder in{"thing", value, 1};
  BOOST_TEST(in.string().empty());
  BOOST_TEST(!in.finish());
}

BOOST_AUTO_TEST_CASE(bytes_left_over_are_refused) {
  const auto value = encoder{1}.u8(1).u8(2).take();
  decoder in{"thing", value, 1};
  in.u8();
  BOOST_TEST(in.finish().error().message ==
             "stored thing cannot be read: 1 bytes are left over (at byte 2 of 3)");
}

BOOST_AUTO_TEST_CASE(an_unknown_version_is_refused_by_number) {
  const auto value = encoder{9}.u8(1).take();
  decoder in{"thing", value, 1};
  in.u8();
  BOOST_TEST(in.finish().error().message ==
             "stored thing cannot be read: version 9 is not known, only 1 is (at byte 1 of 2)");
}

BOOST_AUTO_TEST_CASE(an_empty_value_is_refused) {
  decoder in{"thing", "", 1};
  BOOST_TEST(!in.finish());
}

BOOST_AUTO_TEST_CASE(an_enum_out_of_range_is_refused) {
  const auto value = encoder{1}.u8(4).take();
  decoder in{"thing", value, 1};
  BOOST_TEST(in.choice<uint8_t>(1, 3) == 1);
  BOOST_TEST(!in.finish());
}

BOOST_AUTO_TEST_SUITE_END()
