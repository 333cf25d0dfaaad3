#include "storage/keys.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(keys_of_tables)

namespace {

std::string hex(std::string_view bytes) {
  return to_hex(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

} // namespace

BOOST_AUTO_TEST_CASE(every_key_has_its_bytes) {
  BOOST_TEST(hex(keys::id(0x0102)) == "0000000000000102");
  BOOST_TEST(hex(keys::id_and_number(1, 0x10000)) == "00000000000000010000000000010000");
  BOOST_TEST(hex(keys::batch(1, batch_part::progress)) == "000000000000000103");
  BOOST_TEST(hex(keys::batch(1, batch_part::selection, 7)) == "00000000000000010500000007");
  BOOST_TEST(hex(keys::batch_after(1, batch_part::segment)) == "000000000000000105");
  BOOST_TEST(hex(keys::output(1, output_kind::error, 9)) == "0000000000000001020000000000000009");
  hash128 hash;
  hash.fill(0xee);
  BOOST_TEST(hex(keys::custom_id(2, 4, hash, 3)) ==
             "00000000000000020000000000000004eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
             "0000000000000003");
}

BOOST_AUTO_TEST_CASE(byte_order_is_number_order) {
  const auto less = [](std::string_view a, std::string_view b) { return a < b; };
  BOOST_TEST(less(keys::id(255), keys::id(256)));
  BOOST_TEST(less(keys::id_and_number(1, ~uint64_t{0}), keys::id_and_number(2, 0)));
  BOOST_TEST(less(keys::batch(1, batch_part::segment), keys::batch(1, batch_part::segment, 0)));
  BOOST_TEST(less(keys::batch(1, batch_part::segment, ~uint32_t{0}),
                  keys::batch_after(1, batch_part::segment)));
  BOOST_TEST(
    less(keys::output(1, output_kind::ok, keys::no_more), keys::output(1, output_kind::error, 0)));
}

BOOST_AUTO_TEST_CASE(ids_and_numbers_are_read_back) {
  BOOST_TEST(keys::first_id(keys::id_and_number(77, 88)) == 77U);
  BOOST_TEST(keys::last_number(keys::id_and_number(77, 88)) == 88U);
  const auto hash = hash_128("a");
  BOOST_TEST((keys::hash_of_custom_id(keys::custom_id(1, 2, hash, 3)) == hash));
}

BOOST_AUTO_TEST_SUITE_END()
