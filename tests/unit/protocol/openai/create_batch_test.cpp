#include "protocol/openai/create_batch.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::openai;
using namespace std::chrono_literals;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(openai_create_batch)

namespace {

const auto must = R"("input_file_id":"file-00000000000000ab","endpoint":"/v1/embeddings")"s;

create_batch_request read(const std::string& more) {
  auto got = parse_create_batch("{" + must + more + "}");
  BOOST_REQUIRE_MESSAGE(got, got.error().message);
  return *got;
}

api_error wrong(const std::string& body) {
  const auto got = parse_create_batch(body);
  BOOST_REQUIRE_MESSAGE(!got, body);
  return got.error();
}

/// The field that is wrong.
std::string field(const std::string& more) {
  const auto e = wrong("{" + must + more + "}");
  BOOST_TEST(e.status == 400);
  BOOST_TEST(e.type == "invalid_request_error");
  return e.param.value_or("none");
}

} // namespace

BOOST_AUTO_TEST_CASE(two_fields_are_enough) {
  const auto got = read("");
  BOOST_TEST(got.input_file == 0xABU);
  BOOST_TEST(got.endpoint == "/v1/embeddings");
  BOOST_TEST(got.completion_window == "24h");
  BOOST_TEST((got.window == 24h));
  BOOST_TEST(got.metadata.empty());
  BOOST_TEST(!got.output_expires_after);
  BOOST_TEST((got.format == jobs::job_format::jsonl));
  BOOST_TEST((got.on_invalid == on_invalid::fail));
  BOOST_TEST(got.model.empty());
  BOOST_TEST(got.weight == 1U);
  BOOST_TEST(got.max_attempts == 0U);
  BOOST_TEST(got.max_line_bytes == jobs::default_max_line_bytes);
}

BOOST_AUTO_TEST_CASE(every_field_is_read) {
  const auto got =
    read(R"(,"completion_window":"48h","metadata":{"b":"1","a":"é"},)"
         R"("output_expires_after":{"anchor":"created_at","seconds":3600},"format":"text",)"
         R"("on_invalid":"skip","model":"m","weight":5,"max_attempts":9,"max_line_bytes":2048,)"
         R"("priority":-3,"line_deadline":"10m","expires_after":"36h")");
  BOOST_TEST(got.completion_window == "48h");
  BOOST_TEST((got.window == 48h));
  BOOST_TEST((got.metadata == metadata_list{{"b", "1"}, {"a", "é"}}));
  BOOST_TEST((got.output_expires_after == 3600s));
  BOOST_TEST((got.format == jobs::job_format::text));
  BOOST_TEST((got.on_invalid == on_invalid::skip));
  BOOST_TEST(got.model == "m");
  BOOST_TEST(got.weight == 5U);
  BOOST_TEST(got.priority == -3);
  BOOST_TEST((got.line_deadline == std::chrono::minutes{10}));
  BOOST_TEST((got.expires_after == std::chrono::hours{36}));
  BOOST_TEST(got.max_attempts == 9U);
  BOOST_TEST(got.max_line_bytes == 2048U);
}

BOOST_AUTO_TEST_CASE(null_is_the_same_as_missing) {
  const auto got = read(R"(,"completion_window":null,"metadata":null,"output_expires_after":null,)"
                        R"("format":null,"on_invalid":null,"model":null,"weight":null)");
  BOOST_TEST(got.completion_window == "24h");
  BOOST_TEST(got.weight == 1U);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_no_object_is_refused) {
  for (const auto* body : {"", "[]", "{", "null", "{\"endpoint\":\"\xff\"}"}) {
    BOOST_TEST(wrong(body).code.value() == "invalid_json", body);
  }
}

