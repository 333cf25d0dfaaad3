#include "tests/integration/sim/client.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>

using namespace perennial::test;

namespace {

child_options shell(const std::string& script) {
  return {.program = "/bin/sh", .args = {"-c", script}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_program)

BOOST_AUTO_TEST_CASE(it_says_where_it_listens_in_one_line_and_in_a_file) {
  temp_dir dir;
  sim_process sim({"--port-file", (dir / "port").string()});
  const std::string out = sim.process().output();
  BOOST_TEST(std::count(out.begin(), out.end(), '\n') == 1);
  const auto ready = nlohmann::json::parse(out);
  BOOST_TEST(ready["url"] == "http://127.0.0.1:" + std::to_string(sim.port()) + "/v1");
  BOOST_TEST(ready["tls"] == false);
  BOOST_TEST(read_file(dir / "port") == std::to_string(sim.port()) + "\n");
}

BOOST_AUTO_TEST_CASE(a_signal_ends_it_at_once_with_success) {
  for (const int signal : {SIGTERM, SIGINT}) {
    sim_process sim({"--rate-hang", "1"});
    sim.process().kill(signal);
    const auto end = sim.process().wait();
    BOOST_REQUIRE(end);
    BOOST_TEST(end->ok());
  }
}

BOOST_AUTO_TEST_CASE(wrong_use_is_told_in_a_sentence_with_exit_code_two) {
  const std::vector<std::vector<std::string>> wrong = {
    {"--rate-500", "2"}, {"--rate-500", "0.7", "--rate-503", "0.7"},
    {"--latency", "5"},  {"--outage", "10s"},
    {"--no-such-flag"},  {"--listen", "nowhere"},
    {"--cert", "a.pem"}, {"--write-ca", "ca.pem"},
    {"--threads", "0"},  {"--port", "70000"}};
  for (const auto& flags : wrong) {
    child_process child({.program = bin_dir() / "perennial-sim", .args = flags});
    const auto end = child.wait();
    BOOST_REQUIRE(end);
    BOOST_TEST(end->code == 2, flags.front());
    BOOST_TEST(child.errors().starts_with("perennial-sim: "), child.errors());
    BOOST_TEST(child.output().empty());
  }
}

BOOST_AUTO_TEST_CASE(a_taken_port_is_named) {
  sim_process first;
  child_process second(
    {.program = bin_dir() / "perennial-sim", .args = {"--port", std::to_string(first.port())}});
  BOOST_TEST(second.wait()->code == 3);
  BOOST_TEST(second.errors().find(std::to_string(first.port())) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(help_has_examples_and_version_a_number) {
  child_process help({.program = bin_dir() / "perennial-sim", .args = {"--help"}});
  BOOST_TEST(help.wait()->ok());
  BOOST_TEST(help.output().find("Examples:") != std::string::npos);
  child_process version({.program = bin_dir() / "perennial-sim", .args = {"--version"}});
  BOOST_TEST(version.wait()->ok());
  BOOST_TEST(version.output().starts_with("perennial-sim "));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(child_processes)

BOOST_AUTO_TEST_CASE(output_errors_environment_and_exit_code_come_back) {
  child_options options = shell("echo \"$WORD\"; pwd; echo err >&2; exit 3");
  options.env = {{"WORD", "hello"}};
  options.cwd = "/";
  child_process child(options);
  BOOST_TEST((child.wait() == exit_status{3, 0}));
  BOOST_TEST(child.output() == "hello\n/\n");
  BOOST_TEST(child.errors() == "err\n");
  BOOST_TEST(!child.running());
}

BOOST_AUTO_TEST_CASE(more_output_than_a_pipe_holds_does_not_block) {
  child_process child(shell("head -c 1000000 /dev/zero; echo end >&2"));
  BOOST_TEST(child.wait()->ok());
  BOOST_TEST(child.output().size() == 1'000'000u);
}

BOOST_AUTO_TEST_CASE(streams_can_go_to_files_and_come_from_one) {
  temp_dir dir;
  write_file(dir / "in", "line\n");
  child_options options = shell("cat; echo bad >&2");
  options.stdin_file = dir / "in";
  options.stdout_file = dir / "out";
  options.stderr_file = dir / "err";
  child_process child(options);
  BOOST_TEST(child.wait()->ok());
  BOOST_TEST(read_file(dir / "out") == "line\n");
  BOOST_TEST(read_file(dir / "err") == "bad\n");
}

BOOST_AUTO_TEST_CASE(a_killed_child_tells_the_signal) {
  child_process child(shell("echo up; exec sleep 1000"));
  BOOST_TEST(child.wait_for_output("up"));
  BOOST_TEST(child.running());
  child.kill(SIGKILL);
  BOOST_TEST((child.wait() == exit_status{0, SIGKILL}));
}

BOOST_AUTO_TEST_CASE(waiting_for_words_that_never_come_ends_with_the_output) {
  child_process child(shell("echo something else"));
  BOOST_TEST(!child.wait_for_output("up"));
}

BOOST_AUTO_TEST_CASE(a_program_that_does_not_exist_is_an_error) {
  BOOST_CHECK_THROW(child_process({.program = "/no/such/program"}), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
