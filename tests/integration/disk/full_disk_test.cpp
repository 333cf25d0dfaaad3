// A file system of 64 MiB that is filled and emptied while batches run: uploads are refused before
// the danger zone, calls stop while results have room, all goes on by itself, and each line has
// exactly one result.
#include "tests/integration/disk/disk_fixture.hpp"
#include "tests/support/raw_client.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>

using namespace perennial::test;

namespace {

/// So many answers of the service without one call to the provider: the calls stand still.
constexpr int looks = 200;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void must_be_good(const std::vector<std::string>& wrong) {
  for (size_t i = 0; i < wrong.size() && i < 10; ++i) BOOST_ERROR(wrong[i]);
}

void must_check_out(const std::filesystem::path& data) {
  const auto doctor = run_command({"doctor", data.string()});
  BOOST_TEST(doctor.status.ok(), doctor.output << doctor.errors);
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_disk_of_64_mib)

BOOST_AUTO_TEST_CASE(filled_and_emptied_under_serve_it_costs_time_and_no_line) {
  if (!can_mount()) return;
  constexpr uint64_t prompts = 3000;
  served_disk d{{"--latency", "20ms", "--answer-bytes", "2000"}};
  d.start("16");
  const auto batch = d.create(jobs_of(prompts));
  BOOST_REQUIRE(eventually([&] { return d.sim.stat("answered_ok") > 100; }));
  const auto state = d.disk_state();
  BOOST_TEST(state.at("level") == "normal");
  BOOST_TEST(state.at("ballast_bytes") == 4 * mib);
  const auto for_uploads = state.at("kept_from_uploads_bytes").get<uint64_t>();
  const auto for_results = state.at("kept_for_results_bytes").get<uint64_t>();

  // Short of room: no uploads, calls go on.
  d.disk.leave_free(for_uploads - mib);
  BOOST_REQUIRE(d.level_becomes("tight"));
  const auto refused = d.upload(jobs_of(10));
  BOOST_TEST(refused.status == 507);
  BOOST_TEST(refused.body.at("error").at("code") == "no_space");
  BOOST_TEST(has(refused.body.at("error").at("message"), "Delete files"));
  const auto before = d.sim.stat("requests");
  BOOST_TEST(eventually([&] { return d.sim.stat("requests") > before + 20; }));
  BOOST_TEST(d.ready().at("status") == "ready");

  // Nearly full: the calls that are out end, their results are written, no others go out.
  d.disk.leave_free(for_results - 2 * mib);
  BOOST_REQUIRE(d.level_becomes("full"));
  BOOST_REQUIRE(eventually([&] {
    return d.sim.stat("in_flight") == 0 && d.results_of(batch) == d.sim.stat("answered_ok");
  }));
  const auto stopped = d.sim.stat("requests");
  BOOST_TEST(stopped < prompts);
  for (int i = 0; i < looks; ++i) BOOST_REQUIRE(d.results_of(batch) == stopped);
  BOOST_TEST(d.sim.stat("requests") == stopped);
  BOOST_TEST(d.ready().at("status") == "not ready");
  const auto waits = d.get("/v1/batches/" + batch).at("perennial").at("waiting_for");
  BOOST_REQUIRE(!waits.empty());
  BOOST_TEST(has(waits.at(0), "nearly full"));
  BOOST_TEST(d.disk.free_bytes() > 0U);

  // Full to the last byte: it lives, and answers.
  d.disk.leave_free(0);
  for (int i = 0; i < looks; ++i) BOOST_REQUIRE(d.results_of(batch) == stopped);
  BOOST_TEST(d.sim.stat("requests") == stopped);

  d.disk.empty();
  BOOST_TEST(d.completes(batch));
  BOOST_TEST(d.level_becomes("normal"));
  must_be_good(d.check_results(batch, prompts));
  BOOST_TEST(d.sim.stat("answered_ok") == prompts); // none was called twice
  BOOST_TEST(d.upload(jobs_of(10)).status == 200);
  for (const auto* text : {"short of room", "nearly full", "has room again"})
    BOOST_TEST(d.log_has(text), text << " is not in the log:\n" << d.serve->process().errors());
  BOOST_TEST(d.serve->stop().ok());
  must_check_out(d.disk / "data");
}

BOOST_AUTO_TEST_CASE(results_that_find_it_full_all_the_same_are_kept_and_written_later) {
  if (!can_mount()) return;
  constexpr uint64_t prompts = 40;
  // Somebody fills it in one go while 20 calls are out; together they bring more than there is.
  served_disk d{{"--hold", "prompt-", "--answer-bytes", "500000"}};
  d.start("20");
  const auto batch = d.create(jobs_of(prompts));
  BOOST_REQUIRE(eventually([&] { return d.sim.stat("in_flight") == 20; }));
  BOOST_REQUIRE(eventually([&] { return d.disk_state().at("ballast_bytes") == 4 * mib; }));
  d.disk.leave_free(0);
  BOOST_REQUIRE(d.level_becomes("full"));
  d.sim.control({{"hold", ""}});
  BOOST_REQUIRE(eventually([&] { return d.sim.stat("answered_ok") == 20; }));
  BOOST_TEST(eventually([&] { return d.log_has("the ballast of 4 MiB is let go of"); }));
  BOOST_TEST(d.sim.stat("requests") == 20U);
  BOOST_TEST(d.log_has("cannot write"));
  d.disk.empty();
  BOOST_TEST(d.completes(batch));
  must_be_good(d.check_results(batch, prompts));
  BOOST_TEST(d.sim.stat("answered_ok") == prompts);
  BOOST_TEST(d.log_has("The store writes again."));
  BOOST_TEST(d.serve->stop().ok());
  must_check_out(d.disk / "data");
}

BOOST_AUTO_TEST_CASE(long_answers_stop_while_those_that_are_out_have_room) {
  if (!can_mount()) return;
  served_disk d{{"--latency", "50ms", "--answer-bytes", "2000000"}};
  d.serve = std::make_unique<serve_process>(
    std::vector<std::string>{"--data", (d.disk / "data").string(), "--base-url", d.sim.url(),
                             "--concurrency", "4", "--memory", "64MiB"});
  const auto batch = d.create(jobs_of(60)); // of 120 MB
  BOOST_REQUIRE(d.level_becomes("full"));
  BOOST_REQUIRE(eventually([&] { return d.sim.stat("in_flight") == 0; }));
  // None that came was thrown away.
  BOOST_TEST(eventually([&] { return d.results_of(batch) == d.sim.stat("answered_ok"); }));
  BOOST_TEST(d.sim.stat("answered_ok") > 4U);
  BOOST_TEST(!d.log_has("cannot write"));
  BOOST_TEST(d.serve->stop().ok());
  must_check_out(d.disk / "data");
}

BOOST_AUTO_TEST_CASE(an_upload_that_meets_a_full_disk_gets_507_and_disturbs_nobody) {
  if (!can_mount()) return;
  served_disk d{{"--latency", "1ms"}};
  d.start("4");
  const std::string text(20 * mib, 'x');
  const std::string head = "--b\r\nContent-Disposition: form-data; name=\"file\"; "
                           "filename=\"jobs.jsonl\"\r\n\r\n";
  raw_client client{d.serve->port()};
  BOOST_REQUIRE(client.send(
    fmt::format("POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; "
                "boundary=b\r\nContent-Length: {}\r\n\r\n{}",
                head.size() + text.size() + 8, head)));
  BOOST_REQUIRE(client.send(std::string_view{text}.substr(0, 10 * mib)));
  // Too long for what the first has left, though there is room now.
  const auto second = d.upload(std::string(20 * mib, 'y'));
  BOOST_TEST(second.status == 507, second.body.dump());
  d.disk.leave_free(0);
  client.send(std::string_view{text}.substr(10 * mib));
  const auto refused = client.answer();
  BOOST_TEST(refused.status == 507, refused.body);
  BOOST_TEST(has(refused.body, "Delete files"));
  BOOST_TEST(client.closed_by_server());
  d.disk.empty();
  BOOST_REQUIRE(d.level_becomes("normal"));
  BOOST_TEST(d.get("/v1/files").at("data").empty());
  BOOST_TEST(eventually([&] { return std::filesystem::is_empty(d.disk / "data" / "uploads"); }));
  const auto batch = d.create(jobs_of(100));
  BOOST_TEST(d.completes(batch));
  must_be_good(d.check_results(batch, 100));
  BOOST_TEST(d.serve->stop().ok());
  must_check_out(d.disk / "data");
}

BOOST_AUTO_TEST_CASE(submit_says_in_one_sentence_that_there_is_no_room) {
  if (!can_mount()) return;
  served_disk d{{}};
  d.start("4");
  run_case c{10};
  d.disk.leave_free(2 * mib);
  BOOST_REQUIRE(d.level_becomes("full"));
  // Longer than the sockets hold: the answer comes while it is being sent.
  write_file(c.jobs(), std::string(12 * mib, 'x'));
  const auto ended = run_command({"submit", c.jobs().string(), "--url", d.serve->url()});
  BOOST_TEST(ended.status.code == 3);
  BOOST_TEST(has(ended.errors, "the service's disk is short of room"), ended.errors);
  BOOST_TEST(std::count(ended.errors.begin(), ended.errors.end(), '\n') == 1, ended.errors);
  BOOST_TEST(d.serve->stop().ok());
}

BOOST_AUTO_TEST_CASE(run_waits_on_a_full_disk_says_so_and_goes_on_by_itself) {
  if (!can_mount()) return;
  small_disk disk{64 * mib};
  sim_process sim{{"--latency", "20ms", "--answer-bytes", "1000"}};
  run_case c{2000};
  disk.leave_free(0);
  auto p = c.start(sim.url(), {"--data", (disk / "state").string(), "--concurrency", "16"});
  BOOST_REQUIRE(p->wait_for_errors("Waiting for room"));
  BOOST_TEST(sim.stat("requests") == 0U);
  // Room for the state, none for the job file.
  disk.leave_free(14 * mib);
  BOOST_REQUIRE(p->wait_for_errors("are kept for results"));
  BOOST_TEST(sim.stat("requests") == 0U);
  disk.empty();
  BOOST_REQUIRE(eventually([&] { return sim.stat("answered_ok") > 200; }));
  disk.leave_free(mib);
  BOOST_REQUIRE(p->wait_for_errors("is nearly full"));
  BOOST_REQUIRE(eventually([&] { return sim.stat("in_flight") == 0; }));
  const auto stopped = sim.stat("requests");
  for (int i = 0; i < looks; ++i) BOOST_REQUIRE(sim.stat("requests") == stopped);
  BOOST_TEST(p->running());
  disk.empty();
  const auto ended = p->wait();
  BOOST_REQUIRE(ended.has_value());
  BOOST_TEST(ended->ok(), p->errors());
  BOOST_TEST(has(p->errors(), "going on"), p->errors());
  BOOST_TEST(sim.stat("answered_ok") == 2000U);
  for (const auto& wrong : run_command({"doctor", (disk / "state").string()}).status.ok()
                             ? std::vector<std::string>{}
                             : std::vector<std::string>{"doctor finds something"})
    BOOST_ERROR(wrong);
}

BOOST_AUTO_TEST_CASE(a_service_that_was_killed_on_a_full_disk_starts_with_the_room_of_its_ballast) {
  if (!can_mount()) return;
  served_disk d{{"--latency", "20ms", "--answer-bytes", "1000"}};
  d.start("16");
  const auto batch = d.create(jobs_of(1500));
  BOOST_REQUIRE(eventually([&] { return d.sim.stat("answered_ok") > 200; }));
  d.disk.leave_free(0);
  BOOST_REQUIRE(d.level_becomes("full"));
  d.serve->process().kill(SIGKILL);
  d.serve->process().wait();
  d.disk.leave_free(0);
  d.start("16"); // listens: throws where it does not
  BOOST_TEST(d.ready().at("status") == "not ready");
  d.disk.empty();
  BOOST_TEST(d.completes(batch));
  must_be_good(d.check_results(batch, 1500));
  BOOST_TEST(d.serve->stop().ok());
  must_check_out(d.disk / "data");
}

BOOST_AUTO_TEST_SUITE_END()
