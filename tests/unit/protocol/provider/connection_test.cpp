#include "one_call.hpp"

#include <boost/test/unit_test.hpp>

#include <httplib.h>

#include <future>

using namespace perennial;
using namespace perennial::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(connection_)

BOOST_AUTO_TEST_CASE(a_call_brings_back_status_body_and_what_the_headers_tell) {
  raw_server server{always(answer("429 Too Many Requests", R"({"error":"slow down"})",
                                  "x-request-id: req_7\r\nRetry-After: 9\r\n"
                                  "retry-after-ms: 1500\r\nX-RateLimit-Limit-Requests: 60\r\n"
                                  "x-ratelimit-remaining-tokens: 0\r\n"
                                  "x-ratelimit-reset-tokens: 6m0s\r\n"))};
  const auto got = one_call(server.port());
  BOOST_TEST(got.status == 429);
  BOOST_TEST(name_of(got.failure) == "none");
  BOOST_TEST(got.body == R"({"error":"slow down"})");
  BOOST_TEST(got.request_id == "req_7");
  BOOST_TEST(got.sent);
  BOOST_TEST(!got.reused);
  BOOST_TEST((got.retry_after == 1500ms));
  BOOST_TEST((got.limits.limit_requests == 60u));
  BOOST_TEST((got.limits.remaining_tokens == 0u));
  BOOST_TEST((got.limits.reset_tokens == 6min));
  BOOST_TEST(got.first_byte_after.count() > 0);
  BOOST_TEST((got.duration >= got.first_byte_after));
}

BOOST_AUTO_TEST_CASE(the_request_is_the_users_body_byte_for_byte_with_key_and_agent) {
  std::promise<std::string> seen;
  raw_server server{[&](peer& p) {
    seen.set_value(p.read_request());
    p.send(answer("200 OK", good_body));
  }};
  auto settings = settings_for(fmt::format("http://127.0.0.1:{}/openai/v1/", server.port()));
  settings.api_key = secret{"sk-0123456789"};
  settings.user_agent = "somebody/1.0";
  settings.headers = {{"X-Team", "blue"}};
  const std::string body = "{ \"a\" : 1,\t\"b\":\"\xc3\xa4\" }";
  BOOST_TEST(connect_to(settings)->call(chat, body).value().status == 200);
  const auto request = seen.get_future().get();
  BOOST_TEST(request.starts_with("POST /openai/v1/chat/completions HTTP/1.1\r\n"));
  for (const auto& line :
       {fmt::format("Host: 127.0.0.1:{}\r\n", server.port()),
        std::string{"Authorization: Bearer sk-0123456789\r\n"},
        std::string{"User-Agent: somebody/1.0\r\n"}, std::string{"X-Team: blue\r\n"},
        std::string{"Content-Type: application/json\r\n"},
        fmt::format("Content-Length: {}\r\n", body.size())})
    BOOST_TEST(request.find(line) != std::string::npos, line << " not in " << request);
  BOOST_TEST(request.find("Accept-Encoding") == std::string::npos);
  BOOST_TEST(request.ends_with("\r\n\r\n" + body));
}

