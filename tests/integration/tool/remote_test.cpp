// The commands that talk to a running service: submit, status, results, cancel, pause, resume,
// retry.
#include "tests/support/serve_process.hpp"
#include "tests/support/sim_process.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <optional>
#include <set>
#include <sstream>

using namespace perennial::test;
using nlohmann::json;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<json> json_lines(const std::string& text) {
  std::vector<json> out;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
  return out;
}

struct fixture {
  temp_dir dir;
  sim_process sim;
  std::optional<serve_process> service;

  fixture() { start(); }

  void start(std::vector<std::string> more = {}) {
    std::vector<std::string> flags{"--data",  (dir / "data").string(), "--base-url",
                                   sim.url(), "--concurrency",         "16"};
    flags.insert(flags.end(), more.begin(), more.end());
    service.emplace(flags);
  }

  std::string jobs(size_t lines, const std::string& name = "jobs.jsonl") {
    std::string text;
    for (size_t i = 0; i < lines; ++i) {
      text += json{{"id", "line-" + std::to_string(i)},
                   {"prompt", "say " + std::to_string(i)},
                   {"model", "m"}}
                .dump() +
              "\n";
    }
    write_file(dir / name, text);
    return (dir / name).string();
  }

  ended_command call(std::vector<std::string> args, const std::filesystem::path& input = {}) {
    return run_command(std::move(args), {{"PERENNIAL_URL", service->url()}}, input);
  }

  /// A batch whose calls do not end until `release`.
  std::string held_batch(size_t lines) {
    sim.control({{"hold", "say"}});
    return first_line(call({"submit", jobs(lines)}).output);
  }
  void release() { sim.control({{"hold", ""}}); }

