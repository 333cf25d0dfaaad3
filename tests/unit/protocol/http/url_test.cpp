#include "protocol/http/url.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;

BOOST_AUTO_TEST_SUITE(url_)

BOOST_AUTO_TEST_CASE(a_base_url_is_taken_apart) {
  BOOST_TEST((parse_base_url("https://api.openai.com/v1").value() ==
              url{true, "api.openai.com", 443, "/v1"}));
  BOOST_TEST(
    (parse_base_url("HTTP://127.0.0.1:8080").value() == url{false, "127.0.0.1", 8080, ""}));
  BOOST_TEST((parse_base_url("http://Host/").value() == url{false, "host", 80, ""}));
  BOOST_TEST((parse_base_url("https://h:8443/a/b//").value() == url{true, "h", 8443, "/a/b"}));
  BOOST_TEST((parse_base_url("http://[::1]:9/v1/").value() == url{false, "::1", 9, "/v1"}));
  BOOST_TEST(
    (parse_base_url("https://[2001:DB8::1]").value() == url{true, "2001:db8::1", 443, ""}));
}

BOOST_AUTO_TEST_CASE(it_is_shown_again_as_it_is_sent) {
  const auto shown = [](const char* text) { return parse_base_url(text).value(); };
  BOOST_TEST(shown("https://h:443/v1").to_string() == "https://h/v1");
  BOOST_TEST(shown("http://[::1]:9/v1").host_header() == "[::1]:9");
  BOOST_TEST(shown("http://[::1]").host_header() == "[::1]");
  BOOST_TEST(shown("https://h").authority() == "h:443");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_base_url_is_refused_with_what_to_write) {
  for (const char* bad : {"",
                          "api.openai.com",
                          "ftp://h",
                          "socks5://h",
                          "://h",
                          "http://",
                          "http:///v1",
                          "http://h:",
                          "http://h:0",
                          "http://h:65536",
                          "http://h:1x",
                          "http://::1",
                          "http://[::1",
                          "http://[]",
                          "http://[1.2.3.4]",
                          "http://[::1]x",
                          "http://h?a=b",
                          "http://h/v1?a=b",
                          "http://h/v1#x",
                          "http://h h",
                          "http://h\r\nX: 1",
                          "http://h\x01",
                          "http://\xc3\xa4.de",
                          "http://h%2e"}) {
    const auto got = parse_base_url(bad);
    BOOST_REQUIRE_MESSAGE(!got, bad);
    BOOST_TEST((got.error().kind == errc::invalid_input));
    BOOST_TEST(got.error().message.find("http") != std::string::npos, got.error().message);
  }
}

BOOST_AUTO_TEST_CASE(a_user_or_password_is_refused_and_never_shown) {
  for (const char* bad : {"https://me:hush@h/v1", "https://me@h", "https://me:hush@h:x?y"}) {
    const auto got = parse_base_url(bad);
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().message.find("hush") == std::string::npos);
    BOOST_TEST(got.error().message.find("password") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(the_base_url_stands_for_the_v1_of_a_jobs_url) {
  BOOST_TEST(join_path("", "/v1/chat/completions") == "/v1/chat/completions");
  BOOST_TEST(join_path("/v1", "/v1/chat/completions") == "/v1/chat/completions");
  BOOST_TEST(join_path("/openai/v1", "/v1/embeddings") == "/openai/v1/embeddings");
  BOOST_TEST(join_path("/v1beta/openai", "/v1/embeddings") == "/v1beta/openai/embeddings");
  BOOST_TEST(join_path("/v1", "/v10/x") == "/v1/v10/x");
}

BOOST_AUTO_TEST_CASE(only_visible_ascii_is_a_request_path) {
  BOOST_TEST(is_request_path("/v1/chat/completions"));
  BOOST_TEST(is_request_path("/a?b=c%20d"));
  for (const char* bad : {"", "v1", "/a b", "/a\r\n", "/\x7f", "/\xc3\xa4"})
    BOOST_TEST(!is_request_path(bad));
  BOOST_TEST(!is_request_path("/" + std::string(9000, 'a')));
}

BOOST_AUTO_TEST_SUITE_END()
