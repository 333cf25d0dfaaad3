#include "protocol/openai/list.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::openai;

BOOST_AUTO_TEST_SUITE(openai_list_query)

namespace {

list_query read(const query_params& params, list_limits limits = batch_list_limits) {
  return parse_list_query(params, limits).value();
}

/// The parameter that is wrong.
std::string wrong(const query_params& params) {
  const auto got = parse_list_query(params, batch_list_limits);
  if (got) return "nothing";
  BOOST_TEST(got.error().status == 400);
  return got.error().param.value_or("none");
}

} // namespace

BOOST_AUTO_TEST_CASE(defaults_are_those_of_the_list) {
  BOOST_TEST(read({}).limit == 20U);
  BOOST_TEST(read({}, file_list_limits).limit == 10'000U);
  BOOST_TEST(read({}).newest_first);
  BOOST_TEST(!read({}).after);
  BOOST_TEST(read({}).purpose.empty());
}

BOOST_AUTO_TEST_CASE(parameters_are_read_and_others_are_not_looked_at) {
  const auto q = read({{"limit", "7"},
                       {"after", "batch_00000000000000ff"},
                       {"order", "asc"},
                       {"purpose", "batch"},
                       {"x", "y"}});
  BOOST_TEST(q.limit == 7U);
  BOOST_TEST((q.after == object_id{id_kind::batch, 255}));
  BOOST_TEST(!q.newest_first);
  BOOST_TEST(q.purpose == "batch");
  BOOST_TEST(read({{"limit", ""}, {"after", ""}}).limit == 20U);
  BOOST_TEST(read({{"limit", "1"}, {"limit", "2"}}).limit == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_out_of_range_is_named) {
  for (const auto* limit : {"0", "101", "-1", "1x", "x", "99999999999999999999", " 1", "1.5"}) {
    BOOST_TEST(wrong({{"limit", limit}}) == "limit", limit);
  }
  BOOST_TEST(wrong({{"after", "batch_1"}}) == "after");
  BOOST_TEST(wrong({{"order", "up"}}) == "order");
  BOOST_TEST(wrong({{"limit", "100"}}) == "nothing");
}

BOOST_AUTO_TEST_SUITE_END()
