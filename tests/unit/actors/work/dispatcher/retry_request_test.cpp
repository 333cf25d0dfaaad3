#include "actors/work/dispatcher/retry_request.hpp"

#include "tests/unit/actors/job_file.hpp"

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(asking_for_a_retry)

namespace {

const auto always = [] { return true; };

struct retry_world : job_world {
  /// Four lines at their end: 0 good, 1 with 403, 2 and 3 with 500.
  batch_record parent = run(jobs_text(4));

  retry_world() {
    commit({ok_result(parent.id, 0), error_result(parent.id, 1, 403),
            error_result(parent.id, 2, 500), error_result(parent.id, 3, 500)});
    set_status(parent.id, batch_status::completed);
  }

  /// A retry of what make_retry says, in progress.
  batch_record begin(const std::string& only = {}) {
    const auto r = must(make_retry(*db, parent.id, only));
    const auto made = make(r.definition);
    std::optional<uint32_t> segment = 0;
    while (segment) segment = must(db->select_failed(made.id, *segment));
    return must(db->end_validation({made.id, 0, {}, false, false, at(3000)}));
  }

  result<void> check_only(const std::string& only, const std::function<bool()>& go_on = always) {
    const auto r = make_retry(*db, parent.id, only);
    if (!r) return tl::unexpected{r.error()};
    return check_takes_lines(*db, r->definition, go_on);
  }
};

bool has(const error& e, std::string_view text) {
  return e.message.find(text) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(it_goes_on_from_the_newest_batch_of_the_chain, retry_world) {
  const auto first = begin("500");
  BOOST_TEST((kind(make_retry(*db, parent.id, "")) == errc::conflict)); // it runs
  commit({ok_result(first.id, 2), ok_result(first.id, 3)});
  set_status(first.id, batch_status::completed);
  // Everything in the newest succeeded; its parent has one left.
  BOOST_TEST(must(make_retry(*db, parent.id, "")).definition.retry_of == first.id);
  const auto second = begin();
  BOOST_TEST(second.progress.total == 1U);
  commit({ok_result(second.id, 1)});
  set_status(second.id, batch_status::completed);
  const auto nothing = make_retry(*db, first.id, "");
  BOOST_TEST((kind(nothing) == errc::conflict));
  BOOST_TEST(has(nothing.error(), "nothing to retry"));
}

BOOST_FIXTURE_TEST_CASE(one_that_was_cancelled_before_it_began_is_no_link, retry_world) {
  const auto r = must(make_retry(*db, parent.id, "403"));
  const auto made = make(r.definition);
  set_status(made.id, batch_status::cancelled);
  BOOST_TEST(must(make_retry(*db, parent.id, "")).definition.retry_of == parent.id);
  BOOST_TEST(must(make_retry(*db, made.id, "")).definition.retry_of == parent.id);
}

BOOST_FIXTURE_TEST_CASE(codes_that_a_retry_cannot_take_are_refused, retry_world) {
  for (const auto* code :
       {"timeout", "connection_reset", "nonsense", "line_invalid", "50", "5000"}) {
    BOOST_TEST_CONTEXT(code)
    BOOST_TEST((kind(make_retry(*db, parent.id, code)) == errc::invalid_input));
  }
  BOOST_TEST(has(make_retry(*db, parent.id, "timeout").error(), "retries_used_up"));
  BOOST_TEST(has(make_retry(*db, parent.id, "nonsense").error(), "retries_used_up"));
  for (const auto* code : {"500", "retries_used_up", "batch_expired", "batch_cancelled"}) {
    BOOST_TEST(must(make_retry(*db, parent.id, code)).definition.retry_only == code);
  }
  BOOST_TEST(must(make_retry(*db, parent.id, "0500")).definition.retry_only == "500");
}

BOOST_FIXTURE_TEST_CASE(what_would_take_no_line_is_refused_with_the_codes_there_are, retry_world) {
  must(check_only(""));
  must(check_only("403"));
  const auto none = check_only("502");
  BOOST_TEST((kind(none) == errc::conflict));
  BOOST_TEST(has(none.error(), "403 (1 line), 500 (2 lines)"), none.error().message);
  must(check_only("502", [] { return false; })); // there was no time to look
}

BOOST_AUTO_TEST_CASE(lines_that_were_found_invalid_are_nothing_to_retry) {
  job_world w;
  auto d = w.definition(w.upload(jobs_text(2)).id);
  d.on_invalid = invalid_policy::skip;
  const auto parent = w.make(d);
  must(w.db->end_validation({parent.id, 0, {}, false, false, at(2000)}));
  w.commit({ok_result(parent.id, 0), error_result(parent.id, 1, result_code::line_invalid)});
  w.set_status(parent.id, batch_status::completed);
  const auto r = must(make_retry(*w.db, parent.id, ""));
  const auto refused = check_takes_lines(*w.db, r.definition, always);
  BOOST_TEST((kind(refused) == errc::conflict));
  BOOST_TEST(has(refused.error(), "line_invalid"), refused.error().message);
}

BOOST_AUTO_TEST_SUITE_END()
