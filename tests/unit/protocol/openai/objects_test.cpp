#include "protocol/openai/batch_object.hpp"
#include "protocol/openai/file_object.hpp"
#include "protocol/openai/list.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::openai;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(openai_objects)

namespace {

file_object some_file() {
  file_object f;
  f.id = "file-0000000000000001";
  f.bytes = 120;
  f.created_at = 1711471533;
  f.filename = "jobs \"1\".jsonl";
  return f;
}

batch_object full_batch() {
  batch_object b;
  b.id = "batch_0000000000000002";
  b.endpoint = "/v1/chat/completions";
  b.model = "m";
  b.errors = {{"invalid_json_line", "not JSON", "p", 7}, {"empty_file", "empty", {}, {}}};
  b.input_file_id = "file-0000000000000001";
  b.status = "completed";
  b.output_file_id = "file-o0000000000000002";
  b.error_file_id = "file-e0000000000000002";
  b.created_at = 1;
  b.in_progress_at = 2;
  b.expires_at = 3;
  b.finalizing_at = 4;
  b.completed_at = 5;
  b.failed_at = 6;
  b.expired_at = 7;
  b.cancelling_at = 8;
  b.cancelled_at = 9;
  b.total = 100;
  b.completed = 95;
  b.failed = 5;
  b.usage = batch_usage{10, 1, 20, 2};
  b.metadata = {{"z", "1"}, {"a", "2"}};
  batch_extra x;
  x.paused = true;
  x.pause_reason = "key refused";
  x.retry_of = "batch_0000000000000001";
  x.format = "text";
  x.on_invalid = "skip";
  x.weight = 3;
  x.priority = -7;
  x.line_deadline_ms = 60'000;
  x.problems = 4;
  x.retried = 5;
  x.ambiguous = 6;
  x.dropped = 7;
  x.waiting_for = {"the key was refused"};
  b.perennial = x;
  return b;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_file_is_written_with_null_for_what_is_not_there) {
  BOOST_TEST(to_json(some_file()) ==
             R"({"id":"file-0000000000000001","object":"file","bytes":120,"created_at":1711471533,)"
             R"("expires_at":null,"filename":"jobs \"1\".jsonl","purpose":"batch",)"
             R"("status":"processed","status_details":null})");
}

BOOST_AUTO_TEST_CASE(a_deletion_is_answered_with_the_id) {
  BOOST_TEST(deleted_json("file-1") == R"({"id":"file-1","object":"file","deleted":true})");
}

BOOST_AUTO_TEST_CASE(a_new_batch_has_null_for_all_that_is_to_come) {
  batch_object b;
  b.id = "batch_1";
  b.endpoint = "/v1/embeddings";
  b.input_file_id = "file-1";
  b.created_at = 5;
  BOOST_TEST(
    to_json(b) ==
    R"({"id":"batch_1","object":"batch","endpoint":"/v1/embeddings","model":null,"errors":null,)"
    R"("input_file_id":"file-1","completion_window":"24h","status":"validating",)"
    R"("output_file_id":null,"error_file_id":null,"created_at":5,"in_progress_at":null,)"
    R"("expires_at":null,"finalizing_at":null,"completed_at":null,"failed_at":null,)"
    R"("expired_at":null,"cancelling_at":null,"cancelled_at":null,)"
    R"("request_counts":{"total":0,"completed":0,"failed":0},"usage":null,"metadata":null})");
}

BOOST_AUTO_TEST_CASE(a_batch_is_written_with_all_its_fields) {
  BOOST_TEST(
    to_json(full_batch()) ==
    R"({"id":"batch_0000000000000002","object":"batch","endpoint":"/v1/chat/completions",)"
    R"("model":"m","errors":{"object":"list","data":[{"code":"invalid_json_line",)"
    R"("message":"not JSON","param":"p","line":7},{"code":"empty_file","message":"empty",)"
    R"("param":null,"line":null}]},"input_file_id":"file-0000000000000001",)"
    R"("completion_window":"24h","status":"completed","output_file_id":"file-o0000000000000002",)"
    R"("error_file_id":"file-e0000000000000002","created_at":1,"in_progress_at":2,"expires_at":3,)"
    R"("finalizing_at":4,"completed_at":5,"failed_at":6,"expired_at":7,"cancelling_at":8,)"
    R"("cancelled_at":9,"request_counts":{"total":100,"completed":95,"failed":5},)"
    R"("usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":1},"output_tokens":20,)"
    R"("output_tokens_details":{"reasoning_tokens":2},"total_tokens":30},)"
    R"("metadata":{"z":"1","a":"2"},"perennial":{"paused":true,"pause_reason":"key refused",)"
    R"("retry_of":"batch_0000000000000001","format":"text","on_invalid":"skip","weight":3,"priority":-7,"line_deadline_ms":60000,)"
    R"("problems":4,"retried":5,"ambiguous":6,"dropped":7,"waiting_for":["the key was refused"]}})");
}

