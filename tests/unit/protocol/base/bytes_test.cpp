#include "protocol/base/bytes.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;

BOOST_AUTO_TEST_SUITE(bytes)

BOOST_AUTO_TEST_CASE(amounts_are_read_in_powers_of_two_and_of_ten) {
  BOOST_TEST(parse_bytes("512MiB").value() == 512 * mib);
  BOOST_TEST(parse_bytes("1.5 GiB").value() == 3 * gib / 2);
  BOOST_TEST(parse_bytes("64k").value() == 64 * kib);
  BOOST_TEST(parse_bytes("100MB").value() == 100'000'000u);
  BOOST_TEST(parse_bytes("1048576").value() == mib);
}

BOOST_AUTO_TEST_CASE(what_is_no_amount_is_refused_with_an_example) {
  for (const char* bad : {"", "MiB", "12 apples", "-1", "1e5GiB", "nan"}) {
    auto got = parse_bytes(bad);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == errc::invalid_input));
    BOOST_TEST(got.error().message.find("512MiB") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(amounts_are_shown_as_people_write_them) {
  BOOST_TEST(format_bytes(0) == "0 B");
  BOOST_TEST(format_bytes(512 * mib) == "512 MiB");
  BOOST_TEST(format_bytes(1536) == "1.5 KiB");
}

BOOST_AUTO_TEST_SUITE_END()
