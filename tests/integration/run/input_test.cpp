// What `perennial run` takes in and what it gives out.
#include "run_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace perennial::test;
using nlohmann::json;

namespace {

struct fixture {
  sim_process sim;
  run_case c{0};

  ended_command run(std::string_view jobs, std::vector<std::string> flags = {}) {
    write_file(c.jobs(), jobs);
    return run_to_end(c, sim.url(), std::move(flags));
  }
  std::vector<json> results() const { return read_results(c.output()); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(what_run_takes_and_gives, fixture)

BOOST_AUTO_TEST_CASE(short_lines_with_an_id_a_model_a_system_text_and_any_field) {
  const auto ended = run(R"({"prompt":"one"}
{"prompt":"two","id":"second","model":"m2","temperature":0.5}

{"prompt":"three","system":"be brief"})");
  BOOST_TEST(ended.status.ok(), ended.errors);
  const auto r = results();
  BOOST_REQUIRE(r.size() == 3U);
  BOOST_TEST(answer_of(r[0]) == "echo: one");
  BOOST_TEST(answer_of(r[1]) == "echo: two");
  BOOST_TEST(r[1]["custom_id"] == "second");
  BOOST_TEST(r[1]["response"]["body"]["model"] == "m2");
  BOOST_TEST(has(answer_of(r[2]), "three"));
}

BOOST_AUTO_TEST_CASE(a_text_file_is_one_prompt_per_line) {
  const auto ended =
    run("first \"quoted\"\r\n\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D\nlast without an end",
        {"--format", "text", "--model", "m"});
  BOOST_TEST(ended.status.ok(), ended.errors);
  const auto r = results();
  BOOST_REQUIRE(r.size() == 3U);
  BOOST_TEST(answer_of(r[0]) == "echo: first \"quoted\"");
  BOOST_TEST(answer_of(r[1]) == "echo: \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D");
  BOOST_TEST(answer_of(r[2]) == "echo: last without an end");
}

BOOST_AUTO_TEST_CASE(standard_input_is_a_job_file_too) {
  write_file(c.jobs(), job_line(0, "m") + job_line(1, "m"));
  const std::vector<std::string> args{"run",        "-",       "-o", c.output().string(),
                                      "--base-url", sim.url(), "-q"};
  const auto ended = run_command(args, {}, c.jobs());
  BOOST_TEST(ended.status.ok(), ended.errors);
  BOOST_TEST(ended.errors == "");
  BOOST_TEST(ended.output == "");
  const auto r = results();
  BOOST_REQUIRE(r.size() == 2U);
  BOOST_TEST(answer_of(r[1]) == "echo: " + prompt_text(1));

  // Again with the same lines or with none it is the same job, with others it is not.
  BOOST_TEST(run_command(args, {}, c.jobs()).status.ok());
  BOOST_TEST(run_command(args, {}, "/dev/null").status.ok());
  write_file(c.jobs(), job_line(7, "m"));
  const auto other = run_command(args, {}, c.jobs());
  BOOST_TEST(other.status.code == 2);
  BOOST_TEST(has(other.errors, "its job file is not the standard input"), other.errors);

  const auto nowhere = run_command({"run", "-", "--base-url", sim.url()}, {}, c.jobs());
  BOOST_TEST(nowhere.status.code == 2);
  BOOST_TEST(has(nowhere.errors, "-o FILE"), nowhere.errors);
}

BOOST_AUTO_TEST_CASE(model_replaces_the_lines_own_and_the_result_says_so) {
  const auto ended = run(job_line(0, "theirs") + job_line(1, "mine"), {"--model", "mine"});
  BOOST_TEST(ended.status.ok(), ended.errors);
  const auto r = results();
  BOOST_REQUIRE(r.size() == 2U);
  BOOST_TEST(r[0]["response"]["body"]["model"] == "mine");
  BOOST_TEST(r[0]["perennial"]["model_replaced"]["from"] == "theirs");
  BOOST_TEST(r[0]["perennial"]["model_replaced"]["to"] == "mine");
}

BOOST_AUTO_TEST_CASE(bad_lines_are_all_named_with_number_and_byte_and_nothing_is_spent) {
  const auto good = job_line(0, "m");
  const std::string broken = "{\"custom_id\":\n";
  const std::string wrong_url =
    R"({"custom_id":"u","method":"POST","url":"/v1/embeddings","body":{"model":"m"}})"
    "\n";
  const std::string no_id = R"({"method":"POST","url":"/v1/chat/completions","body":{}})"
                            "\n";
  const auto ended = run(good + broken + wrong_url + no_id + good);
  BOOST_TEST(ended.status.code == 2);
  size_t at = good.size();
  const auto named = [&](int number, size_t offset, std::string_view code) {
    const auto place = fmt::format("{}:{} (byte {}): ", c.jobs().string(), number, offset);
    const auto found = ended.errors.find(place);
    BOOST_REQUIRE_MESSAGE(found != std::string::npos, place << "is not in " << ended.errors);
    const auto line = ended.errors.substr(found, ended.errors.find('\n', found) - found);
    BOOST_TEST(has(line, fmt::format("[{}]", code)), line);
  };
  named(2, at, "invalid_json_line");
  named(3, at += broken.size(), "url_mismatch");
  named(4, at += wrong_url.size(), "missing_custom_id");
  named(5, at += no_id.size(), "duplicate_custom_id");
  BOOST_TEST(has(ended.errors, "4 of the lines"), ended.errors);
  BOOST_TEST(has(ended.errors, "--on-invalid skip"), ended.errors);
  BOOST_TEST(sim.stat("requests") == 0U);
  BOOST_TEST(!std::filesystem::exists(c.output()));

  const auto mended = run(job_line(0, "m") + job_line(1, "m")); // the same state takes it
  BOOST_TEST(mended.status.ok(), mended.errors);
  BOOST_TEST(results().size() == 2U);
}

BOOST_AUTO_TEST_CASE(on_invalid_skip_makes_failed_results_of_bad_lines_and_runs_the_rest) {
  const auto ended =
    run(job_line(0, "m") + "no json\n" + job_line(2, "m"), {"--on-invalid", "skip"});
  BOOST_TEST(ended.status.code == 1, ended.errors);
  const auto r = results();
  BOOST_REQUIRE(r.size() == 3U);
  BOOST_TEST(answer_of(r[0]) == "echo: " + prompt_text(0));
  BOOST_TEST(r[1]["error"]["code"] == "invalid_json_line", r[1].dump());
  BOOST_TEST(r[1]["perennial"]["line"] == 2);
  BOOST_TEST(answer_of(r[2]) == "echo: " + prompt_text(2));
  BOOST_TEST(sim.stat("requests") == 2U);
}

BOOST_AUTO_TEST_CASE(a_line_beyond_the_limit_names_the_flag_that_raises_it) {
  const auto jobs = job_line(0, "m") + job_line(1, std::string(2000, 'x'));
  const auto small = run(jobs, {"--max-line-bytes", "1KiB"});
  BOOST_TEST(small.status.code == 2, small.errors);
  BOOST_TEST(has(small.errors, "--max-line-bytes"), small.errors);
  const auto check = [&](std::string_view limit) {
    return run_command({"check", c.jobs().string(), "--max-line-bytes", std::string{limit}});
  };
  BOOST_TEST(has(check("1KiB").output, "[line_too_long]"));
  BOOST_TEST(check("4KiB").status.ok());
  BOOST_TEST(check("12").status.code == 2);
  const auto large = run(jobs, {"--max-line-bytes", "4KiB"}); // the same state takes it
  BOOST_TEST(large.status.ok(), large.errors);
  BOOST_TEST(results().size() == 2U);
  const auto other = run(jobs);
  BOOST_TEST(other.status.code == 2);
  BOOST_TEST(has(other.errors, "its --max-line-bytes is 4 KiB, not 16 MiB"), other.errors);
}

BOOST_AUTO_TEST_CASE(a_file_without_lines_is_said_to_have_none) {
  const auto empty = run("\n  \n");
  BOOST_TEST(empty.status.code == 2);
  BOOST_TEST(has(empty.errors, c.jobs().string() + ": the file has no lines to run"), empty.errors);
  BOOST_TEST(!has(empty.errors, "of the lines"), empty.errors);
  const auto check = run_command({"check", c.jobs().string()});
  BOOST_TEST(check.status.code == 2);
  BOOST_TEST(has(check.output, "the file has no lines to run"));
  BOOST_TEST(!has(check.errors, "of 0 lines"), check.errors);
}

BOOST_AUTO_TEST_CASE(a_failed_line_says_why_and_retry_failed_runs_only_it) {
  sim.control({{"forbid", prompt_text(1)}});
  const auto ended =
    run(job_line(0, "m") + job_line(1, "m") + job_line(2, "m"), {"--concurrency", "1"});
  BOOST_TEST(ended.status.code == 1, ended.errors);
  BOOST_TEST(has(ended.errors, "--retry-failed"), ended.errors);
  BOOST_TEST(json::parse(ended.output)["failed"] == 1);
  sim.control({{"forbid", ""}});
  const auto requests = sim.stat("requests");
  const auto again = run_to_end(c, sim.url(), {"--retry-failed"});
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(sim.stat("requests") == requests + 1);
  const auto r = results();
  BOOST_REQUIRE(r.size() == 3U);
  for (uint64_t i = 0; i < 3; ++i) BOOST_TEST(answer_of(r[i]) == "echo: " + prompt_text(i));
}

BOOST_AUTO_TEST_CASE(the_output_appears_whole_at_the_end_in_the_order_of_the_file) {
  sim.control({{"hold", prompt_text(0)}, {"latency_ms", 20}, {"jitter", 1.0}});
  std::string jobs;
  for (uint64_t i = 0; i < 50; ++i) jobs += job_line(i, "m");
  write_file(c.jobs(), jobs);
  write_file(c.output(), "of an earlier day");
  auto p = c.start(sim.url(), {"--concurrency", "16"});
  BOOST_REQUIRE(sim_has(sim, 49, 1));
  BOOST_TEST(read_file(c.output()) == "of an earlier day");
  sim.control({{"hold", ""}});
  const auto ended = p->wait();
  BOOST_REQUIRE((ended && ended->ok()));
  const auto r = results();
  BOOST_REQUIRE(r.size() == 50U);
  for (uint64_t i = 0; i < 50; ++i) BOOST_TEST(r[i]["custom_id"] == prompt_text(i));
  BOOST_TEST(!std::filesystem::exists(c.output().string() + ".part"));
}

BOOST_AUTO_TEST_CASE(the_summary_is_one_json_object_on_standard_output) {
  const auto ended = run(job_line(0, "m") + job_line(1, "m"));
  BOOST_TEST(ended.status.ok(), ended.errors);
  const auto s = json::parse(ended.output);
  BOOST_TEST(s["lines"] == 2);
  BOOST_TEST(s["completed"] == 2);
  BOOST_TEST(s["failed"] == 0);
  BOOST_TEST(s["ambiguous"] == 0);
  BOOST_TEST(s["tokens"]["output"].get<uint64_t>() > 0U);
  BOOST_TEST(s["peak_rss_bytes"].get<uint64_t>() > 0U);
  BOOST_TEST(s["output"] == c.output().string());
}

BOOST_AUTO_TEST_CASE(wrong_use_is_said_in_a_sentence) {
  const auto flag = run(job_line(0, "m"), {"--concurency", "8"});
  BOOST_TEST(flag.status.code == 2);
  BOOST_TEST(has(flag.errors, "--concurency"), flag.errors);
  BOOST_TEST(has(flag.errors, "did you mean \"--concurrency\"?"), flag.errors);
  const auto missing = run_command(
    {"run", (c.dir() / "no.jsonl").string(), "-o", c.output().string(), "--base-url", sim.url()});
  BOOST_TEST(missing.status.code == 2);
  BOOST_TEST(has(missing.errors, "no.jsonl: No such file"), missing.errors);
  const auto endpoint = run(job_line(0, "m"), {"--endpoint", "/v1/chat"});
  BOOST_TEST(endpoint.status.code == 2);
  const auto empty = run("");
  BOOST_TEST(empty.status.code == 2, empty.errors);
  BOOST_TEST(sim.stat("requests") == 0U);
  BOOST_TEST(!std::filesystem::exists(c.output()));
}

BOOST_AUTO_TEST_SUITE_END()