  json batch(const std::string& id) {
    const auto ended = call({"status", id, "--json"});
    BOOST_REQUIRE_MESSAGE(!ended.output.empty(), ended.errors);
    return json::parse(ended.output);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(commands_to_a_running_service, fixture)

BOOST_AUTO_TEST_CASE(submit_waits_and_writes_the_results_in_order_of_the_file) {
  const auto out = (dir / "out.jsonl").string();
  const auto ended = call({"submit", jobs(200), "-o", out, "--metadata", "team=search"});
  BOOST_REQUIRE_MESSAGE(ended.status.ok(), ended.errors);
  const auto lines = json_lines(read_file(out));
  BOOST_REQUIRE(lines.size() == 200U);
  for (size_t i = 0; i < lines.size(); ++i)
    BOOST_TEST(lines[i]["custom_id"] == "line-" + std::to_string(i));
  const auto b = batch(first_line(ended.output));
  BOOST_TEST(b["status"] == "completed");
  BOOST_TEST(b["metadata"]["team"] == "search");
  BOOST_TEST(has(ended.errors, "200"), ended.errors);
}

BOOST_AUTO_TEST_CASE(a_line_that_got_a_500_is_tried_again_with_the_default_settings) {
  sim.control({{"rate_500", 0.3}});
  const auto ended = call({"submit", jobs(60), "--wait", "--json"});
  BOOST_REQUIRE_MESSAGE(ended.status.ok(), ended.errors << ended.output);
  const auto b = json::parse(ended.output);
  BOOST_TEST(b["request_counts"]["completed"] == 60);
  BOOST_TEST(b["perennial"]["retried"].get<int>() > 0);
}

BOOST_AUTO_TEST_CASE(a_file_with_bad_lines_is_refused_line_by_line_and_nothing_is_sent) {
  write_file(dir / "bad.jsonl", "{\"prompt\":\"a\"}\nbroken\n{\"promt\":\"b\"}\n");
  const auto ended = call({"submit", (dir / "bad.jsonl").string(), "--wait"});
  BOOST_TEST(ended.status.code == 2);
  BOOST_TEST(has(ended.errors, "bad.jsonl:2: "), ended.errors);
  BOOST_TEST(has(ended.errors, "bad.jsonl:3: "), ended.errors);
  BOOST_TEST(has(ended.errors, "Nothing was sent"), ended.errors);
  BOOST_TEST(sim.stat("requests") == 0U);
  const auto id = first_line(ended.output);
  const auto shown = call({"status", id});
  BOOST_TEST(shown.status.code == 2);
  BOOST_TEST(has(shown.output, ":2: "), shown.output);
  BOOST_TEST(has(shown.output, ":3: "), shown.output);
  const auto none = call({"results", id});
  BOOST_TEST(none.status.code == 2);
  BOOST_TEST(has(none.errors, "its job file was refused: see `perennial status " + id + "`"),
             none.errors);
  const auto skipped =
    call({"submit", (dir / "bad.jsonl").string(), "-q", "-o", "-", "--on-invalid", "skip"});
  BOOST_TEST(skipped.status.code == 1);
  BOOST_TEST(json_lines(skipped.output).size() == 3U);
}

BOOST_AUTO_TEST_CASE(of_many_bad_lines_the_first_are_shown_and_how_many_more_there_are) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "broken\n";
  write_file(dir / "bad.jsonl", text);
  const auto id = first_line(call({"submit", (dir / "bad.jsonl").string(), "--wait"}).output);
  const auto shown = call({"status", id}).output;
  BOOST_TEST(has(shown, ":20: "), shown);
  BOOST_TEST(!has(shown, ":21: "), shown);
  BOOST_TEST(has(shown, "and 30 more"), shown);
}

BOOST_AUTO_TEST_CASE(what_a_batch_waits_for_is_said_once_while_waiting_and_by_status) {
  service.reset();
  write_file(dir / "perennial.toml", "data_dir = \"" + (dir / "data").string() +
                                       "\"\n[[providers]]\nname = \"sim\"\nbase_url = \"" +
                                       sim.url() + "\"\nmodels = [\"other\"]\n");
  service.emplace(std::vector<std::string>{"--config", (dir / "perennial.toml").string()});
  child_options o;
  o.program = bin_dir() / "perennial";
  o.args = {"submit", jobs(2), "--wait", "--url", service->url()};
  child_process waiting{o};
  constexpr std::string_view sentence = "no provider takes the model \"m\"; add it";
  BOOST_REQUIRE_MESSAGE(waiting.wait_for_errors(sentence), waiting.errors());
  const auto id = first_line(waiting.output());
  BOOST_TEST(has(call({"status", id}).errors, sentence));
  BOOST_TEST(call({"cancel", id}).status.ok());
  BOOST_REQUIRE(waiting.wait());
  const auto said = waiting.errors();
  BOOST_TEST(said.find(sentence) == said.rfind(sentence), said);
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written_is_said_before_anything_is_sent) {
  const auto file = jobs(1);
  const auto folder = dir.path().string();
  for (const auto& [output, says] : std::vector<std::pair<std::string, std::string>>{
         {file, "would replace the job file"},
         {folder, "is a directory"},
         {folder + "/none/x", "No such file or directory"},
         {"/dev/null", "is a device or a pipe"},
       }) {
    const auto ended = call({"submit", file, "-o", output});
    BOOST_TEST(ended.status.code == 2);
    BOOST_TEST(has(ended.errors, says), ended.errors);
  }
  const auto results = call({"results", "batch_1", "-o", folder + "/none/x"});
  BOOST_TEST(has(results.errors, "No such file or directory"), results.errors);
  BOOST_TEST(call({"status"}).output == "");
  const auto link = (dir / "link").string();
  std::filesystem::create_symlink(file, link);
  BOOST_TEST(has(call({"submit", file, "-o", link}).errors, "would replace the job file"));
}

BOOST_AUTO_TEST_CASE(the_same_key_gives_the_same_batch_and_leaves_no_second_file) {
  const auto one = call({"submit", jobs(3), "--idempotency-key", "k"});
  const auto two = call({"submit", jobs(3), "--idempotency-key", "k"});
  BOOST_TEST(one.output == two.output);
  BOOST_TEST(one.output != "");
  const auto other = call({"submit", jobs(4), "--idempotency-key", "k"});
  BOOST_TEST(other.status.code == 2);
  BOOST_TEST(has(other.errors, "was used for another request"), other.errors);
  const auto unkeyed = call({"submit", jobs(3)});
  BOOST_TEST(unkeyed.output != one.output);
}

BOOST_AUTO_TEST_CASE(results_can_be_followed_while_they_come) {
  const auto id = held_batch(40);
  const auto so_far = call({"results", id});
  BOOST_TEST(so_far.status.ok(), so_far.errors);
  BOOST_TEST(has(so_far.errors, "So far: 0 of"), so_far.errors);
  child_options o;
  o.program = bin_dir() / "perennial";
  o.args = {"results", id, "--follow", "--url", service->url()};
  child_process follower{o};
  release();
  const auto ended = follower.wait();
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->ok(), follower.errors());
  std::set<std::string> ids;
  const auto all = json_lines(follower.output());
  for (const auto& l : all) ids.insert(l["custom_id"].get<std::string>());
  BOOST_TEST(all.size() == 40U);
  BOOST_TEST(ids.size() == 40U);
}

