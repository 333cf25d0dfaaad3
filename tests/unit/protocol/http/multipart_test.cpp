#include "protocol/http/multipart.hpp"

#include "protocol/http/multipart_head.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

namespace http = perennial::http;
using perennial::errc;
using perennial::fail;
using perennial::result;

BOOST_AUTO_TEST_SUITE(http_multipart)

namespace {

struct collected {
  http::part_head head;
  std::string content;
  bool ended = false;
};

struct collector : http::part_handler {
  std::vector<collected> parts;
  size_t fail_after = SIZE_MAX;
  result<void> part_begin(const http::part_head& head) override {
    parts.push_back({head, {}, false});
    return {};
  }
  result<void> part_data(std::string_view bytes) override {
    BOOST_TEST(!bytes.empty());
    parts.back().content += bytes;
    if (parts.back().content.size() > fail_after) return fail(errc::no_space, "full");
    return {};
  }
  result<void> part_end() override {
    parts.back().ended = true;
    return {};
  }
};

const std::string boundary = "----b0und";

std::string field(const std::string& name, const std::string& value) {
  return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" +
         value + "\r\n";
}

std::string file(const std::string& name, const std::string& content) {
  return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name +
         "\"\r\nContent-Type: application/jsonl\r\n\r\n" + content + "\r\n";
}

const std::string closing = "--" + boundary + "--\r\n";

/// Reads `body` in pieces of `size` bytes.
result<void> read(std::string_view body, size_t size, collector& into,
                  http::multipart_limits limits = {}) {
  http::multipart_reader reader{boundary, into, limits};
  while (!body.empty()) {
    const auto piece = body.substr(0, size);
    body.remove_prefix(piece.size());
    if (auto ok = reader.feed(piece); !ok) return ok;
  }
  return reader.finish();
}

} // namespace

BOOST_AUTO_TEST_CASE(parts_come_out_the_same_wherever_the_body_is_cut) {
  // Contents full of what looks like the delimiter's start.
  const std::string tricky = "a\r\n--\r\n----b0un\r\r\n----b0unX\r\n\r\n--";
  const auto body = "preamble\r\n" + field("purpose", "batch") + file("a.jsonl", tricky) +
                    field("empty", "") + file("", "") + closing + "epilogue\r\n--" + boundary;
  for (size_t size = 1; size <= body.size(); ++size) {
    collector got;
    BOOST_REQUIRE(read(body, size, got));
    BOOST_REQUIRE(got.parts.size() == 4U);
    BOOST_TEST(got.parts[0].head.name == "purpose");
    BOOST_TEST(!got.parts[0].head.filename.has_value());
    BOOST_TEST(got.parts[0].content == "batch");
    BOOST_TEST(got.parts[1].head.filename.value() == "a.jsonl");
    BOOST_TEST(got.parts[1].head.content_type == "application/jsonl");
    BOOST_TEST(got.parts[1].content == tricky);
    BOOST_TEST(got.parts[2].content.empty());
    BOOST_TEST(got.parts[3].head.filename.value().empty());
    for (const auto& part : got.parts) BOOST_TEST(part.ended);
  }
}

