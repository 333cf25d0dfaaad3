// The memory budget holds whatever the size of the answers, and none of them is left waiting.
#include "run_fixture.hpp"

#include "protocol/base/bytes.hpp"
#include "tests/support/whole.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <fstream>

using namespace perennial::test;
using nlohmann::json;

namespace {

using perennial::mib;

/// The run ended well and kept to its budget.
json check_budget(const ended_command& ended, uint64_t budget, uint64_t lines) {
  BOOST_TEST_REQUIRE(ended.status.ok(), ended.errors);
  auto summary = json::parse(ended.output);
  const auto peak = summary["peak_rss_bytes"].get<uint64_t>();
  BOOST_TEST_MESSAGE("peak RSS " << peak / mib << " MiB of a budget of " << budget / mib << " MiB, "
                                 << summary["wall_seconds"] << " s");
  BOOST_TEST(summary["completed"] == lines);
  BOOST_TEST(summary["failed"] == 0U);
  BOOST_TEST(peak > 0U);
  BOOST_TEST(peak <= budget * 11 / 10);
  return summary;
}

uint64_t bytes_under(const std::filesystem::path& dir) {
  uint64_t sum = 0;
  for (const auto& e : std::filesystem::directory_iterator{dir}) sum += e.file_size();
  return sum;
}

/// The file is one line: these bytes before and behind so many dots.
void check_long_result(const std::filesystem::path& file, uint64_t dots) {
  std::ifstream in{file, std::ios::binary};
  std::string piece(mib, ' ');
  uint64_t found = 0;
  uint64_t newlines = 0;
  std::string front;
  std::string back;
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    piece.resize(static_cast<size_t>(in.gcount()));
    for (const char c : piece) {
      found += c == '.' ? 1 : 0;
      newlines += c == '\n' ? 1 : 0;
    }
    if (front.empty()) front = piece.substr(0, 20);
    back += piece;
    if (back.size() > 400) back.erase(0, back.size() - 400);
    piece.resize(mib);
  }
  BOOST_TEST(front.starts_with(R"({"id":"batch_req_)"), front);
  BOOST_TEST(back.ends_with("},\"error\":null}\n"), back);
  BOOST_TEST(back.find(R"("usage":{"prompt_tokens")") != std::string::npos, back);
  BOOST_TEST(found >= dots);
  BOOST_TEST(newlines == 1U);
}

} // namespace

BOOST_AUTO_TEST_SUITE(memory_of_a_run)

BOOST_AUTO_TEST_CASE(long_answers_wait_for_room_and_all_come) {
  sim_process sim{{"--answer-bytes", "6MiB"}};
  run_case c{40};
  const auto ended = run_to_end(c, sim.url(), {"--concurrency", "16", "--memory", "128MiB"});
  check_budget(ended, 128 * mib, 40);
  BOOST_TEST(sim.stat("requests") == 40U);
  BOOST_TEST(read_results(c.output()).size() == 40U);
  BOOST_TEST(c.doctor() == 0);
}

BOOST_AUTO_TEST_CASE(long_requests_and_answers_of_hundreds_in_flight_keep_to_the_budget) {
  const uint64_t lines = whole() ? 2000 : 500;
  sim_process sim{{"--answer-bytes", "1000000", "--max-echo", "100"}};
  run_case c{0};
  {
    std::ofstream jobs{c.jobs()};
    const std::string filler(100'000, 'x');
    for (uint64_t i = 0; i < lines; ++i)
      jobs << fmt::format(R"({{"id":"c{}","prompt":"{} {}"}})", i, i, filler) << '\n';
  }
  const auto ended =
    run_to_end(c, sim.url(), {"--model", "m", "--concurrency", "500", "--memory", "256MiB"});
  check_budget(ended, 256 * mib, lines);
  BOOST_TEST(sim.stat("requests") == lines);
  BOOST_TEST(sim.stat("answered_more_than_once") == 0U);
}

BOOST_AUTO_TEST_CASE(a_million_small_lines_keep_to_the_budget) {
  const uint64_t lines = whole() ? 1'000'000 : 100'000;
  sim_process sim;
  run_case c{lines};
  const auto ended = run_to_end(c, sim.url(), {"--concurrency", "64", "--memory", "256MiB"});
  check_budget(ended, 256 * mib, lines);
  BOOST_TEST(sim.stat("requests") == lines);
}

BOOST_AUTO_TEST_CASE(an_answer_larger_than_the_budget_goes_to_the_disk_as_it_comes) {
  const uint64_t bytes = (whole() ? 1024 : 300) * mib;
  sim_process sim{{"--answer-bytes", std::to_string(bytes)}};
  run_case c{1};
  const auto ended = run_to_end(c, sim.url(), {"--memory", "256MiB"});
  const auto summary = check_budget(ended, 256 * mib, 1);
  BOOST_TEST(summary["peak_rss_bytes"].get<uint64_t>() < bytes / 2);
  check_long_result(c.output(), bytes - 1000);
  BOOST_TEST(bytes_under(c.data() / "blobs") == std::filesystem::file_size(c.output()));
  BOOST_TEST(c.doctor() == 0);

  const auto again =
    run_to_end(c, sim.url(), {"--memory", "256MiB", "--fresh", "--max-response-bytes", "100MiB"});
  BOOST_TEST(again.status.code == 1);
  BOOST_TEST(read_results(c.output()).at(0)["error"]["code"] == "response_too_large");
  BOOST_TEST(bytes_under(c.data() / "blobs") == 0U);
}

BOOST_AUTO_TEST_CASE(a_kill_in_the_middle_of_a_long_answer_leaves_nothing_of_it) {
  constexpr uint64_t bytes = 300 * mib;
  sim_process sim{{"--answer-bytes", std::to_string(bytes)}};
  run_case c{1};
  const auto blobs = c.data() / "blobs";
  auto killed = c.start(sim.url(), {"--memory", "256MiB"});
  BOOST_REQUIRE(
    eventually([&] { return std::filesystem::is_directory(blobs) && bytes_under(blobs) > mib; }));
  killed->kill(SIGKILL);
  killed->wait();
  const auto left = bytes_under(blobs);
  BOOST_TEST(left < bytes, "it was done before the kill");
  const auto ended = run_to_end(c, sim.url(), {"--memory", "256MiB"});
  const auto summary = check_budget(ended, 256 * mib, 1);
  BOOST_TEST(summary["ambiguous"] == 1U);
  BOOST_TEST(bytes_under(blobs) == std::filesystem::file_size(c.output()));
  BOOST_TEST(c.doctor() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
