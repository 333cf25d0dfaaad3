// What `serve` does when a vital part of it dies, and at its end: in this process, so that the part
// can be killed.
#include "tools/perennial/serve/serve_lives.hpp"

#include "protocol/base/log.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_case.hpp"
#include "tools/perennial/exit_code.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

using namespace perennial;
using namespace perennial::test;
using namespace perennial::tool;
using nlohmann::json;

namespace {

constexpr uint64_t lines = 2'000;

std::string job_lines() {
  std::string out;
  for (uint64_t i = 0; i < lines; ++i) {
    out += fmt::format("{{\"id\":\"{0}\",\"model\":\"m\",\"prompt\":\"{0}\"}}\n", prompt_text(i));
  }
  return out;
}

/// What a stuck thread waits for; it may outlive the test.
struct stuck_gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
};

struct served {
  served() {
    logging::set_level(logging::level::off);
    settings.service.data_dir = (dir / "data").string();
    actors::provider_config provider;
    provider.base_url = sim.url();
    provider.max_in_flight = 8;
    settings.service.providers.push_back(provider);
  }
  ~served() {
    let_stuck_go();
    if (over.valid()) end();
  }

  void start() {
    over = std::async(std::launch::async, [this] { return serve_lives(host); });
    wait_for_life(1);
  }

  void wait_for_life(int number) {
    BOOST_REQUIRE(eventually([&] { return lives >= number; }));
  }

  /// Ctrl-C.
  int end() {
    ::kill(::getpid(), SIGINT);
    return over.get();
  }

  /// A vital part of the life that is dies.
  void kill_dispatcher() {
    caf::anon_send_exit(newest.load()->dispatcher(), caf::exit_reason::kill);
  }

  /// A thread of the service that does not come back.
  void have_a_thread_stuck() {
    newest.load()->system().spawn<caf::detached>([g = gate](caf::event_based_actor*) {
      std::unique_lock lock{g->mutex};
      g->changed.wait(lock, [&] { return g->open; });
    });
  }
  void let_stuck_go() {
    const std::lock_guard lock{gate->mutex};
    gate->open = true;
    gate->changed.notify_all();
  }

  json call(const std::string& path) {
    httplib::Client c{"127.0.0.1", where.port};
    const auto r = c.Get(path);
    BOOST_REQUIRE_MESSAGE(r, httplib::to_string(r.error()));
    BOOST_REQUIRE_MESSAGE(r->status == 200, r->body);
    return json::parse(r->body);
  }

  std::string begin_batch() {
    httplib::Client c{"127.0.0.1", where.port};
    const auto file =
      c.Post("/v1/files", httplib::MultipartFormDataItems{{"file", job_lines(), "jobs.jsonl", ""},
                                                          {"purpose", "batch", "", ""}});
    BOOST_REQUIRE(file);
    const json ask{{"input_file_id", json::parse(file->body)["id"]},
                   {"endpoint", "/v1/chat/completions"},
                   {"completion_window", "24h"}};
    const auto made = c.Post("/v1/batches", ask.dump(), "application/json");
    BOOST_REQUIRE(made);
    return json::parse(made->body)["id"];
  }

  uint64_t answers() { return sim.stat("requests"); }

  signals interrupts; // before any thread, which would take a signal that is not blocked there
  sim_process sim{{"--latency", "20ms"}};
  temp_dir dir;
  serve_settings settings;
  actors::gateway_options where{.host = "127.0.0.1", .port = 0};
  std::atomic<actors::service*> newest{nullptr};
  std::atomic<int> lives{0};
  std::atomic<int> ended_with{-1};
  serve_host host{.settings = settings,
                  .where = where,
                  .port_file = {},
                  .interrupts = interrupts,
                  .on_reload = [](actors::service&) {},
                  .on_start =
                    [this](actors::service& s) {
                      newest = &s;
                      ++lives;
                    },
                  .end_now = [this](int status) { ended_with = status; }};
  std::shared_ptr<stuck_gate> gate = std::make_shared<stuck_gate>();
  std::future<int> over;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(the_lives_of_serve, served)

BOOST_AUTO_TEST_CASE(three_deaths_in_the_middle_of_a_batch_cost_no_line_and_the_fourth_ends_it) {
  start();
  const auto port = where.port;
  const auto id = begin_batch();
  for (int death = 1; death <= 3; ++death) {
    const auto before = answers();
    BOOST_REQUIRE(eventually([&] { return answers() >= before + 200; }));
    kill_dispatcher();
    wait_for_life(death + 1);
    BOOST_TEST(where.port == port);
  }
  json batch;
  BOOST_REQUIRE(eventually([&] {
    batch = call("/v1/batches/" + id);
    return batch["status"] == "completed";
  }));
  BOOST_TEST(batch["request_counts"]["completed"] == lines);
  kill_dispatcher();
  BOOST_TEST(over.get() == unreachable);
  BOOST_TEST(lives == 4);
  BOOST_TEST(ended_with == -1); // all its threads had ended
}

BOOST_AUTO_TEST_CASE(an_end_that_was_asked_for_has_status_0) {
  start();
  BOOST_TEST(end() == done);
  BOOST_TEST(lives == 1);
  BOOST_TEST(ended_with == -1);
}

BOOST_AUTO_TEST_CASE(a_thread_that_never_comes_back_does_not_hold_up_the_end) {
  start();
  have_a_thread_stuck();
  BOOST_TEST(end() == done);
  BOOST_TEST(ended_with == done);
}

BOOST_AUTO_TEST_CASE(with_such_a_thread_a_death_ends_the_process_for_its_manager_to_start_anew) {
  start();
  have_a_thread_stuck();
  host.settings.service.data_dir = "/dev/null/nowhere"; // a next life would be refused
  kill_dispatcher();
  BOOST_TEST(over.get() != done);
  BOOST_TEST(ended_with == unreachable);
}

BOOST_AUTO_TEST_SUITE_END()
