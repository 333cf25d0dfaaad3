#include "tests/integration/sim/client.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <future>

using namespace perennial::test;
using httplib::Error;

namespace {

/// Asks again until the sim listens; the status of its answer.
int ask_until_answered(const sim_process& sim) {
  for (;;)
    if (const auto reply = sim_client(sim).chat("hi")) return reply->status;
}

} // namespace

BOOST_AUTO_TEST_SUITE(outages)

BOOST_AUTO_TEST_CASE(an_outage_resets_and_refuses_and_then_it_is_over) {
  for (const char* threads : {"1", "2"}) {
    sim_process sim({"--hold", "wait", "--threads", threads});
    auto held = std::async(std::launch::async, [&] { return sim_client(sim).chat("wait"); });
    while (sim.stat("in_flight") == 0) {
    }
    sim.control({{"outage", true}});
    BOOST_TEST((held.get().error() == Error::Read));
    BOOST_TEST(sim.stat("connections_open") == 0u);
    BOOST_TEST((sim_client(sim).chat("hi").error() == Error::Connection));
    sim.control({{"outage", false}});
    BOOST_TEST(sim_client(sim).chat("hi")->status == 200);
    BOOST_TEST(sim.stat("in_flight") == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_planned_outage_comes_and_goes_by_itself) {
  sim_process away({"--outage", "0s:1h"});
  BOOST_TEST((sim_client(away).chat("hi").error() == Error::Connection));
  sim_process short_away({"--outage", "0s:200ms"});
  BOOST_TEST(ask_until_answered(short_away) == 200);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tls)

BOOST_AUTO_TEST_CASE(the_made_certificate_is_trusted_where_it_was_written) {
  temp_dir dir;
  const std::string ca = (dir / "ca.pem").string();
  sim_process sim({"--tls", "--write-ca", ca});
  BOOST_TEST(sim.url().starts_with("https://127.0.0.1:"));
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    httplib::SSLClient client(host, sim.port());
    client.set_address_family(AF_INET);
    client.set_keep_alive(true);
    client.set_ca_cert_path(ca);
    for (int i = 0; i < 3; ++i) {
      const auto reply = client.Post("/v1/chat/completions", chat_body(std::string(100'000, 'x')),
                                     "application/json");
      BOOST_REQUIRE(reply);
      BOOST_TEST(content_of(reply).size() == 100'006u);
    }
  }
  BOOST_TEST(sim.stat("connections_total") == 2u);
  httplib::SSLClient stranger("127.0.0.1", sim.port()); // trusts the system's authorities only
  BOOST_TEST((stranger.Get("/healthz").error() == Error::SSLServerVerification));
}

BOOST_AUTO_TEST_CASE(faults_happen_through_tls_too) {
  temp_dir dir;
  const std::string ca = (dir / "ca.pem").string();
  sim_process sim({"--tls", "--write-ca", ca, "--rate-truncated", "1", "--latency", "1ms"});
  httplib::SSLClient client("127.0.0.1", sim.port());
  client.set_ca_cert_path(ca);
  const auto ask = [&] {
    return client.Post("/v1/chat/completions", chat_body("hi"), "application/json");
  };
  BOOST_TEST(!ask());
  sim.control({{"rate_truncated", 0}, {"rate_reset_after", 1}});
  BOOST_TEST(!ask());
  sim.control({{"rate_reset_after", 0}});
  BOOST_TEST(ask()->status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
