// Crowds of hostile or merely slow clients: each is cut when its time is over, and a good client
// beside them waits for nobody.
#include "edge_fixture.hpp"

#include "protocol/base/bytes.hpp"

#include <sys/resource.h>

#include <string>
#include <thread>
#include <vector>

using namespace perennial;
using namespace perennial::test;
using namespace std::chrono_literals;

namespace {

constexpr double served_within_ms = 100;

std::vector<raw_client> crowd(const running_edge& edge, size_t size) {
  http::raise_open_file_limit(2 * size + 500); // both ends are in this process
  std::vector<raw_client> out;
  for (size_t i = 0; i < size; ++i) out.push_back(edge.connect());
  return out;
}

/// Measures while every client of the crowd sends a byte of `text` before each request.
latency measure_among_drips(const running_edge& edge, std::vector<raw_client>& clients,
                            std::string_view text) {
  latency worst;
  for (const auto& c : text) {
    for (auto& client : clients) client.send_now({&c, 1});
    const auto now = measure(edge, 10);
    worst.median_ms = std::max(worst.median_ms, now.median_ms);
    worst.worst_ms = std::max(worst.worst_ms, now.worst_ms);
  }
  return worst;
}

std::chrono::microseconds processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) { return 1s * t.tv_sec + 1us * t.tv_usec; };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

} // namespace

BOOST_AUTO_TEST_SUITE(edge_crowds)

BOOST_AUTO_TEST_CASE(three_thousand_idle_connections_cost_nothing) {
  running_edge edge;
  measure(edge); // what is made once is made
  const auto before = resident_bytes();
  auto idle = crowd(edge, 3000);
  BOOST_TEST(eventually([&] { return edge.server->counters().parked == 3000U; }));
  BOOST_TEST(resident_bytes() < before + 10 * mib);
  const auto now = measure(edge);
  BOOST_TEST(now.median_ms < served_within_ms);

  // The only time that this test waits: whether they cost processor time cannot be seen otherwise.
  const auto begin = processor_time();
  std::this_thread::sleep_for(300ms);
  BOOST_TEST((processor_time() - begin < 15ms));

  for (auto& client : idle) client.send_now(request("GET", "/ok"));
  for (auto& client : idle) BOOST_REQUIRE(client.answer().status == 200);
}

BOOST_AUTO_TEST_CASE(a_thousand_slow_heads_hold_nobody_up) {
  running_edge edge;
  measure(edge);
  const auto before = resident_bytes();
  auto slow = crowd(edge, 1000);
  const auto now = measure_among_drips(edge, slow, "GET /ok HTTP/1.1");
  BOOST_TEST(now.median_ms < served_within_ms);
  BOOST_TEST(resident_bytes() < before + 8 * mib);
  BOOST_TEST(edge.server->counters().requests > 0U);
}

BOOST_AUTO_TEST_CASE(a_thousand_dripping_bodies_hold_nobody_up) {
  running_edge edge;
  measure(edge);
  const auto before = resident_bytes();
  auto slow = crowd(edge, 1000);
  for (size_t i = 0; i < slow.size(); ++i)
    slow[i].send(i % 2 == 0
                   ? "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
                   : "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n");
  const auto now = measure_among_drips(edge, slow, "a body that drips");
  BOOST_TEST(now.median_ms < served_within_ms);
  BOOST_TEST(resident_bytes() < before + 8 * mib);
  BOOST_TEST(edge.server->counters().uploads == 0U); // they hold no thread either
}

BOOST_AUTO_TEST_CASE(dripping_uploads_fill_their_own_threads_only) {
  http::edge_limits limits;
  limits.upload_threads = 8;
  running_edge edge{limits};
  auto slow = crowd(edge, 50);
  for (auto& client : slow)
    client.send("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n");
  BOOST_TEST(eventually([&] {
    return edge.server->counters().refusals(http::refusal_reason::too_many_uploads) == 42U;
  }));
  BOOST_TEST(edge.server->counters().uploads == 8U);
  const auto now = measure_among_drips(edge, slow, "dripping");
  BOOST_TEST(now.median_ms < served_within_ms);
}

BOOST_AUTO_TEST_CASE(clients_that_never_read_hold_nobody_up_nor_fill_the_memory) {
  http::edge_limits limits;
  limits.buffered_bytes = 32 * mib;
  running_edge edge{limits};
  measure(edge);
  const auto before = resident_bytes();
  std::vector<raw_client> deaf;
  for (auto i = 0; i < 100; ++i) {
    deaf.push_back(edge.connect(4096));
    deaf.back().send(request("GET", "/large?bytes=8000000"));
  }
  BOOST_TEST(eventually([&] { return edge.server->counters().requests == 100U + 40U; }));
  const auto now = measure(edge);
  BOOST_TEST(now.median_ms < served_within_ms);
  BOOST_TEST(eventually(
    [&] { return edge.server->counters().buffered_bytes < limits.buffered_bytes + 16 * mib; }));
  BOOST_TEST(edge.server->counters().refusals(http::refusal_reason::memory_full) > 50U);
#ifndef __SANITIZE_ADDRESS__ // which keeps what was freed
  // 100 answers would be 800 MB; 8 threads make two copies of theirs at once.
  BOOST_TEST(resident_bytes() < before + 250 * mib);
#else
  BOOST_TEST(before > 0U);
#endif
}

