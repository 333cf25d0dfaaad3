// A spilled line is byte for byte the line that a held answer would have become.
#include "actors/results/spilled_line.hpp"

#include "actors/results/answered_line.hpp"
#include "storage/rocks/open.hpp"
#include "tests/support/failing_disk.hpp"
#include "tests/unit/actors/job_file.hpp"

#include <filesystem>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(spilled_lines)

namespace {

struct spill_world : job_world {
  batch_id id = run(jobs_text(3)).id;
  work_item item;
  call_report report;

  spill_world() {
    auto context = std::make_shared<batch_context>();
    context->id = id;
    item.batch = std::move(context);
    item.line = 1;
    item.custom_id = "c\"1";
    item.model = "m";
    report.status = 200;
    report.request_id = "req_1";
    report.sent = true;
  }

  size_t files() const {
    size_t n = 0;
    for (const auto& e : std::filesystem::directory_iterator{dir.path() / "blobs"})
      n += e.is_regular_file() ? 1U : 0U;
    return n;
  }
};

result<void> feed(spilled_line& to, std::string_view body, size_t piece) {
  for (size_t at = 0; at < body.size(); at += piece)
    if (auto ok = to.append(body.substr(at, piece)); !ok) return ok;
  return to.end();
}

std::string long_body() {
  return R"({"text":")" + std::string(300'000, 'z') +
         R"(","usage":{"prompt_tokens":3,"completion_tokens":4}})";
}

} // namespace

BOOST_FIXTURE_TEST_CASE(it_is_the_line_that_a_held_answer_becomes, spill_world) {
  item.ambiguous = true;
  item.model_replaced = true;
  item.replaced_model = "other";
  spilled_line spill{*db, item, "p"};
  must(spill.begin(report));
  must(feed(spill, long_body(), 1000));
  auto line = must(spill.finish(2, report));
  report.body = long_body();
  const auto held = answered_line(item, 2, report, {}, "p");
  BOOST_TEST((line.tokens == held.tokens));
  BOOST_TEST(line.code == held.code);
  BOOST_TEST(line.attempts == held.attempts);
  BOOST_TEST((line.kind == held.kind));
  BOOST_TEST(line.long_text->bytes() == held.text.size());
  commit({std::move(line)});
  BOOST_TEST((log(id, output_kind::ok) == held.text));
  check(id);
}

BOOST_FIXTURE_TEST_CASE(what_is_not_json_is_refused_and_leaves_nothing, spill_world) {
  for (const std::string body : {"<html>", "{\"a\":", "[1]]", "7"}) {
    spilled_line spill{*db, item, "p"};
    must(spill.begin(report));
    BOOST_TEST((kind(feed(spill, body, 3)) == errc::invalid_input), body);
  }
  BOOST_TEST(files() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_call_that_begins_anew_leaves_nothing_of_the_first, spill_world) {
  spilled_line spill{*db, item, "p"};
  must(spill.begin(report));
  must(spill.append("{\"half\":"));
  must(spill.begin(report));
  must(feed(spill, long_body(), 5000));
  auto line = must(spill.finish(1, report));
  BOOST_TEST(files() == 1U);
  commit({std::move(line)});
  BOOST_TEST(log(id, output_kind::ok).find("half") == std::string::npos);
  check(id);
}

BOOST_FIXTURE_TEST_CASE(a_full_disk_fails_the_spill_and_not_the_store, spill_world) {
  const auto fs = std::make_shared<test::failing_fs>();
  const auto env = rocksdb::NewCompositeEnv(fs);
  db.reset();
  db = must(open_rocks_store({dir.text(), uint64_t{32} << 20}, env.get()));
  {
    spilled_line spill{*db, item, "p"};
    must(spill.begin(report));
    fs->what = test::failing::all_appends;
    BOOST_TEST((kind(feed(spill, long_body(), 1000)) == errc::no_space));
    fs->what = test::failing::nothing;
  }
  BOOST_TEST(files() == 0U);
  commit({ok_result(id, 1)});
  check(id);
  db.reset();
}

BOOST_AUTO_TEST_SUITE_END()
