// kill -9 of `perennial serve` at random moments: the batch that was acknowledged ends with exactly
// one result per line.
#include "tests/support/run_case.hpp"

#include <boost/test/unit_test.hpp>
#include <httplib.h>

#include <csignal>
#include <cstdlib>
#include <random>
#include <set>
#include <sstream>

using namespace perennial::test;
using nlohmann::json;

namespace {

constexpr uint64_t lines = 5000;
constexpr uint32_t concurrency = 32;
/// Answers that may wait for the disk before new calls do; see actors/work/supervisor.cpp.
constexpr uint32_t most_unsynced = 512;

/// `perennial serve` on a directory of the test's, on a port of its own each time it starts.
class served {
public:
  explicit served(const std::string& provider)
    : provider_(provider) {}

  void start() {
    const auto port_file = dir_ / "port";
    std::filesystem::remove(port_file);
    child_options o;
    o.program = bin_dir() / "perennial";
    o.args = {"serve",
              "--listen",
              "127.0.0.1:0",
              "--data",
              (dir_ / "data").string(),
              "--base-url",
              provider_,
              "--concurrency",
              std::to_string(concurrency)};
    process_ = std::make_unique<child_process>(o);
    constexpr std::string_view says = "listening on http://127.0.0.1:";
    BOOST_REQUIRE_MESSAGE(process_->wait_for_errors(says), process_->errors());
    const auto text = process_->errors();
    const auto at = text.find(says) + says.size();
    client_ = std::make_unique<httplib::Client>("127.0.0.1", std::stoi(text.substr(at)));
    client_->set_read_timeout(60);
  }

  /// Kills it after so long; the calls that may be made again for it.
  uint64_t kill_after(std::chrono::milliseconds moment, const sim_process& sim) {
    const bool ended = process_->wait(moment).has_value();
    BOOST_REQUIRE_MESSAGE(!ended, "serve ended by itself: " << process_->errors());
    return kill_and_count_owed(*process_, sim, data());
  }

  httplib::Client& client() { return *client_; }
  std::filesystem::path data() const { return dir_ / "data"; }
  void stop() {
    process_->kill(SIGTERM);
    const auto status = process_->wait();
    BOOST_TEST((status && status->ok()), "SIGTERM should end it with 0: " << process_->errors());
  }

private:
  temp_dir dir_;
  std::string provider_;
  std::unique_ptr<child_process> process_;
  std::unique_ptr<httplib::Client> client_;
};

json must(const httplib::Result& r) {
  BOOST_REQUIRE_MESSAGE(r, "no answer: " << httplib::to_string(r.error()));
  BOOST_REQUIRE_MESSAGE(r->status == 200, r->status << ": " << r->body);
  return json::parse(r->body);
}

json get_batch(served& s, const std::string& id) {
  return must(s.client().Get("/v1/batches/" + id));
}

} // namespace

BOOST_AUTO_TEST_SUITE(kill_serve)

BOOST_AUTO_TEST_CASE(twenty_kills_leave_exactly_one_result_per_line) {
  const char* given = std::getenv("PERENNIAL_SEED");
  const uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  BOOST_TEST_INFO_SCOPE("PERENNIAL_SEED=" << seed);
  std::mt19937_64 random{seed};
  // Faults after which a prompt was not answered: so whoever is answered twice was out at a kill.
  sim_process sim{{"--latency", "60ms", "--jitter", "0.5", "--rate-429", "0.001", "--rate-500",
                   "0.02", "--rate-503", "0.01", "--rate-reset-before", "0.01", "--seed",
                   std::to_string(seed % 1000)}};
  const run_case jobs{lines};
  served s{sim.url()};
  s.start();
  const auto file = must(s.client().Post(
    "/v1/files", httplib::MultipartFormDataItems{
                   {"purpose", "batch", "", ""},
                   {"file", read_file(jobs.jobs()), "jobs.jsonl", "application/jsonl"}}));
  const json request{{"input_file_id", file["id"]},
                     {"endpoint", "/v1/chat/completions"},
                     {"completion_window", "24h"}};
  const std::string id =
    must(s.client().Post("/v1/batches", request.dump(), "application/json"))["id"];

  uint64_t owed = 0;
  for (int round = 0; round < 20; ++round) { // at 60 ms a call it takes longer than all of them
    BOOST_REQUIRE(get_batch(s, id)["status"] != "completed");
    const std::chrono::milliseconds moment{std::uniform_int_distribution<int>{5, 300}(random)};
    const auto now = s.kill_after(moment, sim);
    BOOST_TEST(now <= concurrency + most_unsynced);
    owed += now;
    s.start();
  }
  const auto until = std::chrono::steady_clock::now() + child_process::patience;
  json end;
  do {
    end = get_batch(s, id);
    BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < until, "it stays " << end.dump());
  } while (end["status"] != "completed");

  BOOST_TEST(end["request_counts"]["completed"] == lines);
  const auto out =
    s.client().Get("/v1/files/" + end["output_file_id"].get<std::string>() + "/content");
  BOOST_REQUIRE(out);
  std::set<std::string> seen;
  std::istringstream in{out->body};
  for (std::string line; std::getline(in, line);) {
    const auto r = json::parse(line);
    const std::string custom_id = r["custom_id"];
    BOOST_TEST(r["response"]["body"]["choices"][0]["message"]["content"] == "echo: " + custom_id);
    BOOST_TEST(seen.insert(custom_id).second, custom_id << " is there twice");
  }
  BOOST_TEST(seen.size() == lines);
  const auto twice = sim.stat("answered_more_than_once");
  const auto ambiguous = end["perennial"]["ambiguous"].get<uint64_t>();
  BOOST_TEST(twice <= owed, twice << " lines were called again, " << owed << " were out");
  BOOST_TEST(twice <= ambiguous);
  s.stop();
  child_options doctor;
  doctor.program = bin_dir() / "perennial";
  doctor.args = {"doctor", s.data().string()};
  child_process p{doctor};
  const auto status = p.wait();
  BOOST_TEST((status && status->ok()), p.output());
}

BOOST_AUTO_TEST_SUITE_END()
