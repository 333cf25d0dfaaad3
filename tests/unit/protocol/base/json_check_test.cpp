#include "protocol/base/json_check.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace perennial;

BOOST_AUTO_TEST_SUITE(json_check)

BOOST_AUTO_TEST_CASE(only_whole_objects_and_arrays_are_json_containers) {
  BOOST_TEST(is_json_container("{}"));
  BOOST_TEST(is_json_container(" [1, {\"a\":\"\xc3\xa4\"}]\n"));
  for (const char* text : {"", " ", "7", "\"text\"", "null", "{", "{}}", "{\"a\":1,}", "<html>",
                           "{\"a\":\"\xff\"}", "{} {}"})
    BOOST_TEST(!is_json_container(text), text);
  BOOST_TEST(is_json_container("[\"" + std::string(1'000'000, 'x') + "\"]"));
  const std::string huge(5'000'000, 'x');
  BOOST_TEST(is_json_container(" {\"a\":\"" + huge + "\"}"));
  BOOST_TEST(!is_json_container("\"" + huge + "\""));
  BOOST_TEST(!is_json_container("{\"a\":\"" + huge + "\xff\"}"));
  BOOST_TEST(!is_json_container("{\"a\":\"" + huge + "\"} 1"));
}

BOOST_AUTO_TEST_SUITE_END()
