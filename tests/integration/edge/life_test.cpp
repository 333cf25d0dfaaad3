// The server's own life: start, stop, and running out of connections or file descriptors.
#include "edge_fixture.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <thread>
#include <vector>

using namespace perennial;
using namespace perennial::test;
using namespace std::chrono_literals;

namespace {

constexpr auto long_patience = 60s;

/// Stops within a time that no patience was used up in.
void stop_quickly(http::edge_server& server) {
  const auto begin = steady_now();
  server.stop(long_patience);
  BOOST_TEST((steady_now() - begin < long_patience / 2));
}

bool refuses_connections(uint16_t port) {
  try {
    raw_client{port};
    return false;
  } catch (const std::exception&) {
    return true;
  }
}

/// The limit of open files under which exactly `files` more can be opened.
size_t limit_with_room_for(size_t files) {
  auto fd = 0;
  for (size_t room = 0; room < files; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) ++room;
  return static_cast<size_t>(fd);
}

/// Lowers the limit of open files for as long as it lives.
class file_limit {
public:
  explicit file_limit(size_t files) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    auto lower = before_;
    lower.rlim_cur = files;
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  ~file_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
  rlimit before_{};
};

} // namespace

BOOST_AUTO_TEST_SUITE(edge_life)

BOOST_AUTO_TEST_CASE(stop_is_quick_beside_idle_connections_and_may_be_called_again) {
  running_edge edge;
  std::vector<raw_client> idle;
  for (auto i = 0; i < 50; ++i) idle.push_back(edge.connect());
  idle.front().send(request("GET", "/ok"));
  BOOST_TEST(idle.front().answer().status == 200);
  stop_quickly(*edge.server);
  for (auto& client : idle) BOOST_TEST(client.closed_by_server());
  BOOST_TEST(refuses_connections(edge.port()));
  BOOST_TEST(edge.server->counters().connections == 0U);
  stop_quickly(*edge.server);
  BOOST_TEST(!edge.server->start("127.0.0.1", 0));
}

BOOST_AUTO_TEST_CASE(a_server_that_was_never_started_can_be_stopped) {
  http::edge_server server;
  server.stop(long_patience);
  BOOST_TEST(!server.stopping());
}

BOOST_AUTO_TEST_CASE(half_a_request_does_not_hold_up_the_stop) {
  running_edge edge;
  auto head = edge.connect();
  head.send("GET /ok");
  auto body = edge.connect();
  body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  BOOST_TEST(eventually([&] {
    return edge.server->counters().connections == 2U && edge.server->counters().parked == 0U;
  }));
  stop_quickly(*edge.server);
}

BOOST_AUTO_TEST_CASE(requests_in_progress_are_finished) {
  running_edge edge;
  auto waiting = edge.connect();
  waiting.send(request("GET", "/wait"));
  edge.at_wait.wait_for(1);
  std::thread stopper{[&] { stop_quickly(*edge.server); }};
  BOOST_TEST(
    eventually([&] { return edge.server->stopping() && refuses_connections(edge.port()); }));
  edge.at_wait.open();
  const auto answer = waiting.answer();
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body == "done");
  stopper.join();
  BOOST_TEST(waiting.closed_by_server());
}

BOOST_AUTO_TEST_CASE(what_is_not_finished_in_time_is_cut) {
  running_edge edge;
  auto deaf = edge.connect(4096);
  deaf.send(request("GET", "/endless"));
  auto uploading = edge.connect();
  uploading.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\nhello");
  BOOST_TEST(eventually(
    [&] { return edge.server->counters().slow == 1U && edge.server->counters().uploads == 1U; }));
  const auto begin = steady_now();
  edge.server->stop(50ms);
  BOOST_TEST((steady_now() - begin < 20s));
  BOOST_TEST(edge.wait_for_upload().error == "unavailable");
  BOOST_TEST(uploading.closed_by_server());
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_refused) {
  running_edge edge;
  http::edge_server other;
  const auto started = other.start("127.0.0.1", edge.port());
  BOOST_REQUIRE(!started);
  BOOST_TEST((started.error().kind == errc::conflict));
  http::edge_server nowhere;
  BOOST_TEST(!nowhere.start("no such host", 0));
}

BOOST_AUTO_TEST_CASE(one_connection_too_many_is_told_so) {
  http::edge_limits limits;
  limits.connections = 4;
  limits.evict_idle_after = 1h;
  running_edge edge{limits};
  std::vector<raw_client> clients;
  for (auto i = 0; i < 4; ++i) clients.push_back(edge.connect());
  const auto refused = edge.ask(request("GET", "/ok"));
  BOOST_TEST(refused.status == 503);
  BOOST_TEST(error_of(refused)["code"] == "too_many_connections");
  clients.pop_back();
  BOOST_TEST(eventually([&] { return edge.server->counters().connections <= 3U; }));
  BOOST_TEST(edge.ask(request("GET", "/ok")).status == 200);
}

BOOST_AUTO_TEST_CASE(the_longest_idle_connection_gives_way_to_a_new_one) {
  http::edge_limits limits;
  limits.connections = 4;
  limits.evict_idle_after = 0ms;
  running_edge edge{limits};
  std::vector<raw_client> clients;
  for (auto i = 0; i < 4; ++i) {
    clients.push_back(edge.connect());
    clients.back().send(request("GET", "/ok"));
    BOOST_TEST(clients.back().answer().status == 200);
  }
  BOOST_TEST(eventually([&] { return edge.server->counters().parked == 4U; }));
  auto fifth = edge.connect();
  fifth.send(request("GET", "/ok"));
  BOOST_TEST(fifth.answer().status == 200);
  BOOST_TEST(clients.front().closed_by_server());
  clients.back().send(request("GET", "/ok"));
  BOOST_TEST(clients.back().answer().status == 200);
  BOOST_TEST(edge.server->counters().evicted == 1U);
}

BOOST_AUTO_TEST_CASE(without_file_descriptors_idle_connections_give_way) {
  http::edge_limits limits;
  limits.evict_idle_after = 0ms;
  running_edge edge{limits};
  const file_limit low{limit_with_room_for(11)};
  std::vector<raw_client> clients;
  for (auto i = 0; i < 6; ++i) { // the sixth has a descriptor for the client only
    clients.push_back(edge.connect());
    clients.back().send(request("GET", "/ok"));
    BOOST_TEST(clients.back().answer().status == 200);
  }
  BOOST_TEST(edge.server->counters().out_of_files > 0U);
  BOOST_TEST(edge.server->counters().evicted > 0U);
}

BOOST_AUTO_TEST_CASE(without_file_descriptors_new_connections_wait_for_one) {
  http::edge_limits limits;
  limits.evict_idle_after = 1h;
  running_edge edge{limits};
  const file_limit low{limit_with_room_for(11)};
  std::vector<raw_client> clients;
  for (auto i = 0; i < 5; ++i) {
    clients.push_back(edge.connect());
    clients.back().send(request("GET", "/ok"));
    BOOST_TEST(clients.back().answer().status == 200);
  }
  auto sixth = edge.connect();
  sixth.send(request("GET", "/ok"));
  BOOST_TEST(eventually([&] { return edge.server->counters().out_of_files > 0U; }));
  clients.clear();
  BOOST_TEST(sixth.answer().status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
