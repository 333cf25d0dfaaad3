// `--fresh`: what it throws away, and above all what it leaves alone.
#include "run_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <httplib.h>

#include <set>

using namespace perennial::test;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t lines = 20;

struct fixture {
  sim_process sim;
  run_case c{lines};

  ended_command fresh(std::vector<std::string> flags = {}, const std::string& url = {}) {
    flags.emplace_back("--fresh");
    return run_to_end(c, url.empty() ? sim.url() : url, std::move(flags));
  }
  /// It was refused, with `why` in one sentence, and nobody was called.
  void must_be_refused(const ended_command& ended, std::string_view why) {
    BOOST_TEST(ended.status.code == 2, ended.errors);
    BOOST_TEST(count(ended.errors, "error:") == 1U, ended.errors);
    BOOST_TEST(has(ended.errors, why), ended.errors);
    BOOST_TEST(sim.stat("requests") == requests);
  }
  /// A state that is finished.
  void finish() {
    const auto ended = run_to_end(c, sim.url());
    BOOST_REQUIRE_MESSAGE(ended.status.ok(), ended.errors);
    requests = sim.stat("requests");
  }
  /// The state is still the finished one: run again, it calls nobody.
  void must_be_whole() {
    const auto again = run_to_end(c, sim.url());
    BOOST_TEST(again.status.ok(), again.errors);
    BOOST_TEST(has(again.errors, "Finished already"), again.errors);
    BOOST_TEST(sim.stat("requests") == requests);
  }

  uint64_t requests = 0;
};

std::set<std::string> names_in(const fs::path& dir) {
  std::set<std::string> out;
  for (const auto& e : fs::directory_iterator{dir}) out.insert(e.path().filename().string());
  return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(fresh, fixture)

BOOST_AUTO_TEST_CASE(a_directory_of_somebody_elses_with_a_db_in_it_is_left_alone) {
  const auto project = c.dir() / "proj";
  fs::create_directories(project / "db");
  fs::create_directories(project / "src");
  write_file(project / "src" / "a.c", "years of work");
  must_be_refused(fresh({"--data", project.string()}), (project / "src").string());
  BOOST_TEST(read_file(project / "src" / "a.c") == "years of work");
  BOOST_TEST(names_in(project) == (std::set<std::string>{"db", "src"}),
             boost::test_tools::per_element());

  fs::remove_all(project / "src");
  write_file(project / "db" / "customers.sql", "insert");
  must_be_refused(fresh({"--data", project.string()}), "customers.sql");
  fs::rename(project / "db" / "customers.sql", project / "db" / "000001.log"); // no LOCK of ours
  must_be_refused(fresh({"--data", project.string()}), "has no LOCK");
  BOOST_TEST(read_file(project / "db" / "000001.log") == "insert");
}

BOOST_AUTO_TEST_CASE(a_state_with_something_else_in_it_is_left_alone) {
  finish();
  write_file(c.data() / "notes.txt", "mine");
  must_be_refused(fresh(), (c.data() / "notes.txt").string());
  BOOST_TEST(read_file(c.data() / "notes.txt") == "mine");
  must_be_whole();
}

BOOST_AUTO_TEST_CASE(the_state_of_a_run_that_goes_on_is_left_to_it) {
  sim.control({{"hold", prompt_text(5)}});
  auto live = c.start(sim.url(), {"--concurrency", "1"});
  BOOST_REQUIRE(sim_has(sim, 5, 1));
  requests = sim.stat("requests");
  must_be_refused(fresh(), "pid " + std::to_string(live->pid()));
  sim.control({{"hold", ""}});
  const auto ended = live->wait();
  BOOST_TEST((ended && ended->ok()), live->errors());
  BOOST_TEST(c.check_results().empty());
  requests = sim.stat("requests");
  BOOST_TEST(requests == lines);
  must_be_whole();
}

BOOST_AUTO_TEST_CASE(the_data_directory_of_a_service_is_left_alone) {
  const auto data = c.dir() / "service";
  const auto upload = [&](const serve_process& s, std::vector<std::string> flags) {
    std::vector<std::string> args{"submit", c.jobs().string()};
    args.insert(args.end(), flags.begin(), flags.end());
    return run_command(args, {{"PERENNIAL_URL", s.url()}});
  };
  {
    serve_process s{{"--data", data.string(), "--base-url", sim.url()}};
    const auto sent = upload(s, {"--wait", "-o", (c.dir() / "x.jsonl").string()});
    BOOST_REQUIRE_MESSAGE(sent.status.ok(), sent.errors);
    BOOST_TEST(s.stop().ok());
  }
  requests = sim.stat("requests");
  must_be_refused(fresh({"--data", data.string()}), "is the data directory of a service");
  serve_process again{{"--data", data.string(), "--base-url", sim.url()}};
  const auto listed = run_command({"status"}, {{"PERENNIAL_URL", again.url()}});
  BOOST_TEST(has(listed.output, "completed"), listed.output + listed.errors);
}

BOOST_AUTO_TEST_CASE(a_service_that_has_uploads_and_no_batch_yet_is_left_alone) {
  const auto data = c.dir() / "service";
  {
    serve_process s{{"--data", data.string(), "--base-url", sim.url()}};
    httplib::Client client{"127.0.0.1", s.port()};
    const auto sent = client.Post(
      "/v1/files", httplib::MultipartFormDataItems{
                     {"purpose", "batch", "", ""},
                     {"file", read_file(c.jobs()), "theirs.jsonl", "application/jsonl"}});
    BOOST_REQUIRE((sent && sent->status == 200));
    BOOST_TEST(s.stop().ok());
  }
  must_be_refused(fresh({"--data", data.string()}), "theirs.jsonl");
}

BOOST_AUTO_TEST_CASE(a_wrong_flag_beside_it_leaves_the_state_as_it_was) {
  finish();
  must_be_refused(fresh({}, "ftp://x/v1"), "neither http nor https");
  must_be_refused(fresh({"--memory", "1"}), "give at least 64 MiB");
  must_be_refused(fresh({"--max-line-bytes", "1"}), "--max-line-bytes");
  must_be_refused(fresh({"--ca-file", (c.dir() / "no.pem").string()}, "https://127.0.0.1:1/v1"),
                  "no.pem");
  must_be_refused(run_command({"run", c.jobs().string(), "-o", (c.dir() / "nodir" / "o").string(),
                               "--data", c.data().string(), "--base-url", sim.url(), "--fresh"}),
                  "nodir cannot be found");
  const auto key = run_to_end(c, sim.url(), {"--fresh"}, {{"OPENAI_API_KEY", "two words"}});
  must_be_refused(key, "the variable OPENAI_API_KEY");
  must_be_whole();
}

BOOST_AUTO_TEST_CASE(what_it_throws_away_is_all_of_the_state) {
  finish();
  const auto again = fresh();
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(sim.stat("requests") == 2 * lines);
  BOOST_TEST(c.check_results().empty());
  const std::set<std::string> made{"LOCK",         "ballast",        "blobs",  "db",     "inflight",
                                   "known_routes", "learned_limits", "output", "uploads"};
  BOOST_TEST(names_in(c.data()) == made, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_damaged_state_can_be_thrown_away) {
  finish();
  for (const auto& e : fs::directory_iterator{c.data() / "db"}) {
    if (has(e.path().filename().string(), "MANIFEST"))
      write_file(e.path(), "nothing of a manifest");
  }
  BOOST_TEST(!run_to_end(c, sim.url()).status.ok());
  const auto again = fresh();
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(c.check_results().empty());
}

BOOST_AUTO_TEST_SUITE_END()
