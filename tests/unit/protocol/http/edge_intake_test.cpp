#include "protocol/http/edge_intake.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

namespace http = perennial::http;
using namespace std::chrono_literals;
using perennial::steady_time;
using state = http::intake::state;

BOOST_AUTO_TEST_SUITE(http_intake)

namespace {

const http::edge_limits limits;
const steady_time start{1000s};

/// "/upload" streams, "/wait" is slow, all else is ordinary.
const http::router where = [](const http::request_head& head) {
  http::route to;
  if (head.path == "/upload") to.kind = http::route_kind::streaming;
  if (head.path == "/small-upload") to = {http::route_kind::streaming, 1, 100};
  if (head.path == "/wait") to.kind = http::route_kind::slow;
  return to;
};

struct fixture {
  http::intake in{limits, where, start};
  state feed(std::string_view bytes, steady_time now = start) { return in.feed(bytes, now); }
};

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string post = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
const std::string chunked = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";

std::string post_head(const std::string& path, const std::string& headers) {
  return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_request_is_ready_when_its_last_byte_has_come, fixture) {
  for (const auto& text : {get, post, chunked}) {
    http::intake one{limits, where, start};
    for (size_t i = 0; i + 1 < text.size(); ++i) {
      const auto now = one.feed(text.substr(i, 1), start);
      BOOST_REQUIRE((now == state::head || now == state::body));
    }
    BOOST_TEST((one.feed(text.substr(text.size() - 1), start) == state::ready));
    BOOST_TEST(one.request().body == (text == get ? "" : "hello"));
    BOOST_TEST((one.next(start) == state::idle));
  }
}

BOOST_FIXTURE_TEST_CASE(requests_behind_each_other_come_out_one_by_one, fixture) {
  const auto all = get + post + chunked + get;
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    http::intake one{limits, where, start};
    std::vector<std::string> bodies;
    auto now = one.feed(all.substr(0, cut), start);
    auto fed = false;
    for (;;) {
      if (now == state::ready) {
        bodies.push_back(one.request().body);
        now = one.next(start);
      } else if (!fed) {
        now = one.feed(all.substr(cut), start);
        fed = true;
      } else {
        break;
      }
    }
    BOOST_TEST((now == state::idle));
    BOOST_TEST((bodies == std::vector<std::string>{"", "hello", "hello", ""}));
  }
}

BOOST_FIXTURE_TEST_CASE(a_body_over_the_limit_is_refused_before_it_is_read, fixture) {
  const auto size = std::to_string(limits.small_body_bytes + 1);
  BOOST_TEST((feed(post_head("/a", "Content-Length: " + size + "\r\n")) == state::refused));
  BOOST_TEST((in.why().reason == http::refusal_reason::body_too_large));
}

BOOST_FIXTURE_TEST_CASE(chunks_over_the_limit_are_refused, fixture) {
  feed(post_head("/a", "Transfer-Encoding: chunked\r\n"));
  auto now = state::body;
  uint64_t sent = 0;
  while (now == state::body) {
    now = feed("1000\r\n" + std::string(4096, 'a') + "\r\n");
    sent += 4096;
  }
  BOOST_TEST((now == state::refused));
  BOOST_TEST((in.why().reason == http::refusal_reason::body_too_large));
  BOOST_TEST(sent == limits.small_body_bytes + 4096);
}