BOOST_AUTO_TEST_CASE(twenty_calls_use_one_connection) {
  raw_server server{always(answer("200 OK", good_body))};
  auto c = connect_to(settings_for(server.port()));
  for (int i = 0; i < 20; ++i) {
    const auto got = c->call(chat, std::string(static_cast<size_t>(i) * 7, ' ')).value();
    BOOST_TEST(got.status == 200);
    BOOST_TEST(got.body == good_body);
    BOOST_TEST(got.reused == (i > 0));
  }
  BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(an_ordinary_http_server_is_understood_too) {
  httplib::Server server;
  server.set_keep_alive_max_count(100);
  server.Post(std::string{chat}, [](const httplib::Request& q, httplib::Response& r) {
    r.set_content(q.body, "application/json");
  });
  server.Post("/v1/embeddings", [](const httplib::Request& q, httplib::Response& r) {
    r.set_chunked_content_provider("application/json",
                                   [body = q.body](size_t, httplib::DataSink& sink) {
                                     for (const char& byte : body) sink.write(&byte, 1);
                                     sink.done();
                                     return true;
                                   });
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread running{[&] { server.listen_after_bind(); }};
  {
    auto c = connect_to(settings_for(static_cast<uint16_t>(port)));
    const std::string body = "[\"" + std::string(3'000'000, 'x') + "\"]";
    BOOST_TEST((c->call(chat, body).value().body == body));
    const auto small = std::string{"[\"in pieces\"]"};
    BOOST_TEST(c->call("/v1/embeddings", small).value().body == small);
    BOOST_TEST(c->call("/v1/nothing", small).value().status == 404);
  }
  server.stop();
  running.join();
}

BOOST_AUTO_TEST_CASE(a_body_until_the_end_of_the_connection_is_taken_whole) {
  raw_server server{[](peer& p) {
    p.read_request();
    p.send("HTTP/1.0 200 OK\r\n\r\n");
    p.send(good_body);
  }};
  const auto got = one_call(server.port());
  BOOST_TEST(name_of(got.failure) == "none");
  BOOST_TEST(got.body == good_body);
}

BOOST_AUTO_TEST_CASE(a_refused_connection_was_never_sent) {
  uint16_t port = 0;
  {
    listener gone;
    port = gone.port();
  }
  const auto got = one_call(port);
  BOOST_TEST(name_of(got.failure) == "refused");
  BOOST_TEST(!got.sent);
  BOOST_TEST(got.status == 0);
  BOOST_TEST(got.detail.find("is the server running") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_unknown_host_was_never_sent) {
  auto settings = settings_for("http://nobody.perennial.invalid");
  settings.timeouts.connect = 20s;
  const auto got = connect_to(settings)->call(chat, "{}").value();
  BOOST_TEST(name_of(got.failure) == "dns");
  BOOST_TEST(!got.sent);
  BOOST_TEST(got.detail.find("nobody.perennial.invalid") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_host_that_does_not_accept_runs_into_the_connect_timeout) {
  full_listener full;
  const call_timeouts timeouts{50ms, 60s, 60s, 60s};
  const auto got = one_call(full.port(), &timeouts);
  BOOST_TEST(name_of(got.failure) == "connect_timeout");
  BOOST_TEST(!got.sent);
}

BOOST_AUTO_TEST_CASE(a_reset_after_the_request_counts_as_sent) {
  raw_server server{[](peer& p) {
    p.read_request();
    p.make_hard();
  }};
  const auto got = one_call(server.port());
  BOOST_TEST(name_of(got.failure) == "reset");
  BOOST_TEST(got.sent);
  BOOST_TEST(got.status == 0);
}

BOOST_AUTO_TEST_CASE(a_connection_closed_without_an_answer_counts_as_sent) {
  raw_server server{[](peer& p) { p.read_request(); }};
  const auto got = one_call(server.port());
  BOOST_TEST(name_of(got.failure) == "reset");
  BOOST_TEST(got.sent);
}

BOOST_AUTO_TEST_CASE(an_answer_that_ends_too_early_is_truncated) {
  for (const std::string& bytes :
       {std::string{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":"},
        std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"},
        std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a"},
        std::string{"HTTP/1.1 200 OK\r\nContent-Le"}}) {
    raw_server server{[&](peer& p) {
      p.read_request();
      p.send(bytes);
    }};
    const auto got = one_call(server.port());
    BOOST_TEST(name_of(got.failure) == "truncated", bytes);
    BOOST_TEST(got.sent);
  }
}

BOOST_AUTO_TEST_CASE(a_server_that_says_nothing_runs_into_the_first_byte_timeout) {
  raw_server server{[](peer& p) { p.wait_for_end(); }};
  const call_timeouts timeouts{60s, 50ms, 60s, 60s};
  const auto got = one_call(server.port(), &timeouts);
  BOOST_TEST(name_of(got.failure) == "first_byte_timeout");
  BOOST_TEST(got.sent);
  BOOST_TEST((got.duration >= 50ms));
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_in_its_answer_runs_into_the_idle_timeout) {
  raw_server server{[](peer& p) {
    p.read_request();
    p.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    p.wait_for_end();
  }};
  const call_timeouts timeouts{60s, 60s, 50ms, 60s};
  const auto got = one_call(server.port(), &timeouts);
  BOOST_TEST(name_of(got.failure) == "idle_timeout");
  BOOST_TEST(got.status == 200);
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_reading_runs_into_the_idle_timeout) {
  raw_server server{[](peer& p) {
    const int small = 4096;
    ::setsockopt(p.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    p.read_head();
    char byte = 0; // holds the connection without reading it
    while (::recv(p.fd(), &byte, 1, MSG_PEEK) > 0) {
      pollfd hung_up{p.fd(), POLLRDHUP, 0};
      if (::poll(&hung_up, 1, -1) > 0) break;
    }
  }};
  auto settings = settings_for(server.port());
  settings.timeouts.idle = 50ms;
  const auto got = connect_to(settings)->call(chat, std::string(32 * mib, ' ')).value();
  BOOST_TEST(name_of(got.failure) == "idle_timeout");
  BOOST_TEST(got.sent);
}

BOOST_AUTO_TEST_CASE(a_dripping_server_runs_into_the_total_timeout) {
  raw_server server{[](peer& p) {
    p.read_request();
    p.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    while (p.send(" ")) { // a byte each millisecond: no gap is ever long
      pollfd gone{p.fd(), POLLRDHUP, 0};
      if (::poll(&gone, 1, 1) > 0) return;
    }
  }};
  const call_timeouts timeouts{60s, 60s, 60s, 100ms};
  const auto got = one_call(server.port(), &timeouts, 2 * gib);
  BOOST_TEST(name_of(got.failure) == "total_timeout");
  BOOST_TEST(got.status == 200);
  BOOST_TEST((got.duration >= 100ms));
}

BOOST_AUTO_TEST_CASE(a_flood_runs_into_the_total_timeout_too) {
  std::string pieces;
  for (int i = 0; i < 1000; ++i) pieces += "1\r\n \r\n";
  raw_server server{[&](peer& p) {
    p.read_request();
    p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (p.send(pieces)) {
    } // something is always there to read
  }};
  const call_timeouts timeouts{60s, 60s, 60s, 100ms};
  BOOST_TEST(name_of(one_call(server.port(), &timeouts, 512 * mib).failure) == "total_timeout");
}

BOOST_AUTO_TEST_CASE(options_of_a_call_take_the_place_of_the_providers_timeouts) {
  raw_server server{[](peer& p) { p.wait_for_end(); }};
  auto c = connect_to(settings_for(server.port()));
  call_options options;
  options.timeouts = call_timeouts{60s, 60s, 60s, 50ms};
  BOOST_TEST(name_of(c->call(chat, "{}", options).value().failure) == "total_timeout");
}

BOOST_AUTO_TEST_CASE(an_answer_beyond_the_limit_is_cut_off) {
  raw_server by_length{always(answer("200 OK", std::string(2000, ' ')))};
  BOOST_TEST(name_of(one_call(by_length.port(), nullptr, 1999).failure) == "too_large");
  BOOST_TEST(name_of(one_call(by_length.port(), nullptr, 2000).failure) == "none");

  raw_server endless{[](peer& p) {
    p.read_request();
    p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (p.send("64\r\n" + std::string(100, ' ') + "\r\n")) {
    }
  }};
  const auto got = one_call(endless.port(), nullptr, 10'000);
  BOOST_TEST(name_of(got.failure) == "too_large");
  BOOST_TEST(got.body.size() <= 10'000u);
  BOOST_TEST(got.status == 200);
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_garbage_and_bounded) {
  const auto sends = [](std::string first, std::string forever) {
    return [=](peer& p) {
      p.read_request();
      if (!p.send(first)) return;
      while (!forever.empty() && p.send(forever)) {
      }
      p.wait_for_end();
    };
  };
  const std::string many(4096, 'x');
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::pair<std::string, std::string> cases[] = {
    {"SSH-2.0-OpenSSH_9.2\r\n", ""}, // another protocol
    {"HTTP/1.1 200 ", many},         // an endless status line
    {ok + "X-Long: ", many},         // an endless header line
    {ok, "X-Many: 1\r\n"},           // headers without end
    {ok + "Transfer-Encoding: chunked\r\n\r\nnot a number\r\n", ""},
    {ok + "Transfer-Encoding: chunked\r\n\r\n5;", many}, // an endless chunk line
  };
  for (const auto& [first, forever] : cases) {
    raw_server server{sends(first, forever)};
    const auto got = one_call(server.port());
    BOOST_TEST(name_of(got.failure) == "garbage", first.substr(0, 60) << ": " << got.detail);
    BOOST_TEST(got.sent);
  }
}

BOOST_AUTO_TEST_SUITE_END()