BOOST_AUTO_TEST_CASE(slow_downloads_fill_their_own_threads_only) {
  http::edge_limits limits;
  limits.slow_threads = 8;
  running_edge edge{limits};
  std::vector<raw_client> deaf;
  for (auto i = 0; i < 8; ++i) {
    deaf.push_back(edge.connect(4096));
    deaf.back().send(request("GET", "/endless"));
  }
  BOOST_TEST(eventually([&] { return edge.server->counters().slow == 8U; }));
  const auto refused = edge.ask(request("GET", "/endless"));
  BOOST_TEST(refused.status == 503);
  BOOST_TEST(refused.headers.at("retry-after") == "2");
  BOOST_TEST(error_of(refused)["code"] == "too_many_downloads");
  BOOST_TEST(edge.ask(request("GET", "/wait")).status == 503); // a long poll
  BOOST_TEST(measure(edge).median_ms < served_within_ms);

  deaf.clear(); // and when they are gone there is room again
  BOOST_TEST(eventually([&] { return edge.server->counters().slow == 0U; }));
  BOOST_TEST(edge.ask(request("GET", "/provider?bytes=10")).status == 200);
}

BOOST_AUTO_TEST_CASE(long_polls_hold_nobody_up) {
  running_edge edge;
  auto waiting = crowd(edge, 100);
  for (auto& client : waiting) client.send(request("GET", "/wait"));
  edge.at_wait.wait_for(100);
  BOOST_TEST(measure(edge).median_ms < served_within_ms);
  edge.at_wait.open();
  for (auto& client : waiting) BOOST_TEST(client.answer().body == "done");
}

BOOST_AUTO_TEST_CASE(small_bodies_may_not_fill_the_memory) {
  http::edge_limits limits;
  limits.buffered_bytes = 4 * mib;
  running_edge edge{limits};
  auto clients = crowd(edge, 30);
  const auto half =
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + std::string(500'000, 'x');
  for (auto& client : clients) client.send(half);
  BOOST_TEST(eventually(
    [&] { return edge.server->counters().refusals(http::refusal_reason::memory_full) > 15U; }));
  BOOST_TEST(edge.server->counters().buffered_bytes <= limits.buffered_bytes + 2 * mib);
  BOOST_TEST(measure(edge).median_ms < served_within_ms);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(edge_deadlines)

BOOST_AUTO_TEST_CASE(a_slow_head_is_cut) {
  http::edge_limits limits;
  limits.head_deadline = 100ms;
  running_edge edge{limits};
  auto client = edge.connect();
  client.send("GET /ok HT");
  const auto answer = client.answer();
  BOOST_TEST(answer.status == 408);
  BOOST_TEST(error_of(answer)["code"] == "slow_head");
  BOOST_TEST(client.closed_by_server());
}

BOOST_AUTO_TEST_CASE(a_slow_head_is_cut_also_behind_another_request) {
  http::edge_limits limits;
  limits.head_deadline = 100ms;
  running_edge edge{limits};
  auto client = edge.connect();
  client.send(request("GET", "/ok") + "GET /o");
  BOOST_TEST(client.answer().status == 200);
  BOOST_TEST(client.answer().status == 408);
}

BOOST_AUTO_TEST_CASE(a_slow_body_is_cut) {
  http::edge_limits limits;
  limits.receive.grace = 100ms;
  running_edge edge{limits};
  auto client = edge.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  const auto answer = client.answer();
  BOOST_TEST(answer.status == 408);
  BOOST_TEST(error_of(answer)["code"] == "slow_body");
}

BOOST_AUTO_TEST_CASE(a_slow_upload_is_cut_and_its_handler_told) {
  http::edge_limits limits;
  limits.receive.grace = 100ms;
  running_edge edge{limits};
  auto client = edge.connect();
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\nhello");
  const auto answer = client.answer();
  BOOST_TEST(answer.status == 408);
  BOOST_TEST(error_of(answer)["code"] == "slow_body");
  BOOST_TEST(edge.wait_for_upload().error == "timed_out");
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed_without_a_word) {
  http::edge_limits limits;
  limits.idle_deadline = 100ms;
  running_edge edge{limits};
  auto client = edge.connect();
  client.send(request("GET", "/ok"));
  BOOST_TEST(client.answer().status == 200);
  BOOST_TEST(client.closed_by_server());
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_take_its_answer_is_cut) {
  http::edge_limits limits;
  limits.send.grace = 100ms;
  running_edge edge{limits};
  uint64_t asked = 0;
  for (const auto* path : {"/large?bytes=10000000", "/provider?bytes=10000000", "/endless"}) {
    auto client = edge.connect(4096);
    client.send(request("GET", path));
    BOOST_TEST(eventually([&] { return edge.server->counters().requests > asked; }));
    BOOST_TEST(eventually([&] { return edge.server->counters().connections == 0U; }), path);
    ++asked;
    BOOST_TEST(!client.answer().whole, path);
  }
}

BOOST_AUTO_TEST_SUITE_END()
