// Clients of `serve` that mean no good: refused or cut, its memory unmoved, and a good client
// beside them served at once. What the edge does in each case is tested in integration/edge; this
// is the program as its operators run it.
#include "tests/support/process_memory.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temp_dir.hpp"

#include "protocol/http/edge_limits.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

using namespace perennial::test;

namespace {

constexpr uint64_t mib = 1 << 20;
constexpr uint64_t unmoved = 16 * mib;
constexpr double served_within_ms = 100;

struct fixture {
  fixture() {
    good_client(); // what is made once is made
    before = resident();
  }

  uint64_t resident() { return resident_bytes_of(serve.process().pid()); }

  /// The longest but one of 31 lists of files, on a connection of its own each time. (But one: the
  /// machine that runs other tests beside this one may hold up any process once.)
  double good_client() {
    std::vector<double> times;
    for (int i = 0; i < 31; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      raw_client client{serve.port()};
      client.send(request("GET", "/v1/files"));
      BOOST_REQUIRE(client.answer().status == 200);
      times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
          .count());
    }
    std::sort(times.begin(), times.end());
    return times[times.size() - 2];
  }

  /// While `attack` is made again and again beside it.
  void must_be_unmoved_by(const std::function<void()>& attack) {
    std::atomic<bool> enough{false};
    std::atomic<int> rounds{0};
    std::thread attacker{[&] {
      while (!enough) {
        attack();
        ++rounds;
      }
    }};
    while (rounds == 0) std::this_thread::yield();
    must_be_unmoved();
    enough = true;
    attacker.join();
  }

  void must_be_unmoved() {
    const auto longest = good_client();
    BOOST_TEST_MESSAGE("a good client: " << longest << " ms; memory: " << before / mib
                                         << " MiB, then " << resident() / mib << " MiB");
    BOOST_TEST(longest < served_within_ms);
    BOOST_TEST(resident() < before + unmoved);
    BOOST_TEST(serve.process().running());
  }

  std::vector<raw_client> crowd(size_t size) {
    perennial::http::raise_open_file_limit(size + 200);
    std::vector<raw_client> out;
    for (size_t i = 0; i < size; ++i) out.emplace_back(serve.port());
    return out;
  }

  temp_dir dir;
  serve_process serve{{"--data", (dir / "data").string(), "--base-url", "http://127.0.0.1:9/v1"}};
  uint64_t before = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(hostile_clients_of_serve, fixture)

BOOST_AUTO_TEST_CASE(two_hundred_thousand_headers) {
  std::string headers;
  for (int i = 0; i < 200'000; ++i) headers += fmt::format("X-{}: y\r\n", i);
  for (int round = 0; round < 5; ++round) {
    raw_client client{serve.port()};
    client.send(request("GET", "/v1/files", headers));
    BOOST_TEST(client.answer().status == 431);
    BOOST_TEST(client.closed_by_server());
  }
  must_be_unmoved_by([&] {
    raw_client client{serve.port()};
    client.send(request("GET", "/v1/files", headers));
  });
}

BOOST_AUTO_TEST_CASE(an_endless_header_line) {
  raw_client client{serve.port()};
  const std::string more(mib, 'x');
  bool open = client.send("GET /v1/files HTTP/1.1\r\nHost: a\r\nX-Long: ");
  size_t sent = 0;
  while (open && sent < 200) {
    open = client.send(more);
    ++sent;
  }
  BOOST_TEST(!open, "it took " << sent << " MiB of one header");
  BOOST_TEST(client.answer().status == 431);
  must_be_unmoved_by([&] {
    raw_client again{serve.port()};
    again.send("GET /v1/files HTTP/1.1\r\nHost: a\r\nX-Long: ");
    for (int i = 0; i < 4 && again.send(more); ++i) {
    }
  });
}

BOOST_AUTO_TEST_CASE(both_lengths) {
  const std::string both = "POST /v1/batches HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  raw_client client{serve.port()};
  client.send(both + request("GET", "/v1/files")); // what would be smuggled
  BOOST_TEST(client.answer().status == 400);
  BOOST_TEST(client.closed_by_server());
  raw_client upload{serve.port()};
  upload.send("POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b"
              "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  BOOST_TEST(upload.answer().status == 400);
  BOOST_TEST(upload.closed_by_server());
  must_be_unmoved_by([&] {
    raw_client again{serve.port()};
    again.send(both + request("GET", "/v1/files"));
  });
}

BOOST_AUTO_TEST_CASE(a_thousand_slow_heads) {
  auto slow = crowd(1000);
  for (const char c : std::string_view{"GET /v1/f"})
    for (auto& client : slow) client.send_now({&c, 1});
  must_be_unmoved();
  // They never end their heads: each is told so and cut.
  for (auto& client : slow) BOOST_REQUIRE(client.answer().status == 408);
  BOOST_TEST(slow.front().closed_by_server());
}

BOOST_AUTO_TEST_CASE(a_thousand_idle_connections) {
  auto idle = crowd(1000);
  must_be_unmoved();
  for (auto& client : idle) client.send_now(request("GET", "/healthz"));
  for (auto& client : idle) BOOST_REQUIRE(client.answer().status == 200); // they are still welcome
}

BOOST_AUTO_TEST_SUITE_END()
