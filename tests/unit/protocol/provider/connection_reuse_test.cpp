#include "one_call.hpp"

#include <boost/test/unit_test.hpp>

#include <future>

using namespace perennial;
using namespace perennial::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(connection_reuse)

BOOST_AUTO_TEST_CASE(an_answer_before_the_whole_request_was_read_is_heard) {
  raw_server server{[](peer& p) {
    p.read_head();
    p.send(answer("413 Payload Too Large", "{}", "Connection: close\r\n"));
  }};
  // Closing on unread bytes resets the connection while we still write.
  const auto got = connect_to(settings_for(server.port()))->call(chat, std::string(32 * mib, ' '));
  BOOST_TEST(got.value().status == 413);
}

BOOST_AUTO_TEST_CASE(bytes_after_an_answer_are_never_taken_for_the_next_one) {
  raw_server server{always(answer("200 OK", good_body) + answer("500 Oh", "{}"))};
  auto c = connect_to(settings_for(server.port()));
  for (int i = 0; i < 3; ++i) BOOST_TEST(c->call(chat, "{}").value().status == 200);
  BOOST_TEST(server.connections() == 3);
}

BOOST_AUTO_TEST_CASE(bytes_that_come_unasked_are_never_taken_for_the_next_answer) {
  std::promise<void> answered;
  std::promise<void> meddled;
  raw_server server{[&](peer& p) {
    const bool meddle = p.number() == 1;
    while (!p.read_request().empty()) {
      p.send(answer("200 OK", good_body));
      if (!meddle) continue;
      answered.get_future().wait();
      p.send(answer("408 Request Timeout", "{}"));
      meddled.set_value();
    }
  }};
  auto c = connect_to(settings_for(server.port()));
  BOOST_TEST(c->call(chat, "{}").value().status == 200);
  answered.set_value();
  meddled.get_future().wait();
  BOOST_TEST(c->call(chat, "{}").value().status == 200);
  BOOST_TEST(server.connections() == 2);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_that_was_closed_is_replaced_without_a_failure) {
  std::promise<void> closed;
  raw_server server{[&](peer& p) {
    const bool leave = p.number() == 1;
    p.read_request();
    p.send(answer("200 OK", good_body));
    if (leave) {
      ::shutdown(p.fd(), SHUT_RDWR);
      closed.set_value();
    }
    p.wait_for_end();
  }};
  auto c = connect_to(settings_for(server.port()));
  BOOST_TEST(c->call(chat, "{}").value().status == 200);
  closed.get_future().wait();
  const auto again = c->call(chat, "{}").value();
  BOOST_TEST(again.status == 200);
  BOOST_TEST(!again.reused);
}

BOOST_AUTO_TEST_CASE(connection_close_is_understood_in_any_case_of_letters) {
  raw_server server{always(answer("200 OK", good_body, "connection: Close\r\n"))};
  auto c = connect_to(settings_for(server.port()));
  BOOST_TEST(c->call(chat, "{}").value().status == 200);
  BOOST_TEST(c->call(chat, "{}").value().status == 200);
  BOOST_TEST(server.connections() == 2);
}

BOOST_AUTO_TEST_CASE(a_connection_is_not_used_beyond_what_its_server_promised) {
  raw_server server{always(answer("200 OK", good_body, "Keep-Alive: timeout=1\r\n"))};
  auto c = connect_to(settings_for(server.port()));
  BOOST_TEST(c->call(chat, "{}").value().status == 200);
  BOOST_TEST(!c->call(chat, "{}").value().reused); // a second before the server's second is over
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed_and_the_key_stays_here) {
  raw_server elsewhere{always(answer("200 OK", good_body))};
  raw_server server{always(answer(
    "307 Temporary Redirect", "{}",
    fmt::format("Location: http://127.0.0.1:{}/v1/chat/completions\r\n", elsewhere.port())))};
  auto settings = settings_for(server.port());
  settings.api_key = secret{"sk-0123456789"};
  BOOST_TEST(connect_to(settings)->call(chat, "{}").value().status == 307);
  BOOST_TEST(elsewhere.connections() == 0);
}

BOOST_AUTO_TEST_CASE(a_key_or_a_header_with_a_line_break_is_refused_without_being_shown) {
  auto key = settings_for(1);
  key.api_key = secret{"sk-abc\r\nX-Evil: 1"};
  auto agent = settings_for(1);
  agent.user_agent = "me\r\nX-Evil: 1";
  auto header = settings_for(1);
  header.headers = {{"X-Fine", "1\nX-Evil: 1"}};
  auto reserved = settings_for(1);
  reserved.headers = {{"Content-Length", "7"}};
  for (const auto& settings : {key, agent, header, reserved}) {
    const auto made = provider_client::make(settings);
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().kind == errc::invalid_input));
    BOOST_TEST(made.error().message.find("sk-abc") == std::string::npos);
    BOOST_TEST(made.error().message.find("Evil") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_path_that_would_be_two_requests_is_refused_before_connecting) {
  raw_server server{always(answer("200 OK", good_body))};
  auto c = connect_to(settings_for(server.port()));
  for (const char* path : {"", "v1", "/v1 HTTP/1.1", "/v1\r\nX-Evil: 1", "/v1\t", "/\xc3\xa4"})
    BOOST_TEST((c->call(path, "{}").error().kind == errc::invalid_input), path);
  BOOST_TEST(server.connections() == 0);
}

BOOST_AUTO_TEST_CASE(a_key_that_the_provider_echoes_is_covered) {
  raw_server server{always(answer("401 Unauthorized", R"({"error":"bad key sk-0123456789"})",
                                  "x-request-id: sk-0123456789\r\n"))};
  auto settings = settings_for(server.port());
  settings.api_key = secret{"sk-0123456789"};
  const auto got = connect_to(settings)->call(chat, "{}").value();
  BOOST_TEST(got.body == R"({"error":"bad key *************"})");
  BOOST_TEST(got.request_id == "*************");
}

// ---- ended from another thread -----------------------------------------------

BOOST_AUTO_TEST_SUITE_END()