BOOST_AUTO_TEST_CASE(waiting_goes_on_through_a_restart_of_the_service) {
  sim.control({{"hold", "say"}});
  const auto port = std::to_string(service->port());
  child_options o;
  o.program = bin_dir() / "perennial";
  o.args = {"submit", jobs(30), "--wait", "--url", service->url()};
  child_process waiting{o};
  BOOST_REQUIRE(waiting.wait_for_output("batch_"));
  service->process().kill(SIGKILL);
  service->process().wait();
  BOOST_TEST(waiting.wait_for_errors("still waiting"), waiting.errors());
  release();
  start({"--listen", "127.0.0.1:" + port});
  const auto ended = waiting.wait();
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->ok(), waiting.errors());
  BOOST_TEST(has(waiting.errors(), "The service is back"), waiting.errors());
}

BOOST_AUTO_TEST_CASE(ctrl_c_ends_the_waiting_and_not_the_batch) {
  sim.control({{"hold", "say"}});
  child_options o;
  o.program = bin_dir() / "perennial";
  o.args = {"submit", jobs(5), "--wait", "--url", service->url()};
  child_process waiting{o};
  BOOST_REQUIRE(waiting.wait_for_output("\n"));
  waiting.kill(SIGINT);
  const auto ended = waiting.wait();
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->code == 3);
  BOOST_TEST(has(waiting.errors(), "the batch goes on"), waiting.errors());
  release();
  BOOST_TEST(call({"status", first_line(waiting.output()), "--watch"}).status.ok());
}

BOOST_AUTO_TEST_CASE(pause_resume_and_cancel_do_what_they_say) {
  const auto id = held_batch(50);
  const auto paused = call({"pause", id, "--reason", "quota is low"});
  BOOST_TEST(paused.status.ok(), paused.errors);
  BOOST_TEST(has(call({"status", id}).output, "paused: quota is low"));
  BOOST_TEST(call({"resume", id}).status.ok());
  BOOST_TEST(!has(call({"status", id}).output, "paused"));
  BOOST_TEST(call({"cancel", id}).status.ok());
  release();
  const auto end = call({"status", id, "--watch"});
  BOOST_TEST(end.status.code == 1, end.output);
  BOOST_TEST(has(end.output, "cancelled"), end.output);
  BOOST_TEST(json_lines(call({"results", id}).output).size() == 50U); // each line has its result
}

