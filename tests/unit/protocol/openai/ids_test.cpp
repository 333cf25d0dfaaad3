#include "protocol/openai/ids.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::openai;

BOOST_AUTO_TEST_SUITE(openai_ids)

BOOST_AUTO_TEST_CASE(an_id_is_a_word_and_sixteen_digits) {
  BOOST_TEST(file_id(1) == "file-0000000000000001");
  BOOST_TEST(batch_id(0xFEDCBA9876543210) == "batch_fedcba9876543210");
  BOOST_TEST(output_file_id(0x18bcfe56801) == "file-o0000018bcfe56801");
  BOOST_TEST(error_file_id(0x18bcfe56801) == "file-e0000018bcfe56801");
}

BOOST_AUTO_TEST_CASE(what_was_written_reads_back) {
  for (const auto kind :
       {id_kind::file, id_kind::batch, id_kind::output_file, id_kind::error_file}) {
    for (const uint64_t id : {uint64_t{1}, uint64_t{0xE000000000000000}, ~uint64_t{0}}) {
      const auto got = parse_id(format_id(kind, id));
      BOOST_REQUIRE(got);
      BOOST_TEST((*got == object_id{kind, id}));
      BOOST_TEST(parse_batch_id(format_id(kind, id)).has_value() == (kind == id_kind::batch));
    }
  }
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_id) {
  for (const auto* text :
       {"", "file-", "file-1", "batch_1", "file-000000000000000G", "file-000000000000000A",
        "file-00000000000000001", "FILE-0000000000000001", "batch-0000000000000001",
        "file_0000000000000001", "file-x0000000000000001", " file-0000000000000001",
        "file-0000000000000001\n", "file-0000000000000000", "file-+000000000000001",
        "file-0x00000000000001", "batch_req_0000000001"}) {
    BOOST_TEST(!parse_id(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
