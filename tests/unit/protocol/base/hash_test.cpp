#include "protocol/base/hash.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;

BOOST_AUTO_TEST_SUITE(hash)

BOOST_AUTO_TEST_CASE(sha256_matches_the_published_vector) {
  BOOST_TEST(to_hex(sha256("abc")) ==
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_CASE(pieces_give_the_same_digest_as_the_whole) {
  sha256_stream s;
  s.update("a");
  s.update("");
  s.update("bc");
  BOOST_TEST(to_hex(s.finish()) == to_hex(sha256("abc")));
}

BOOST_AUTO_TEST_SUITE_END()
