// The configuration of `serve`, as its operators meet it.
#include "tests/support/serve_process.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::test;

namespace {

constexpr std::string_view good = R"(listen = "127.0.0.1:0"
data_dir = "/var/lib/perennial"

[memory]
budget = "256MiB"

[[providers]]
name = "sim"
base_url = "http://127.0.0.1:9/v1"
models = ["gpt*", "o3"]
api_key_env = "SIM_KEY"
max_in_flight = 64
total_timeout = "90s"
)";

struct fixture {
  temp_dir dir;

  ended_command print(std::string_view config, std::vector<std::string> flags = {},
                      std::map<std::string, std::string> env = {}) {
    write_file(dir / "p.toml", config);
    std::vector<std::string> args{"serve", "--config", (dir / "p.toml").string(), "--print-config"};
    args.insert(args.end(), flags.begin(), flags.end());
    return run_command(std::move(args), std::move(env));
  }

  /// What is said of the configuration with `what` in it replaced by `with`.
  std::string refusal(std::string_view what, std::string_view with) {
    std::string text{good};
    const auto at = text.find(what);
    BOOST_REQUIRE(at != std::string::npos);
    text.replace(at, what.size(), with);
    const auto ended = print(text);
    BOOST_TEST(ended.status.code == 2, ended.errors);
    BOOST_TEST(ended.output == "");
    return ended.errors;
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(the_configuration_of_serve, fixture)

BOOST_AUTO_TEST_CASE(what_is_printed_is_what_is_in_force_and_can_be_read_again) {
  const auto first = print(good);
  BOOST_REQUIRE_MESSAGE(first.status.ok(), first.errors);
  for (const auto* line : {"budget = '256 MiB'", "models = ['gpt*', 'o3']", "max_in_flight = 64",
                           "total_timeout = '90s'", "idle_timeout = '2m'", "breaker_open = '10s'",
                           "drain_deadline = '30s'"})
    BOOST_TEST(has(first.output, line), line);
  const auto again = print(first.output);
  BOOST_TEST(again.output == first.output);
}

BOOST_AUTO_TEST_CASE(the_example_in_deploy_is_a_good_one) {
  const auto ended = run_command(
    {"serve", "--config", PERENNIAL_SOURCE_DIR "/deploy/perennial.toml", "--print-config"});
  BOOST_TEST(ended.status.ok(), ended.errors);
  BOOST_TEST(has(ended.output, "max_in_flight = 'auto'"), ended.output);
}

BOOST_AUTO_TEST_CASE(a_key_is_never_printed_only_whether_it_is_there) {
  const auto set = print(good, {}, {{"SIM_KEY", "sk-very-secret"}});
  BOOST_TEST(has(set.output, "its key is set"));
  BOOST_TEST(!has(set.output + set.errors, "sk-very-secret"));
  BOOST_TEST(has(print(good).output, "the variable of its key is not set"));
  const auto pasted = refusal("\"SIM_KEY\"", "\"sk-very-secret\"");
  BOOST_TEST(has(pasted, "must be the name of an environment variable"));
  BOOST_TEST(!has(pasted, "sk-very-secret"));
}

BOOST_AUTO_TEST_CASE(flags_go_over_the_file) {
  const auto ended = print(good, {"--data", "/elsewhere", "--memory", "1GiB", "--concurrency",
                                  "auto", "--base-url", "https://api.example.com/v1"});
  BOOST_REQUIRE_MESSAGE(ended.status.ok(), ended.errors);
  for (const auto* line : {"data_dir = '/elsewhere'", "budget = '1 GiB'", "max_in_flight = 'auto'",
                           "base_url = 'https://api.example.com/v1'", "name = 'sim'"})
    BOOST_TEST(has(ended.output, line), line << " in\n" << ended.output);
}

BOOST_AUTO_TEST_CASE(flags_of_a_provider_are_refused_where_there_are_several) {
  const auto two = std::string{good} + "[[providers]]\nname = \"b\"\nbase_url = \"http://h\"\n";
  BOOST_TEST(print(two).status.ok());
  const auto ended = print(two, {"--base-url", "http://other"});
  BOOST_TEST(ended.status.code == 2);
  BOOST_TEST(has(ended.errors, "has 2 providers"), ended.errors);
}

BOOST_AUTO_TEST_CASE(a_misspelt_key_is_refused_with_its_place_and_the_likely_name) {
  BOOST_TEST(has(refusal("budget", "buget"), "p.toml:5:9: there is no key \"buget\" here; "
                                             "did you mean \"budget\"?"));
  BOOST_TEST(has(refusal("[memory]", "[memroy]"), "did you mean \"memory\"?"));
  BOOST_TEST(has(refusal("data_dir", "datadir"), "did you mean \"data_dir\"?"));
  BOOST_TEST(has(refusal("base_url", "base_ulr"), "did you mean \"base_url\"?"));
  const auto section = refusal("total_timeout", "[providers.timeouts]\ntotal");
  BOOST_TEST(has(section, "there is no key \"timeouts\" here; there are connect_timeout, "
                          "first_byte_timeout, idle_timeout, total_timeout"),
             section);
}

BOOST_AUTO_TEST_CASE(a_wrong_value_is_refused_with_its_place_and_what_it_must_be) {
  BOOST_TEST(has(refusal("64", "\"lots\""), "p.toml:12:17: max_in_flight must be a number"));
  BOOST_TEST(has(refusal("64", "0"), "must be a number from 1"));
  BOOST_TEST(has(refusal("\"90s\"", "90"), "as \"10s\""));
  BOOST_TEST(has(refusal("\"90s\"", "\"90\""), "for example 250ms"));
  BOOST_TEST(has(refusal("\"o3\"", "\"\""), "models has an empty entry"));
  BOOST_TEST(has(refusal("\"o3\"", "3"), "models must be a list of strings"));
  BOOST_TEST(has(refusal("[memory]", "max_line_bytes = 10\n[memory]"), "give one from 1 KiB"));
  BOOST_TEST(has(refusal("256MiB", "256 Mi"), "is not an amount of bytes"));
  BOOST_TEST(has(refusal("256MiB", "1MiB"), "give at least 64 MiB"));
  BOOST_TEST(has(refusal("[[providers]]", "[providers]"), "[[providers]] on a line of its own"));
  BOOST_TEST(has(refusal("name = \"sim\"", ""), "has no name"));
  BOOST_TEST(has(refusal("= \"sim\"", "="), "p.toml:8:"));
  BOOST_TEST(has(refusal("http:", "ftp:"), "neither http nor https"));
  BOOST_TEST(has(refusal("http://", "http://me:secret@"), "base URL"));
}

BOOST_AUTO_TEST_CASE(without_a_provider_or_a_directory_it_says_what_to_give) {
  const auto none = run_command({"serve", "--data", (dir / "d").string()});
  BOOST_TEST(none.status.code == 2);
  BOOST_TEST(has(none.errors, "no provider"), none.errors);
  const auto nowhere = run_command({"serve", "--base-url", "http://h"});
  BOOST_TEST(has(nowhere.errors, "no data directory"), nowhere.errors);
  const auto missing = run_command({"serve", "--config", (dir / "no.toml").string()});
  BOOST_TEST(missing.status.code == 2);
  BOOST_TEST(has(missing.errors, "No such file"), missing.errors);
}

BOOST_AUTO_TEST_CASE(a_data_directory_that_cannot_be_made_is_named) {
  const auto ended = run_command(
    {"serve", "--data", "/dev/null/d", "--base-url", "http://h", "--listen", "127.0.0.1:0"});
  BOOST_TEST(ended.status.code == 2);
  BOOST_TEST(has(ended.errors, "the data directory /dev/null/d cannot be made: /dev/null is no"),
             ended.errors);
}

BOOST_AUTO_TEST_CASE(a_public_address_is_refused) {
  const auto ended = run_command(
    {"serve", "--data", (dir / "d").string(), "--base-url", "http://h", "--listen", "0.0.0.0:0"});
  BOOST_TEST(ended.status.code == 2);
  BOOST_TEST(has(ended.errors, "no authentication"), ended.errors);
}

BOOST_AUTO_TEST_SUITE_END()
