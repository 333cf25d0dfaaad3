// Uploads into `serve` as a program: one that is cut leaves nothing, and a large one no memory.
#include "tests/support/process_memory.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/whole.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <memory>
#include <random>

using namespace perennial::test;
using nlohmann::json;

namespace {

constexpr uint64_t mib = 1 << 20;
constexpr std::string_view boundary = "a-boundary-of-the-test";

/// A form with one job file of `bytes`, made as it is sent.
class large_form {
public:
  explicit large_form(uint64_t bytes)
    : bytes_(bytes)
    , head_(fmt::format("--{0}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
                        "--{0}\r\nContent-Disposition: form-data; name=\"file\"; "
                        "filename=\"jobs.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n",
                        boundary))
    , tail_(fmt::format("\r\n--{}--\r\n", boundary)) {
    // Lines of 4 KiB that hardly compress, so that the disk has its work.
    std::mt19937_64 random{1};
    const std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    while (piece_.size() < mib) {
      std::string text(4096 - 14, ' ');
      for (auto& c : text) c = letters[random() % letters.size()];
      piece_ += fmt::format("{{\"prompt\":\"{}\"}}\n", text);
    }
    BOOST_REQUIRE(piece_.size() == mib);
  }

  std::string request_head() const {
    return fmt::format("POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                       "multipart/form-data; boundary={}\r\nContent-Length: {}\r\n\r\n{}",
                       boundary, head_.size() + bytes_ + tail_.size(), head_);
  }

  /// Sends so much of the file; false when the server has had enough.
  bool send_file(raw_client& to, uint64_t bytes) const {
    for (uint64_t sent = 0; sent < bytes; sent += piece_.size())
      if (!to.send(std::string_view{piece_}.substr(0, bytes - sent))) return false;
    return true;
  }

  raw_answer upload(uint16_t port) const {
    raw_client client{port};
    client.send(request_head()) && send_file(client, bytes_) && client.send(tail_);
    return client.answer();
  }

private:
  uint64_t bytes_;
  std::string head_;
  std::string tail_;
  std::string piece_;
};

struct fixture {
  temp_dir dir;
  std::unique_ptr<serve_process> serve;

  void start(std::vector<std::string> flags = {}) {
    flags.insert(flags.end(), {"--data", (dir / "data").string(), "--base-url",
                               "http://127.0.0.1:9/v1"}); // nothing is sent there
    serve = std::make_unique<serve_process>(flags);
  }

  json files() const {
    httplib::Client client{"127.0.0.1", serve->port()};
    const auto r = client.Get("/v1/files");
    BOOST_REQUIRE(r);
    return json::parse(r->body)["data"];
  }

  bool uploads_empty() const { return std::filesystem::is_empty(dir / "data" / "uploads"); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(uploads_into_serve, fixture)

BOOST_AUTO_TEST_CASE(an_upload_cut_in_the_middle_leaves_nothing) {
  start();
  const large_form form{64 * mib};
  for (const bool hard : {false, true}) {
    raw_client client{serve->port()};
    BOOST_REQUIRE(client.send(form.request_head()));
    BOOST_REQUIRE(form.send_file(client, 24 * mib));
    BOOST_TEST(files().empty()); // not while it comes either
    if (hard) {
      client.reset();
    } else {
      client.end_sending();
      client.closed_by_server();
    }
  }
  BOOST_TEST(files().empty());
  const auto whole = large_form{2 * mib}.upload(serve->port()); // the next one is not disturbed
  BOOST_TEST(whole.status == 200, whole.body);
  BOOST_TEST(files().size() == 1U);
  BOOST_TEST(serve->stop().ok());

  const auto doctor = run_command({"doctor", (dir / "data").string()});
  BOOST_TEST(doctor.status.ok(), doctor.output << doctor.errors);
  start();
  BOOST_TEST(uploads_empty());
  BOOST_TEST(files().size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_upload_cut_by_the_death_of_the_service_leaves_nothing) {
  start();
  raw_client client{serve->port()};
  const large_form form{64 * mib};
  BOOST_REQUIRE(client.send(form.request_head()));
  BOOST_REQUIRE(form.send_file(client, 24 * mib));
  serve->process().kill(SIGKILL);
  serve->process().wait();
  start();
  BOOST_TEST(files().empty());
  BOOST_TEST(uploads_empty());
  BOOST_TEST(serve->stop().ok());
  const auto doctor = run_command({"doctor", (dir / "data").string()});
  BOOST_TEST(doctor.status.ok(), doctor.output << doctor.errors);
}

BOOST_AUTO_TEST_CASE(an_upload_of_many_times_the_memory_budget_leaves_it_kept) {
  constexpr uint64_t budget = 64 * mib;
  const uint64_t bytes = (whole() ? 2048 : 512) * mib;
  start({"--memory", std::to_string(budget)});
  const auto answer = large_form{bytes}.upload(serve->port());
  BOOST_REQUIRE_MESSAGE(answer.status == 200, answer.status << ": " << answer.body);
  BOOST_TEST(json::parse(answer.body)["bytes"] == bytes);
  const auto peak = peak_resident_bytes_of(serve->process().pid());
  BOOST_TEST_MESSAGE(bytes / mib << " MiB uploaded, peak RSS " << peak / mib << " MiB");
  BOOST_TEST(peak > 0U);
  BOOST_TEST(peak <= budget);
  BOOST_TEST(serve->stop().ok());
}

BOOST_AUTO_TEST_SUITE_END()
