#include "actors/work/known_routes.hpp"

#include "actors/work/route_knowledge.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::test;

BOOST_AUTO_TEST_SUITE(known_routes_across_restarts)

namespace {

struct fixture {
  temp_dir dir;
  std::string path = (dir / "known_routes").string();
  const secret key{"sk-0123456789"};

  route_knowledge knowledge(const std::string& url = "http://h/v1", std::string k = {}) {
    return {std::make_shared<known_routes>(path), url, k.empty() ? key : secret{k}};
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(what_worked_is_known_after_a_restart, fixture) {
  {
    auto k = knowledge();
    BOOST_TEST(!k.key_worked());
    BOOST_TEST(!k.model_worked("m"));
    k.on_success("m");
    BOOST_TEST(k.key_worked());
  }
  auto again = knowledge();
  BOOST_TEST(again.key_worked());
  BOOST_TEST(again.model_worked("m"));
  BOOST_TEST(!again.model_worked("other"));
  BOOST_TEST(!again.model_worked(""));
}

BOOST_FIXTURE_TEST_CASE(another_key_or_another_url_has_to_prove_itself, fixture) {
  knowledge().on_success("m");
  BOOST_TEST(!knowledge("http://h/v1", "sk-another").key_worked());
  BOOST_TEST(!knowledge("http://other/v1").key_worked());
}

BOOST_FIXTURE_TEST_CASE(the_file_holds_neither_key_nor_model_nor_url, fixture) {
  knowledge().on_success("model-name");
  const auto text = read_file(path);
  BOOST_TEST(!text.empty());
  for (const auto* hidden : {"sk-0123456789", "model-name", "http"})
    BOOST_TEST(text.find(hidden) == std::string::npos, hidden);
  const auto mode = std::filesystem::status(path).permissions();
  BOOST_TEST(((mode & std::filesystem::perms::others_all) == std::filesystem::perms::none));
}

BOOST_FIXTURE_TEST_CASE(a_torn_or_foreign_file_is_as_if_it_were_not_there, fixture) {
  knowledge().on_success("m");
  const auto text = read_file(path);
  write_file(path, text.substr(0, text.size() - 10)); // the model's fingerprint is torn
  BOOST_TEST(knowledge().key_worked());
  BOOST_TEST(!knowledge().model_worked("m"));
  write_file(path, "something else\n");
  BOOST_TEST(!knowledge().key_worked());
  knowledge().on_success("m");
  BOOST_TEST(knowledge().model_worked("m"));
}

BOOST_AUTO_TEST_SUITE_END()
