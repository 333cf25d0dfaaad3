// Memory that a provider in trouble holds must not keep the lines of another one from going out.
#include "tests/support/eventually.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/sim_process.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>

using namespace perennial::test;
using nlohmann::json;

namespace {

constexpr size_t line_bytes = 50'000;

/// Two providers under a budget of 96 MiB, one for the models "a…", one for "b…".
struct two_under_one_budget {
  temp_dir dir;
  sim_process a{{"--max-echo", "10"}};
  sim_process b{{"--max-echo", "10"}};
  std::optional<serve_process> service;

  two_under_one_budget() {
    const auto provider = [](const std::string& name, const sim_process& sim) {
      return fmt::format("[[providers]]\nname = \"{0}\"\nbase_url = \"{1}\"\nmodels = [\"{0}*\"]\n"
                         "max_in_flight = 32\n",
                         name, sim.url());
    };
    write_file(dir / "c.toml",
               fmt::format("data_dir = \"{}\"\n[memory]\nbudget = \"96MiB\"\n{}{}",
                           (dir / "data").string(), provider("a", a), provider("b", b)));
    service.emplace(std::vector<std::string>{"--config", (dir / "c.toml").string()});
  }

  ended_command call(std::vector<std::string> args) {
    return run_command(std::move(args), {{"PERENNIAL_URL", service->url()}});
  }

  std::string submit(const std::string& model, uint64_t count) {
    const std::string filler(line_bytes, 'x');
    std::string text;
    for (uint64_t i = 0; i < count; ++i) {
      text += json{{"id", fmt::format("{}{}", model, i)},
                   {"model", model},
                   {"prompt", fmt::format("{} {}", i, filler)}}
                .dump() +
              "\n";
    }
    const auto jobs = dir / "jobs.jsonl";
    write_file(jobs, text);
    std::string id;
    // Uploads may be told to come back later.
    BOOST_REQUIRE(eventually([&] {
      const auto ended = call({"submit", jobs.string()});
      id = ended.output.substr(0, ended.output.find('\n'));
      return ended.status.ok();
    }));
    return id;
  }

  bool completes(const std::string& batch) {
    json last;
    const bool done = eventually([&] {
      last = json::parse(call({"status", batch, "--json"}).output);
      return last["status"] == "completed";
    });
    if (!done) BOOST_TEST_MESSAGE(last.dump(2));
    return done;
  }

  uint64_t peak_rss() {
    const auto text = read_file(fmt::format("/proc/{}/status", service->process().pid()));
    return std::stoull(text.substr(text.find("VmHWM:") + 6)) * 1024;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(memory_of_providers_in_trouble, two_under_one_budget)

BOOST_AUTO_TEST_CASE(one_that_pauses_for_long_leaves_the_other_room_to_work) {
  a.control({{"rate_429_after", 1.0}, {"retry_after", 3'000}});
  for (int i = 0; i < 3; ++i) submit("a", 400);
  BOOST_REQUIRE(eventually([&] { return a.stat("requests") > 0; }));
  BOOST_TEST(completes(submit("b", 300)));
}

BOOST_AUTO_TEST_CASE(one_that_refuses_its_key_leaves_the_other_room_to_work) {
  a.control({{"api_key", "another"}});
  for (int i = 0; i < 6; ++i) submit("a", 400);
  BOOST_REQUIRE(eventually([&] { return a.stat("requests") > 0; }));
  BOOST_TEST(completes(submit("b", 300)));
  BOOST_TEST(peak_rss() <= (uint64_t{96} << 20) * 11 / 10);
}

BOOST_AUTO_TEST_SUITE_END()
