#include "tests/integration/sim/client.hpp"

#include "protocol/base/unique_fd.hpp"

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <string>
#include <vector>

using namespace perennial;
using namespace perennial::test;

namespace {

unique_fd connect_to(uint16_t port) {
  unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  return fd;
}

void send_all(const unique_fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    BOOST_REQUIRE(n > 0);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

std::string raw_request(const std::string& prompt, const std::string& extra = "") {
  const std::string body = chat_body(prompt);
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: sim\r\n" + extra +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Reads until the other side closes.
std::string read_to_end(const unique_fd& fd) {
  std::string out;
  char buffer[65536];
  for (ssize_t n; (n = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;)
    out.append(buffer, static_cast<size_t>(n));
  return out;
}

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

} // namespace

BOOST_AUTO_TEST_SUITE(crowds)

BOOST_AUTO_TEST_CASE(ten_thousand_connections_are_served_at_once) {
  constexpr size_t n = 10'000;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  BOOST_REQUIRE(limit.rlim_cur > n + 100);
  for (const char* threads : {"1", "2"}) {
    sim_process sim({"--hold", "crowd", "--latency", "20ms", "--threads", threads});
    std::vector<unique_fd> crowd;
    for (size_t i = 0; i < n; ++i) {
      crowd.push_back(connect_to(sim.port()));
      send_all(crowd.back(), raw_request("crowd " + std::to_string(i), "Connection: close\r\n"));
    }
    while (sim.stat("in_flight") != n) {
    } // until all have arrived
    sim.control({{"hold", ""}});
    for (size_t i = 0; i < n; ++i) {
      const std::string reply = read_to_end(crowd[i]);
      BOOST_REQUIRE(reply.starts_with("HTTP/1.1 200 "));
      BOOST_REQUIRE(count(reply, "\"echo: crowd " + std::to_string(i) + "\"") == 1);
    }
    const auto stats = sim.stats();
    BOOST_TEST(stats["max_in_flight"] == n);
    BOOST_TEST(stats["connections_max"] == n);
    BOOST_TEST(stats["distinct_prompts_answered"] == n);
    BOOST_TEST(stats["in_flight"] == 0);
  }
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
  for (const char* latency : {"0", "2ms"}) {
    sim_process sim({"--latency", latency, "--jitter", "1"});
    const unique_fd fd = connect_to(sim.port());
    std::string all;
    constexpr int n = 100;
    for (int i = 1; i < n; ++i) all += raw_request("<" + std::to_string(i) + ">");
    all += raw_request("<100>", "Connection: close\r\n");
    send_all(fd, all);
    const std::string replies = read_to_end(fd);
    size_t at = 0;
    for (int i = 1; i <= n; ++i) {
      at = replies.find("echo: <" + std::to_string(i) + ">", at);
      BOOST_REQUIRE(at != std::string::npos);
    }
    BOOST_TEST(count(replies, "HTTP/1.1 200 OK") == static_cast<size_t>(n));
  }
}

BOOST_AUTO_TEST_CASE(a_pipeline_longer_than_the_read_ahead_is_answered_whole) {
  sim_process sim({"--max-echo", "10", "--hold", "first"});
  const unique_fd fd = connect_to(sim.port());
  std::string all = raw_request("first");
  for (int i = 0; i < 40; ++i) all += raw_request(std::string(100'000, 'x'));
  all += raw_request("last", "Connection: close\r\n");
  std::thread sender([&] { send_all(fd, all); });
  while (sim.stat("in_flight") == 0) {
  }
  sim.control({{"hold", ""}});
  const std::string replies = read_to_end(fd);
  sender.join();
  BOOST_TEST(count(replies, "HTTP/1.1 200 OK") == 42u);
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_before_its_answer_is_not_counted_as_answered) {
  sim_process sim({"--hold", "gone"});
  {
    const unique_fd fd = connect_to(sim.port());
    send_all(fd, raw_request("gone"));
    while (sim.stat("in_flight") == 0) {
    }
  }
  while (sim.stat("connections_open") != 0) {
  }
  BOOST_TEST(sim.stat("in_flight") == 0u);
  BOOST_TEST(sim.stat("answered_ok") == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_no_http_is_refused_and_cut) {
  sim_process sim;
  const unique_fd fd = connect_to(sim.port());
  send_all(fd, "hello there\r\n\r\n");
  BOOST_TEST(read_to_end(fd).starts_with("HTTP/1.1 400 "));
}

BOOST_AUTO_TEST_SUITE_END()