BOOST_AUTO_TEST_CASE(a_missing_field_is_named) {
  const auto file = wrong(R"({"endpoint":"/v1/embeddings"})");
  BOOST_TEST(file.param.value() == "input_file_id");
  BOOST_TEST(file.code.value() == "missing_required_parameter");
  const auto endpoint = wrong(R"({"input_file_id":"file-00000000000000ab"})");
  BOOST_TEST(endpoint.param.value() == "endpoint");
  BOOST_TEST(endpoint.message.find("/v1/responses") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_there_is_not_found) {
  const auto e = wrong(R"({"input_file_id":"file-abc","endpoint":"/v1/embeddings"})");
  BOOST_TEST(e.status == 404);
  BOOST_TEST(e.message == "No such File object: file-abc");
  BOOST_TEST(e.param.value() == "input_file_id");
  const auto batch =
    wrong(R"({"input_file_id":"batch_00000000000000ab","endpoint":"/v1/embeddings"})");
  BOOST_TEST(batch.status == 404);
  const auto output =
    wrong(R"({"input_file_id":"file-o00000000000000ab","endpoint":"/v1/embeddings"})");
  BOOST_TEST(output.status == 400);
  BOOST_TEST(wrong(R"({"input_file_id":7,"endpoint":"/v1/embeddings"})").status == 400);
}

BOOST_AUTO_TEST_CASE(a_wrong_endpoint_gets_a_suggestion) {
  const auto e = wrong(R"({"input_file_id":"file-00000000000000ab","endpoint":"/v1/embedding"})");
  BOOST_TEST(e.param.value() == "endpoint");
  BOOST_TEST(e.message.find("did you mean \"/v1/embeddings\"?") != std::string::npos);
  BOOST_TEST(wrong(R"({"input_file_id":"file-00000000000000ab","endpoint":7})").param.value() ==
             "endpoint");
}

BOOST_AUTO_TEST_CASE(an_unknown_field_gets_a_suggestion) {
  const auto e = wrong("{" + must + R"(,"on_invalud":"skip"})");
  BOOST_TEST(e.code.value() == "unknown_parameter");
  BOOST_TEST(e.param.value() == "on_invalud");
  BOOST_TEST(e.message == R"("on_invalud" is not a field of a batch; did you mean "on_invalid"?)");
  BOOST_TEST(field(R"(,"whatever":1)") == "whatever");
}

BOOST_AUTO_TEST_CASE(a_wrong_value_names_its_field) {
  BOOST_TEST(field(R"(,"completion_window":"soon")") == "completion_window");
  BOOST_TEST(field(R"(,"completion_window":24)") == "completion_window");
  BOOST_TEST(field(R"(,"format":"csv")") == "format");
  BOOST_TEST(field(R"(,"on_invalid":"ignore")") == "on_invalid");
  BOOST_TEST(field(R"(,"model":"")") == "model");
  BOOST_TEST(field(R"(,"model":7)") == "model");
  for (const auto* priority : {"-101", "101", "1.5", "\"1\""}) {
    BOOST_TEST(field(R"(,"priority":)"s + priority) == "priority", priority);
  }
  for (const auto* time : {"\"0s\"", "\"10\"", "\"soon\"", "\"400d\"", "60"}) {
    BOOST_TEST(field(R"(,"line_deadline":)"s + time) == "line_deadline", time);
    BOOST_TEST(field(R"(,"expires_after":)"s + time) == "expires_after", time);
  }
  for (const auto* weight : {"0", "101", "-1", "1.5", "\"1\""}) {
    BOOST_TEST(field(R"(,"weight":)"s + weight) == "weight", weight);
  }
  BOOST_TEST(field(R"(,"max_attempts":0)") == "max_attempts");
  BOOST_TEST(field(R"(,"max_line_bytes":10)") == "max_line_bytes");
  BOOST_TEST(field(R"(,"max_line_bytes":1000000000)") == "max_line_bytes");
}

BOOST_AUTO_TEST_CASE(metadata_has_the_limits_of_openai) {
  const auto of = [](size_t pairs, size_t key, size_t value, const std::string& letter = "é") {
    std::string out;
    for (size_t i = 0; i < pairs; ++i) {
      auto name = std::to_string(i);
      while (name.size() < key) name += 'k';
      std::string text;
      for (size_t j = 0; j < value; ++j) text += letter;
      out += (i ? ",\"" : "\"") + name + "\":\"" + text + "\"";
    }
    return R"(,"metadata":{)" + out + "}";
  };
  BOOST_TEST(read(of(16, 64, 512)).metadata.size() == 16U);
  BOOST_TEST(field(of(17, 3, 3)) == "metadata");
  BOOST_TEST(field(of(1, 65, 3)) == "metadata");
  BOOST_TEST(field(of(1, 3, 513)) == "metadata");
  BOOST_TEST(field(R"(,"metadata":{"":"x"})") == "metadata");
  BOOST_TEST(field(R"(,"metadata":{"a":1})") == "metadata");
  BOOST_TEST(field(R"(,"metadata":[])") == "metadata");
}

BOOST_AUTO_TEST_CASE(an_expiry_has_an_anchor_and_a_range) {
  for (const auto* expiry :
       {R"({"anchor":"created_at","seconds":3599})", R"({"anchor":"created_at","seconds":2592001})",
        R"({"anchor":"now","seconds":3600})", R"({"seconds":3600})", R"({"anchor":"created_at"})",
        "7", R"({"anchor":"created_at","seconds":"3600"})"}) {
    BOOST_TEST(field(R"(,"output_expires_after":)"s + expiry) == "output_expires_after", expiry);
  }
  BOOST_TEST((read(R"(,"output_expires_after":{"anchor":"created_at","seconds":2592000})")
                .output_expires_after == 2592000s));
}

BOOST_AUTO_TEST_CASE(windows_are_minutes_hours_and_days) {
  BOOST_TEST((parse_window("24h").value() == 24h));
  BOOST_TEST((parse_window("90m").value() == 90min));
  BOOST_TEST((parse_window("7d").value() == 168h));
  BOOST_TEST((parse_window("366d").value() == 366 * 24h));
  for (const auto* bad : {"", "h", "0h", "-1h", "24", "24 h", "24hh", "1.5h", "367d",
                          "99999999999999999999h", "9223372036854775807d"}) {
    BOOST_TEST(!parse_window(bad), bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()