BOOST_AUTO_TEST_CASE(content_is_a_view_into_what_was_fed) {
  struct : collector {
    std::string_view fed;
    result<void> part_data(std::string_view bytes) override {
      BOOST_TEST(
        (bytes.data() >= fed.data() && bytes.data() + bytes.size() <= fed.data() + fed.size()));
      return {};
    }
  } got;
  const auto body = file("a", std::string(100'000, 'x')) + closing;
  got.fed = body;
  http::multipart_reader reader{boundary, got};
  BOOST_TEST(reader.feed(body).has_value());
  BOOST_TEST(reader.finish().has_value());
}

BOOST_AUTO_TEST_CASE(random_contents_survive_random_cuts) {
  std::mt19937 random{7};
  const std::string letters = "\r\n-b0und";
  for (auto round = 0; round < 500; ++round) {
    std::string content;
    for (auto n = random() % 200; n > 0; --n) content += letters[random() % letters.size()];
    if (content.find("\r\n--" + boundary) != std::string::npos) continue;
    collector got;
    BOOST_REQUIRE(read(file("f", content) + closing, 1 + random() % 30, got));
    BOOST_TEST(got.parts.at(0).content == content);
  }
}

BOOST_AUTO_TEST_CASE(broken_forms_are_refused) {
  const std::vector<std::string> bodies{
    "",
    "nothing like a form",
    field("a", "b"),              // no closing boundary
    file("a", "cut in the midd"), //
    "--" + boundary,              //
    "--" + boundary + "x\r\n",    // something behind the boundary
    "--" + boundary + "\r\n\r\nno headers\r\n" + closing,
    "--" + boundary + "\r\nContent-Disposition: form-data\r\n\r\nno name\r\n" + closing,
    "--" + boundary + "\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n" + closing,
    "--" + boundary + "\r\nContent-Type: text/plain\r\n\r\nx\r\n" + closing,
    "--" + boundary + "\r\nno colon\r\n\r\nx\r\n" + closing,
    "--" + boundary +
      "\r\nContent-Disposition: form-data; name=a\r\n"
      "Content-Disposition: form-data; name=b\r\n\r\nx\r\n" +
      closing,
    "--" + boundary + "\r\nX: " + std::string(20'000, 'a') + "\r\n\r\nx\r\n" + closing,
    std::string(20'000, 'p') + "\r\n" + field("a", "b") + closing, // a preamble without end
  };
  for (const auto& body : bodies)
    for (const auto size : {size_t{1}, size_t{100'000}}) {
      collector got;
      const auto read_it = read(body, size, got);
      BOOST_TEST_CONTEXT(body.substr(0, 100)) {
        BOOST_REQUIRE(!read_it);
        BOOST_TEST((read_it.error().kind == errc::invalid_input));
      }
    }
}

BOOST_AUTO_TEST_CASE(limits_hold_for_parts_and_fields_but_not_for_files) {
  http::multipart_limits limits;
  limits.parts = 3;
  limits.field_bytes = 10;
  collector many;
  BOOST_TEST(!read(field("a", "") + field("b", "") + field("c", "") + field("d", "") + closing, 7,
                   many, limits));
  collector three;
  BOOST_TEST(
    read(field("a", "0123456789") + file("f", std::string(1000, 'x')) + field("c", "") + closing, 7,
         three, limits)
      .has_value());
  collector large;
  BOOST_TEST(!read(field("a", "0123456789!") + closing, 7, large, limits));
}

BOOST_AUTO_TEST_CASE(an_error_of_the_handler_ends_the_reading_and_stays) {
  collector got;
  got.fail_after = 50;
  http::multipart_reader reader{boundary, got};
  const auto first = reader.feed(file("f", std::string(1000, 'x')));
  BOOST_REQUIRE(!first);
  BOOST_TEST((first.error().kind == errc::no_space));
  BOOST_TEST((reader.feed("more").error().kind == errc::no_space));
  BOOST_TEST((reader.finish().error().kind == errc::no_space));
}

BOOST_AUTO_TEST_CASE(the_boundary_is_found_in_the_content_type) {
  const auto of = [](std::string_view type) { return http::multipart_boundary(type); };
  BOOST_TEST(of("multipart/form-data; boundary=abc").value() == "abc");
  BOOST_TEST(of("Multipart/Form-Data; charset=utf-8; Boundary=\"a b;c\"").value() == "a b;c");
  BOOST_TEST(of("multipart/form-data;boundary=abc ; x=y").value() == "abc");
  for (const auto& bad :
       {std::string{}, std::string{"application/json"}, std::string{"multipart/form-data"},
        std::string{"multipart/form-data; boundary="}, std::string{"multipart/mixed; boundary=a"},
        "multipart/form-data; boundary=" + std::string(71, 'a')})
    BOOST_TEST(!of(bad), bad);
}

BOOST_AUTO_TEST_CASE(parameters_are_read_with_and_without_quotes) {
  const auto of = [](std::string_view value, std::string_view name) {
    return http::header_parameter(value, name).value_or("(none)");
  };
  BOOST_TEST(of("form-data; name=a; filename=\"b\"", "name") == "a");
  BOOST_TEST(of("form-data; name=a; filename=\"b\"", "filename") == "b");
  BOOST_TEST(of("form-data; filename=\"x; name=y\"; name=z", "name") == "z");
  BOOST_TEST(of("form-data; filename=\"a\\\"b\\\\c\\d\"", "filename") == "a\"b\\c\\d");
  BOOST_TEST(of("form-data; flag; name = \"a\"", "name") == "a");
  BOOST_TEST(of("form-data; name=\"open", "name") == "open");
  BOOST_TEST(of("form-data", "name") == "(none)");
  BOOST_TEST(of("form-data; xname=a", "name") == "(none)");
}

BOOST_AUTO_TEST_SUITE_END()
