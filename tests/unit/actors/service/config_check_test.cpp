#include "actors/service/config_check.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(a_configuration_is_checked)

namespace {

service_config good() {
  service_config c;
  c.data_dir = "d";
  provider_config p;
  p.base_url = "http://127.0.0.1/v1";
  c.providers.push_back(std::move(p));
  return c;
}

/// What is said of `c`; empty where nothing is wrong.
std::string said(const service_config& c) {
  const auto ok = check_config(c);
  if (ok) return {};
  BOOST_TEST((ok.error().kind == errc::invalid_input));
  return ok.error().message;
}

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_good_one_passes) {
  BOOST_TEST(said(good()) == "");
  auto c = good();
  c.memory_budget = least_memory_budget;
  c.max_line_bytes = most_line_limit;
  c.providers.front().api_key_env = "A_KEY_1";
  BOOST_TEST(said(c) == "");
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_too_small_is_said) {
  auto c = good();
  c.data_dir.clear();
  BOOST_TEST(has(said(c), "no data directory"));
  c = good();
  c.providers.clear();
  BOOST_TEST(has(said(c), "no provider"));
  c = good();
  c.memory_budget = least_memory_budget - 1;
  BOOST_TEST(has(said(c), "give at least 64 MiB"));
  c = good();
  c.max_line_bytes = least_line_limit - 1;
  BOOST_TEST(has(said(c), "--max-line-bytes"));
  c.max_line_bytes = most_line_limit + 1;
  BOOST_TEST(has(said(c), "max_line_bytes"));
}

BOOST_AUTO_TEST_CASE(a_provider_is_named_where_it_has_a_name_of_its_own) {
  auto c = good();
  c.providers.front().base_url = "ftp://x";
  BOOST_TEST(said(c).starts_with("the base URL"), said(c));
  c.providers.front().name = "mine";
  BOOST_TEST(said(c).starts_with("provider \"mine\": the base URL"), said(c));
  c = good();
  c.providers.push_back(c.providers.front());
  BOOST_TEST(has(said(c), "two providers have the name \"default\""));
  c.providers.back().name = "a b";
  BOOST_TEST(has(said(c), "a provider's name"));
}

BOOST_AUTO_TEST_CASE(a_key_in_place_of_its_variables_name_is_refused_and_not_shown) {
  for (const auto* key : {"sk-abc-123", "1abc", "a key", "k\xC3\xA9y"}) {
    auto c = good();
    c.providers.front().api_key_env = key;
    BOOST_TEST(has(said(c), "the name of an environment variable"));
    BOOST_TEST(!has(said(c), key));
  }
}

BOOST_AUTO_TEST_SUITE_END()