BOOST_AUTO_TEST_CASE(retry_runs_the_failed_lines_and_its_results_are_whole) {
  sim.control({{"forbid", "say 7"}}); // and say 70 … 79
  const auto first = call({"submit", jobs(100), "-q", "-o", "-"});
  BOOST_TEST(first.status.code == 1);
  const auto id = first_line(call({"status", "--json"}).output);
  const auto batch_id = json::parse(id)["id"].get<std::string>();
  BOOST_TEST(json_lines(call({"results", batch_id, "--failed"}).output).size() == 11U);
  const auto mistyped = call({"retry", batch_id, "--only", "502"});
  BOOST_TEST(mistyped.status.code == 2);
  BOOST_TEST(has(mistyped.errors, "403 (11 lines)"), mistyped.errors);
  BOOST_TEST(call({"retry", batch_id, "--only", ""}).status.code == 2);
  sim.control({{"forbid", ""}});
  const auto retried = call({"retry", batch_id, "--only", "403"});
  BOOST_REQUIRE_MESSAGE(retried.status.ok(), retried.errors);
  const auto newer = first_line(retried.output);
  BOOST_TEST(call({"status", newer, "--watch"}).status.ok());
  BOOST_TEST(batch(newer)["request_counts"]["completed"] == 11);
  BOOST_TEST(json_lines(call({"results", newer}).output).size() == 100U);
}

BOOST_AUTO_TEST_CASE(the_list_shows_the_newest_first) {
  const auto a = first_line(call({"submit", jobs(1, "a.jsonl")}).output);
  const auto b = first_line(call({"submit", jobs(2, "b.jsonl")}).output);
  const auto list = call({"status"}).output;
  BOOST_TEST(list.find(b) < list.find(a), list);
  BOOST_TEST(json_lines(call({"status", "--json", "--limit", "1"}).output).size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_in_one_sentence_with_the_right_exit_status) {
  struct wrong {
    std::vector<std::string> args;
    int status;
    const char* says;
  };
  const auto file = jobs(1);
  for (const auto& w : std::vector<wrong>{
         {{"status", "batch_1"}, 2, "is no batch's id"},
         {{"cancel", "../../etc"}, 2, "is no batch's id"},
         {{"status", "batch_1234567890abcdef"}, 2, "No such Batch"},
         {{"submit", (dir / "none").string()}, 2, "No such file"},
         {{"submit", file, "--endpoint", "/v1/chat"}, 2, "is not an endpoint"},
         {{"submit", file, "--metadata", "novalue"}, 2, "must be KEY=VALUE"},
         {{"submit", file, "--metadata", "a=1", "--metadata", "a=2"}, 2, "--metadata has a twice"},
         {{"submit", dir.path().string()}, 2, "is a directory; a job file is needed"},
         {{"status", "--url", "foo"}, 2, "http://127.0.0.1:7733"},
         {{"submit", file, "--completion-window", "soon"}, 2, "completion window"},
         {{"status", "--watch"}, 2, "needs the id"},
         {{"results", "x", "--follow", "-o", "f"}, 2, "--follow writes to standard output"},
         {{"sttus"}, 2, "did you mean \"status\""},
         {{"status", "--url", "http://127.0.0.1:1"}, 3, "nothing answers at http://127.0.0.1:1"},
         {{"status", "--url", "127.0.0.1"}, 2, "no scheme"},
       }) {
    const auto ended = call(w.args);
    BOOST_TEST(ended.status.code == w.status, w.args[0] << ": " << ended.errors);
    BOOST_TEST(has(ended.errors, w.says), ended.errors);
    BOOST_TEST(has(first_line(ended.errors), "error: "), ended.errors);
  }
}

BOOST_AUTO_TEST_CASE(standard_input_is_a_job_file_too) {
  write_file(dir / "prompts.txt", "hello\nworld\n");
  const auto ended =
    call({"submit", "-", "--format", "text", "--model", "m", "-o", "-", "-q"}, dir / "prompts.txt");
  BOOST_TEST(ended.status.ok(), ended.errors);
  BOOST_TEST(json_lines(ended.output).size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
