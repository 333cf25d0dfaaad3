#include "protocol/http/tls.hpp"

#include "tls_server.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

using namespace perennial;
using namespace perennial::test;

BOOST_AUTO_TEST_SUITE(tls)

namespace {

/// A server for one test: a CA, a certificate from it, and what it answers.
struct fixture {
  test_ca ca;
  identity who = make_identity("server", "DNS:localhost,IP:127.0.0.1", &ca.self);
  std::string bytes = answer("200 OK", good_body);
  raw_server server{[this](peer& p) { serve_tls(p.fd(), who, bytes); }};

  provider_settings settings() const {
    auto out = settings_for(fmt::format("https://127.0.0.1:{}", server.port()));
    out.trust.extra_ca_file = ca.file;
    return out;
  }
};

void fails_with(const provider_settings& settings, std::string_view words) {
  const auto got = connect_to(settings)->call(chat, "{}").value();
  BOOST_TEST(to_string(got.failure) == "tls");
  BOOST_TEST(!got.sent);
  BOOST_TEST(got.detail.find(words) != std::string::npos, got.detail);
}

} // namespace

BOOST_FIXTURE_TEST_CASE(twenty_calls_over_tls_use_one_connection, fixture) {
  auto c = connect_to(settings());
  for (int i = 0; i < 20; ++i) {
    const auto got = c->call(chat, std::string(static_cast<size_t>(i) * 2000, ' ')).value();
    BOOST_TEST(got.status == 200, got.detail);
    BOOST_TEST(got.body == good_body);
  }
  BOOST_TEST(server.connections() == 1);
}

BOOST_FIXTURE_TEST_CASE(many_connections_share_what_was_loaded, fixture) {
  const auto client = provider_client::make(settings()).value();
  std::vector<std::thread> workers;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    workers.emplace_back([&] {
      auto c = client->new_connection();
      for (int k = 0; k < 5; ++k) good += c->call(chat, "{}").value().status == 200;
    });
  for (auto& w : workers) w.join();
  BOOST_TEST(good == 40);
  BOOST_TEST(server.connections() == 8);
}

BOOST_FIXTURE_TEST_CASE(a_long_answer_and_a_long_request_pass_over_tls, fixture) {
  bytes = answer("200 OK", "[\"" + std::string(3'000'000, 'x') + "\"]");
  const auto got = connect_to(settings())->call(chat, std::string(3'000'000, ' ')).value();
  BOOST_TEST(got.status == 200);
  BOOST_TEST(got.body.size() == 3'000'004u);
}

BOOST_FIXTURE_TEST_CASE(a_name_is_verified_like_an_address, fixture) {
  auto by_name = settings();
  by_name.base_url.host = "localhost";
  BOOST_TEST(connect_to(by_name)->call(chat, "{}").value().status == 200);
}

BOOST_FIXTURE_TEST_CASE(a_ca_that_is_not_known_is_refused, fixture) {
  test_ca other;
  auto stranger = settings();
  stranger.trust.extra_ca_file = other.file;
  fails_with(stranger, "a CA that is not known here");
  fails_with(stranger, "--ca-file, ca_file");
}

BOOST_FIXTURE_TEST_CASE(a_certificate_for_another_name_is_refused, fixture) {
  who = make_identity("server", "DNS:other.test", &ca.self);
  fails_with(settings(), "not for 127.0.0.1");
}

BOOST_FIXTURE_TEST_CASE(an_expired_certificate_is_refused, fixture) {
  who = make_identity("server", "IP:127.0.0.1", &ca.self, -1);
  fails_with(settings(), "expired");
}

BOOST_FIXTURE_TEST_CASE(a_server_without_tls_is_named_as_such, fixture) {
  raw_server plain{[](peer& p) {
    p.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    p.wait_for_end();
  }};
  auto wrong = settings();
  wrong.base_url.port = plain.port();
  fails_with(wrong, "does not speak TLS");
}

BOOST_FIXTURE_TEST_CASE(a_server_that_ends_or_waits_in_the_handshake_is_asked_for_its_port,
                        fixture) {
  constexpr std::string_view hint = "does that port speak https?";
  raw_server leaves{[](peer&) {}};
  auto wrong = settings();
  wrong.base_url.port = leaves.port();
  fails_with(wrong, hint);

  raw_server chatters{[](peer& p) {
    p.send("220 mail.test ESMTP\r\n");
    p.wait_for_end();
  }};
  wrong.base_url.port = chatters.port();
  const auto said = connect_to(wrong)->call(chat, "{}").value().detail;
  BOOST_TEST((said.find("port") != std::string::npos), said);

  raw_server waits{[](peer& p) { p.wait_for_end(); }};
  wrong.base_url.port = waits.port();
  wrong.timeouts.connect = std::chrono::milliseconds{50};
  const auto got = connect_to(wrong)->call(chat, "{}").value();
  BOOST_TEST(to_string(got.failure) == "connect_timeout");
  BOOST_TEST((got.detail.find(hint) != std::string::npos), got.detail);
}

BOOST_FIXTURE_TEST_CASE(an_answer_without_length_needs_tlss_farewell_to_be_whole, fixture) {
  raw_server cut{[this](peer& p) {
    const auto session = accept_tls(p.fd(), who);
    std::string rest;
    if (!session) return;
    read_tls_request(session.get(), rest);
    send_tls(session.get(), "HTTP/1.0 200 OK\r\n\r\n{\"half\":"); // and no close_notify
  }};
  auto at_cut = settings();
  at_cut.base_url.port = cut.port();
  const auto got = connect_to(at_cut)->call(chat, "{}").value();
  BOOST_TEST(to_string(got.failure) == "truncated");
}

BOOST_FIXTURE_TEST_CASE(a_broken_pipe_under_tls_does_not_kill_the_process, fixture) {
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  raw_server rude{[this](peer& p) {
    const auto session = accept_tls(p.fd(), who);
    p.make_hard();
  }};
  auto at_rude = settings();
  at_rude.base_url.port = rude.port();
  const auto got = connect_to(at_rude)->call(chat, std::string(8 * mib, ' ')).value();
  std::signal(SIGPIPE, before);
  BOOST_TEST(got.status == 0);
  BOOST_TEST(to_string(got.failure) != "none");
}

BOOST_AUTO_TEST_CASE(files_and_directories_that_hold_no_certificate_are_named) {
  scratch_dir dir;
  std::ofstream{dir.file("empty.pem")} << "nothing\n";
  for (const auto& trust :
       {tls_trust{dir.file("empty.pem"), "", ""}, tls_trust{"", dir.file("none.pem"), ""},
        tls_trust{"", "", dir.path()}}) {
    const auto made = tls_client::make(trust);
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().kind == errc::invalid_input));
  }
  BOOST_TEST(!has_hashed_certificates(dir.path()));
  std::ofstream{dir.file("0a1b2c3d.0")} << "looked up by this name\n";
  BOOST_TEST(has_hashed_certificates(dir.path()));
}

BOOST_FIXTURE_TEST_CASE(a_file_from_the_environment_takes_the_systems_place, fixture) {
  auto named = settings();
  named.trust = {"", ca.file, ""};
  BOOST_TEST(connect_to(named)->call(chat, "{}").value().status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