BOOST_FIXTURE_TEST_CASE(a_declared_chunk_of_any_size_costs_no_memory, fixture) {
  feed(post_head("/a", "Transfer-Encoding: chunked\r\n") + "7fffffffffffff\r\nx");
  BOOST_TEST(in.held_bytes() < 10'000U);
}

BOOST_FIXTURE_TEST_CASE(a_large_or_chunked_body_on_a_streaming_route_is_left_to_its_handler,
                        fixture) {
  const auto size = std::to_string(limits.small_body_bytes + 1);
  BOOST_TEST(
    (feed(post_head("/upload", "Content-Length: " + size + "\r\n") + "start") == state::ready));
  BOOST_TEST(in.request().streamed);
  BOOST_TEST(in.take_rest() == "start");

  http::intake other{limits, where, start};
  BOOST_TEST((other.feed(post_head("/upload", "Transfer-Encoding: chunked\r\n") + "5\r\n", start) ==
              state::ready));
  BOOST_TEST(other.request().streamed);
  BOOST_TEST(other.take_rest() == "5\r\n");
}

BOOST_FIXTURE_TEST_CASE(a_small_body_on_a_streaming_route_is_gathered_first, fixture) {
  BOOST_TEST((feed(post_head("/upload", "Content-Length: 5\r\n") + "hell") == state::body));
  BOOST_TEST((feed("o") == state::ready));
  BOOST_TEST(!in.request().streamed);
  BOOST_TEST(in.request().body == "hello");
}

BOOST_FIXTURE_TEST_CASE(a_streaming_route_has_its_own_limit, fixture) {
  BOOST_TEST((feed(post_head("/small-upload", "Content-Length: 101\r\n")) == state::refused));
}

BOOST_FIXTURE_TEST_CASE(deadlines_follow_what_is_awaited, fixture) {
  BOOST_TEST((in.deadline() == start + limits.idle_deadline));
  feed("GET", start + 10s);
  BOOST_TEST((in.deadline() == start + 10s + limits.head_deadline));
  feed(" /", start + 12s); // a byte now and then wins no time
  BOOST_TEST((in.deadline() == start + 10s + limits.head_deadline));
  in.refuse_slow();
  BOOST_TEST((in.why().reason == http::refusal_reason::slow_head));
}

BOOST_FIXTURE_TEST_CASE(a_body_has_to_keep_a_rate_and_an_end, fixture) {
  feed(post_head("/a", "Content-Length: 100000\r\n"), start);
  BOOST_TEST((in.deadline() == start + limits.receive.grace));
  feed(std::string(512, 'a'), start + 2s); // half a second won
  BOOST_TEST((in.deadline() == start + 5500ms));
  feed(std::string(50'000, 'a'), start + 4s);
  BOOST_TEST((in.deadline() == start + 9s));
  feed(std::string(40'000, 'a'), start + 29s);
  BOOST_TEST((in.deadline() == start + limits.small_body_deadline));
  in.refuse_slow();
  BOOST_TEST((in.why().reason == http::refusal_reason::slow_body));
}

BOOST_FIXTURE_TEST_CASE(a_client_that_waits_for_100_is_told_once, fixture) {
  feed(post_head("/a", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
  BOOST_TEST(in.take_continue());
  BOOST_TEST(!in.take_continue());
}

BOOST_FIXTURE_TEST_CASE(a_client_that_did_not_wait_for_100_is_not_told, fixture) {
  feed(post_head("/a", "Content-Length: 5\r\nExpect: 100-continue\r\n") + "he");
  BOOST_TEST(!in.take_continue());
}

BOOST_FIXTURE_TEST_CASE(an_idle_connection_holds_no_memory_worth_naming, fixture) {
  feed(post_head("/a", "Content-Length: 500000\r\n"));
  BOOST_TEST((feed(std::string(500'000, 'a')) == state::ready));
  BOOST_TEST((in.next(start) == state::idle));
  BOOST_TEST(in.held_bytes() < 2048U);
}

BOOST_FIXTURE_TEST_CASE(random_bytes_and_broken_requests_do_no_harm, fixture) {
  std::mt19937 random{20231}; // the same every time
  const std::vector<std::string> seeds{
    get, post, chunked, post_head("/upload", "Transfer-Encoding: chunked\r\n") + "5\r\n"};
  for (auto round = 0; round < 3000; ++round) {
    auto text = seeds[random() % seeds.size()] + seeds[random() % seeds.size()];
    for (auto changes = random() % 6; changes > 0; --changes) {
      const auto at = random() % text.size();
      switch (random() % 4) {
      case 0: text[at] = static_cast<char>(random()); break;
      case 1: text.insert(at, 1, static_cast<char>(random())); break;
      case 2: text.erase(at, 1 + random() % 8); break;
      case 3: text.insert(at, text.substr(random() % text.size(), random() % 40)); break;
      }
      if (text.empty()) text = "x";
    }
    http::intake one{limits, where, start};
    std::string_view rest{text};
    auto requests = 0;
    while (!rest.empty() && one.current() != state::refused) {
      const auto piece = rest.substr(0, 1 + random() % 20);
      rest.remove_prefix(piece.size());
      auto now = one.feed(piece, start);
      while (now == state::ready) {
        ++requests;
        if (one.request().streamed) one.take_rest();
        now = one.next(start);
      }
    }
    BOOST_TEST(requests <= 8);
  }
}

BOOST_AUTO_TEST_SUITE_END()
