#include "one_call.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <latch>

using namespace perennial;
using namespace perennial::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(connection_abort)

BOOST_AUTO_TEST_CASE(abort_ends_a_wait_for_an_answer_and_the_connection_stays_usable) {
  std::promise<void> asked;
  raw_server server{[&](peer& p) {
    const bool hang = p.number() == 1;
    while (!p.read_request().empty()) {
      if (hang)
        asked.set_value();
      else
        p.send(answer("200 OK", good_body));
    }
  }};
  auto c = connect_to(settings_for(server.port()));
  auto call = std::async(std::launch::async, [&] { return c->call(chat, "{}").value(); });
  asked.get_future().wait();
  c->abort();
  const auto got = call.get();
  BOOST_TEST(name_of(got.failure) == "aborted");
  BOOST_TEST(got.sent);
  BOOST_TEST(c->call(chat, "{}").value().status == 200);
}

/// Calls, and aborts from here until the call is over; abort itself must never wait.
call_report call_and_abort(connection& c) {
  auto call = std::async(std::launch::async, [&] { return c.call(chat, "{}").value(); });
  while (call.wait_for(1ms) != std::future_status::ready) c.abort();
  return call.get();
}

BOOST_AUTO_TEST_CASE(abort_ends_a_connect) {
  full_listener full;
  auto c = connect_to(settings_for(full.port()));
  const auto got = call_and_abort(*c);
  BOOST_TEST(name_of(got.failure) == "aborted");
  BOOST_TEST(!got.sent);
  BOOST_TEST((got.duration < 30s));
}

BOOST_AUTO_TEST_CASE(abort_ends_the_look_up_of_a_name) {
  std::promise<void> release;
  auto names = std::make_shared<resolver>(
    [go = release.get_future().share()](const std::string&) -> result<std::vector<socket_address>> {
      go.wait();
      return fail(errc::unavailable, "never");
    });
  auto c = provider_client::make(settings_for("http://slow.test"), names).value()->new_connection();
  const auto got = call_and_abort(*c);
  BOOST_TEST(name_of(got.failure) == "aborted");
  BOOST_TEST(!got.sent);
  release.set_value();
}

BOOST_AUTO_TEST_CASE(abort_ends_a_tls_handshake) {
  raw_server silent{[](peer& p) { p.wait_for_end(); }};
  auto c = connect_to(settings_for(fmt::format("https://127.0.0.1:{}", silent.port())));
  const auto got = call_and_abort(*c);
  BOOST_TEST(name_of(got.failure) == "aborted");
  BOOST_TEST(!got.sent);
}

BOOST_AUTO_TEST_CASE(abort_without_a_call_touches_no_later_call) {
  raw_server server{always(answer("200 OK", good_body))};
  auto c = connect_to(settings_for(server.port()));
  c->abort();
  BOOST_TEST(c->call(chat, "{}").value().status == 200);
  c->abort();
  BOOST_TEST(c->call(chat, "{}").value().reused);
}

BOOST_AUTO_TEST_CASE(close_ends_the_call_in_progress_and_refuses_more) {
  std::promise<void> asked;
  raw_server server{[&](peer& p) {
    p.read_request();
    asked.set_value();
    p.wait_for_end();
  }};
  auto c = connect_to(settings_for(server.port()));
  auto call = std::async(std::launch::async, [&] { return c->call(chat, "{}").value(); });
  asked.get_future().wait();
  BOOST_TEST((c->call(chat, "{}").error().kind == errc::conflict));
  c->close();
  c->close();
  BOOST_TEST(name_of(call.get().failure) == "aborted");
  BOOST_TEST((c->call(chat, "{}").error().kind == errc::closed));
  c->close();
}

BOOST_AUTO_TEST_CASE(connections_may_be_aborted_and_closed_while_they_work) {
  raw_server server{always(answer("200 OK", good_body))};
  auto client = provider_client::make(settings_for(server.port())).value();
  std::vector<std::unique_ptr<connection>> all;
  for (int i = 0; i < 4; ++i) all.push_back(client->new_connection());
  std::vector<std::thread> workers;
  std::latch all_called{4};
  for (auto& c : all)
    workers.emplace_back([&c, &all_called] {
      if (c->call(chat, "{}").value().status != 200) std::abort();
      all_called.count_down();
      for (;;) {
        const auto got = c->call(chat, "{}");
        if (!got) return;
        if (got->failure == transport_failure::none && got->status != 200) std::abort();
      }
    });
  all_called.wait();
  for (int round = 0; round < 200; ++round)
    for (auto& c : all) c->abort();
  for (auto& c : all) c->close();
  for (auto& w : workers) w.join();
  BOOST_TEST(server.connections() > 0);
}

BOOST_AUTO_TEST_SUITE_END()
