#include "protocol/openai/api_error.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::openai;

BOOST_AUTO_TEST_SUITE(openai_errors)

BOOST_AUTO_TEST_CASE(an_error_has_all_four_members) {
  BOOST_TEST(to_json(invalid_request("limit is \"x\"", "limit", "invalid_value")) ==
             R"({"error":{"message":"limit is \"x\"","type":"invalid_request_error",)"
             R"("param":"limit","code":"invalid_value"}})");
  BOOST_TEST(to_json(no_such("File", "file-1")) ==
             R"({"error":{"message":"No such File object: file-1",)"
             R"("type":"invalid_request_error","param":"id","code":null}})");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_do_not_break_an_error) {
  BOOST_TEST(to_json(invalid_request("a\xff")).find("a\xEF\xBF\xBD") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(each_kind_of_error_has_its_status) {
  const auto status = [](errc kind) { return from_error({kind, "m"}).status; };
  BOOST_TEST(status(errc::invalid_input) == 400);
  BOOST_TEST(status(errc::unsupported) == 400);
  BOOST_TEST(status(errc::not_found) == 404);
  BOOST_TEST(status(errc::conflict) == 409);
  BOOST_TEST(status(errc::busy) == 503);
  BOOST_TEST(status(errc::cancelled) == 503);
  BOOST_TEST(status(errc::unavailable) == 503);
  BOOST_TEST(status(errc::closed) == 503);
  BOOST_TEST(status(errc::timed_out) == 504);
  BOOST_TEST(status(errc::no_space) == 507);
  BOOST_TEST(status(errc::io_error) == 500);
  BOOST_TEST(status(errc::corrupt) == 500);
  BOOST_TEST(status(errc::internal) == 500);
  BOOST_TEST(from_error({errc::busy, "m"}).type == "server_error");
  BOOST_TEST(from_error({errc::conflict, "m"}).type == "invalid_request_error");
}

BOOST_AUTO_TEST_CASE(what_went_wrong_inside_is_not_told_outside) {
  for (const auto kind : {errc::io_error, errc::corrupt, errc::internal, errc::closed}) {
    BOOST_TEST(from_error({kind, "/var/lib/secret"}).message.find("secret") == std::string::npos);
  }
  BOOST_TEST(from_error({errc::not_found, "no batch x"}).message == "no batch x");
}

BOOST_AUTO_TEST_CASE(errors_of_others_are_read_in_their_forms) {
  const auto own = invalid_request("m", "p", "c");
  BOOST_TEST((parse_api_error(400, to_json(own)) == own));
  BOOST_TEST(parse_api_error(500, R"({"error":"plain"})").message == "plain");
  BOOST_TEST(parse_api_error(500, R"({"message":"flat","code":"x"})").message == "flat");
  BOOST_TEST(parse_api_error(502, "<html>").message == "HTTP status 502: \"<html>\"");
  BOOST_TEST(parse_api_error(502, "").message == "HTTP status 502 without a body");
  BOOST_TEST(parse_api_error(500, R"({"error":{"message":7,"code":null}})")
               .message.starts_with("HTTP status 500"));
  BOOST_TEST(parse_api_error(500, R"({"error":{"message":")" + std::string(9000, 'x') + "\"}}")
               .message.size() < 600U);
}

BOOST_AUTO_TEST_SUITE_END()
