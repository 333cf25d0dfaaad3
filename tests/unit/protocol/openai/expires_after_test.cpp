#include "protocol/openai/expires_after.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::openai;

BOOST_AUTO_TEST_SUITE(expires_after)

namespace {

using fields = std::map<std::string, std::string>;

fields form(const char* anchor, const char* seconds) {
  return {
    {"purpose", "batch"}, {"expires_after[anchor]", anchor}, {"expires_after[seconds]", seconds}};
}

} // namespace

BOOST_AUTO_TEST_CASE(an_hour_to_thirty_days_after_the_creation_is_taken) {
  for (const auto seconds : {3600, 2'592'000}) {
    const auto read = parse_expires_after(form("created_at", std::to_string(seconds).c_str()));
    BOOST_REQUIRE(read && *read);
    BOOST_TEST((*read)->count() == seconds);
  }
  const auto none = parse_expires_after({{"purpose", "batch"}});
  BOOST_TEST((none && !*none));
}

BOOST_AUTO_TEST_CASE(anything_else_is_refused_by_the_name_of_its_field) {
  const auto refused = [](const fields& f) {
    const auto read = parse_expires_after(f);
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().status == 400);
    BOOST_TEST(read.error().type == "invalid_request_error");
    return read.error().param.value_or("");
  };
  BOOST_TEST(refused(form("bogus", "3600")) == "expires_after[anchor]");
  BOOST_TEST(refused({{"expires_after[seconds]", "3600"}}) == "expires_after[anchor]");
  BOOST_TEST(refused({{"expires_after[anchor]", "created_at"}}) == "expires_after[seconds]");
  for (const char* bad :
       {"", "3599", "2592001", "4000s", " 4000", "4e3", "-4000", "99999999999999999999"}) {
    BOOST_TEST(refused(form("created_at", bad)) == "expires_after[seconds]", bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()