BOOST_AUTO_TEST_CASE(objects_read_back_as_they_were) {
  auto file = some_file();
  file.expires_at = 9;
  file.status_details = "x";
  BOOST_TEST((parse_file(to_json(file)).value() == file));
  BOOST_TEST((parse_file(to_json(some_file())).value() == some_file()));
  BOOST_TEST((parse_batch(to_json(full_batch())).value() == full_batch()));
  batch_object fresh;
  fresh.id = "batch_1";
  BOOST_TEST((parse_batch(to_json(fresh)).value() == fresh));
}

BOOST_AUTO_TEST_CASE(what_is_no_such_object_is_refused) {
  for (const auto* text : {"", "[]", "{}", "7", R"({"object":"batch"})", R"({"object":7,"id":"x"})",
                           R"({"object":"model","id":"x"})"}) {
    BOOST_TEST(!parse_file(text), text);
    BOOST_TEST(!parse_batch(text), text);
    BOOST_TEST(!parse_batch_list(text), text);
  }
  BOOST_TEST(!parse_batch(to_json(some_file())));
}

BOOST_AUTO_TEST_CASE(fields_of_the_wrong_kind_are_taken_as_missing) {
  const auto b = parse_batch(R"({"object":"batch","id":"b","created_at":"x","errors":[],"usage":7,)"
                             R"("request_counts":null,"metadata":{"a":1,"b":"c"},"expires_at":1.5,)"
                             R"("perennial":{"weight":-1,"problems":-5}})");
  BOOST_REQUIRE(b);
  BOOST_TEST(b->created_at == 0);
  BOOST_TEST(!b->expires_at);
  BOOST_TEST(b->metadata.size() == 1U);
  BOOST_TEST(b->perennial->weight == 1U);
  BOOST_TEST(b->perennial->problems == 0U);
}

BOOST_AUTO_TEST_CASE(file_names_that_are_not_utf8_do_not_break_the_object) {
  auto f = some_file();
  f.filename = "\xff\xfe";
  BOOST_TEST(parse_file(to_json(f)).has_value());
}

BOOST_AUTO_TEST_CASE(a_problem_becomes_an_entry_of_errors) {
  jobs::line_problem p;
  p.number = 12;
  p.code = "url_mismatch";
  p.message = "m";
  BOOST_TEST((to_batch_error(p) == batch_error{"url_mismatch", "m", {}, 12}));
  BOOST_TEST(!to_batch_error(jobs::empty_file()).line);
}

BOOST_AUTO_TEST_CASE(a_list_names_its_first_and_last) {
  std::vector<file_object> files{some_file(), some_file()};
  files[1].id = "file-0000000000000002";
  BOOST_TEST(list_json(files, true) ==
             R"({"object":"list","data":[)" + to_json(files[0]) + "," + to_json(files[1]) +
               R"(],"first_id":"file-0000000000000001","last_id":"file-0000000000000002",)" +
               R"("has_more":true})");
  BOOST_TEST(list_json(std::vector<batch_object>{}, false) ==
             R"({"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false})");
}

BOOST_AUTO_TEST_CASE(a_list_of_batches_reads_back) {
  const std::vector<batch_object> batches{full_batch(), full_batch()};
  const auto got = parse_batch_list(list_json(batches, true)).value();
  BOOST_TEST((got.data == batches));
  BOOST_TEST(got.has_more);
}

BOOST_AUTO_TEST_SUITE_END()
