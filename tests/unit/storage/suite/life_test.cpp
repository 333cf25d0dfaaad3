#include "storage/rule_set.hpp"
#include "tests/unit/storage/suite/world.hpp"

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(store_life_of_a_batch)

BOOST_AUTO_TEST_CASE_TEMPLATE(validation_goes_on_where_it_was, impl, implementations) {
  world<impl> w;
  const auto file = w.upload(lines(10));
  const auto batch = w.create(file.id);
  const auto id = batch.id;
  const auto rules = rule_set_of(batch.definition);
  BOOST_TEST(!must(w.db->unfinished_batches()).at(0).validation.has_value());
  const auto a = hash_128("a");
  const auto b = hash_128("b");
  const validation_cursor first{validation_phase::reading, 100, 3, 4};
  const validation_cursor second{validation_phase::duplicates, 200, 10, 11};
  must(w.db->record_validation({id, {{a, 0}, {b, 1}, {a, 2}}, first}));
  BOOST_TEST((must(w.db->unfinished_batches()).at(0).validation == first));
  must(w.db->record_validation({id, {{a, 9}}, second}));
  w.restart();
  BOOST_TEST((must(w.db->unfinished_batches()).at(0).validation == second));
  BOOST_TEST(must(w.db->find_custom_id(file.id, rules, a)) == (std::vector<line_no>{0, 2, 9}));
  BOOST_TEST(must(w.db->find_custom_id(file.id, rules, hash_128("c"))).empty());
  BOOST_TEST(must(w.db->find_custom_id(file.id + 1, rules, a)).empty());
  std::vector<std::pair<hash128, line_no>> seen;
  must(w.db->scan_custom_ids(file.id, rules, {}, [&](const hash128& h, line_no n) {
    seen.emplace_back(h, n);
    return true;
  }));
  BOOST_TEST(seen.size() == 4U);
  BOOST_TEST(std::is_sorted(seen.begin(), seen.end()));
  auto rest = std::vector(seen.begin() + 2, seen.end());
  must(w.db->scan_custom_ids(file.id, rules, {seen[1].first, seen[1].second + 1},
                             [&](const hash128& h, line_no n) {
                               BOOST_TEST((std::pair{h, n} == rest.front()));
                               rest.erase(rest.begin());
                               return true;
                             }));
  BOOST_TEST(rest.empty());
  must(w.db->scan_custom_ids(file.id, rules, {}, [&](const hash128&, line_no) {
    seen.clear();
    return false;
  }));
  BOOST_TEST(seen.empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_good_file_remembers_how_it_was_validated, impl, implementations) {
  world<impl> w;
  const auto file = w.upload(lines(2));
  batch_definition d;
  d.file = file.id;
  d.max_line_bytes = 99;
  d.endpoint = "/v1/embeddings";
  const auto id = must(w.db->create_batch(d, {})).batch.id;
  const auto batch = must(w.db->end_validation({id, 0, {}, false, true, at(5)}));
  BOOST_TEST((batch.state.status == batch_status::in_progress));
  BOOST_TEST((batch.state.in_progress_at == at(5)));
  const auto now = must(w.db->get_file(file.id));
  BOOST_TEST(now.good_under == rule_set_of(d));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bad_lines_fail_the_batch_and_are_kept_up_to_a_thousand, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.create(w.upload(lines(2)).id).id;
  std::vector<stored_problem> problems;
  for (uint64_t n = 0; n < 1500; ++n) problems.push_back({n, n * 10, "bad", "is bad"});
  const auto batch = must(w.db->end_validation({id, 5000, problems, true, false, at(5)}));
  BOOST_TEST((batch.state.status == batch_status::failed));
  BOOST_TEST((batch.state.failed_at == at(5)));
  BOOST_TEST(batch.state.problems == 5000U);
  w.restart();
  const auto kept = must(w.db->get_problems(id));
  BOOST_TEST(kept.size() == 1000U);
  BOOST_TEST((kept.back() == problems[999]));
  BOOST_TEST((must(w.db->get_batch(id)) == batch));
  BOOST_TEST(must(w.db->unfinished_batches()).empty());
  BOOST_TEST((kind(w.db->record_validation({id, {}, {}})) == errc::conflict));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(skipped_lines_become_results_while_validating, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.create(w.upload(lines(3)).id).id;
  w.commit({error_result(id, 1, result_code::line_invalid)});
  const auto batch = must(w.db->end_validation({id, 1, {{2, 7, "c", "m"}}, false, false, at(5)}));
  BOOST_TEST((batch.state.status == batch_status::in_progress));
  BOOST_TEST(batch.state.problems == 1U);
  BOOST_TEST(batch.progress.failed == 1U);
  w.check(id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(ending_a_validation_twice_is_told_apart_from_giving_it_again, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.create(w.upload(lines(3)).id).id;
  const validation_end end{id, 0, {}, false, false, at(5)};
  const auto first = must(w.db->end_validation(end));
  BOOST_TEST((must(w.db->end_validation(end)) == first));
  auto other = end;
  other.now = at(6);
  BOOST_TEST((kind(w.db->end_validation(other)) == errc::conflict));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_state_is_replaced_and_a_final_one_stays, impl, implementations) {
  world<impl> w;
  const auto id = w.running(3).id;
  batch_state state;
  state.status = batch_status::in_progress;
  state.paused = true;
  state.pause_reason = "20 equal errors";
  BOOST_TEST((must(w.db->set_state(id, state)).state == state));
  w.restart();
  BOOST_TEST((must(w.db->get_batch(id)).state == state));
  state.status = batch_status::completed;
  state.completed_at = at(9);
  must(w.db->set_state(id, state));
  BOOST_TEST(must(w.db->unfinished_batches()).empty());
  BOOST_TEST((must(w.db->set_state(id, state)).state == state)); // given again
  state.completed_at = at(10);
  BOOST_TEST((kind(w.db->set_state(id, state)) == errc::conflict));
  BOOST_TEST((kind(w.db->set_state(999, state)) == errc::not_found));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(lines_that_never_ran_have_their_places, impl, implementations) {
  world<impl> w;
  const auto id = w.running(2 * segment_lines).id;
  w.commit({ok_result(id, 0)});
  const auto batch =
    must(w.db->set_unrun(id, {{0, 1, 0, 1000, 65'535}, {1, 1, 1000, 1000, 65'536}}, 2000));
  BOOST_TEST(batch.progress.unrun_bytes == 2000U);
  w.set_status(id, batch_status::cancelled);
  w.restart();
  const auto unrun = must(w.db->get_unrun(id));
  BOOST_REQUIRE(unrun.size() == 2);
  BOOST_TEST((unrun[1] == store::unrun_segment{1, 1, 1000, 1000, 65'536}));
  BOOST_TEST(w.progress(id).unrun_bytes == 2000U);
  w.check(id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_deleted_file_is_hidden_but_unfinished_batches_read_on, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  const auto id = w.create(file.id).id;
  must(w.db->end_validation({id, 0, {}, false, false, at(2)}));
  const auto other = w.create(file.id);
  const auto rules = rule_set_of(other.definition);
  must(w.db->record_validation({other.id, {{hash_128("a"), 0}}, {}}));
  BOOST_TEST((must(w.db->delete_file(file.id)).state == file_state::deleted));
  BOOST_TEST((kind(w.db->get_file(file.id)) == errc::not_found));
  BOOST_TEST((kind(w.db->delete_file(file.id)) == errc::not_found));
  BOOST_TEST(must(w.db->list_files(0, 10, true)).empty());
  w.restart();
  BOOST_TEST(must(w.db->read_page(file.id, 0)).size == file.bytes);
  BOOST_TEST(must(w.db->page_of_line(file.id, 2)).size == file.bytes);
  w.set_status(id, batch_status::completed);
  BOOST_TEST(must(w.db->read_page(file.id, 0)).size == file.bytes); // the other batch has it
  w.set_status(must(w.db->list_batches(0, 1)).at(0).id, batch_status::cancelled);
  BOOST_TEST((kind(w.db->read_page(file.id, 0)) == errc::not_found));
  BOOST_TEST(must(w.db->find_custom_id(file.id, rules, hash_128("a"))).empty());
  w.restart();
  BOOST_TEST((kind(w.db->read_page(file.id, 0)) == errc::not_found));
  BOOST_TEST(must(w.db->get_batch(id)).progress.total == 3U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(pages_stay_while_lines_that_never_ran_are_rendered_from_them, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  const auto id = w.create(file.id).id;
  must(w.db->end_validation({id, 0, {}, false, false, at(2)}));
  must(w.db->set_unrun(id, {{0, 1, 0, 300, 3}}, 300));
  w.set_status(id, batch_status::cancelled);
  must(w.db->delete_file(file.id));
  w.restart();
  BOOST_TEST((kind(w.db->get_file(file.id)) == errc::not_found));
  BOOST_TEST(must(w.db->read_page(file.id, 0)).size == file.bytes);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_batch_over_a_deleted_file_keeps_its_results_and_has_no_retry, impl,
                              implementations) {
  world<impl> w;
  const auto parent = w.running(3);
  const auto file = parent.definition.file;
  w.commit(
    {ok_result(parent.id, 0), error_result(parent.id, 1, 500), error_result(parent.id, 2, 500)});
  w.set_status(parent.id, batch_status::completed);
  const auto retry = w.create(file, parent.id); // made while the file is there
  must(w.db->delete_file(file));
  w.restart();
  BOOST_TEST(must(w.db->read_page(file, 0)).size > 0U);
  batch_definition again;
  again.file = file;
  again.retry_of = parent.id;
  // The pages are there still, but only for the retry that was made before.
  BOOST_TEST((kind(w.db->create_batch(again, {{}, sha256("x")})) == errc::conflict));
  must(w.db->select_failed(retry.id, 0));
  must(w.db->end_validation({retry.id, 0, {}, false, false, at(9)}));
  w.commit({ok_result(retry.id, 1), ok_result(retry.id, 2)});
  w.set_status(retry.id, batch_status::completed);
  BOOST_TEST((kind(w.db->read_page(file, 0)) == errc::not_found));
  const auto refused = w.db->create_batch(again, {{}, sha256("y")});
  BOOST_TEST((kind(refused) == errc::conflict));
  BOOST_TEST(refused.error().message.find("deleted") != std::string::npos);
  BOOST_TEST(w.log(parent.id, output_kind::ok) == "result of 0\n");
  BOOST_TEST(w.log(retry.id, output_kind::ok) == "result of 1\nresult of 2\n");
  w.check(parent.id);
  w.check(retry.id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(batches_with_other_rules_do_not_share_custom_ids, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  const auto make = [&](const std::string& endpoint, uint64_t line_limit) {
    batch_definition d;
    d.file = file.id;
    d.endpoint = endpoint;
    d.max_line_bytes = line_limit;
    return must(w.db->create_batch(d, {{}, sha256(std::to_string(w.requests++))})).batch;
  };
  const auto a = make("/v1/x", 100);
  const auto b = make("/v1/x", 200);
  const auto c = make("/v1/x", 100);
  const auto id = hash_128("a");
  // In turns, as three validations that run at the same time.
  must(w.db->record_validation({a.id, {{id, 0}}, {}}));
  must(w.db->record_validation({b.id, {{id, 1}}, {}}));
  must(w.db->record_validation({c.id, {{id, 0}}, {}}));
  must(w.db->record_validation({b.id, {{id, 2}}, {}}));
  const auto found = [&](const batch_record& of) {
    return must(w.db->find_custom_id(file.id, rule_set_of(of.definition), id));
  };
  using list = std::vector<line_no>;
  BOOST_TEST(found(a) == (list{0}));
  BOOST_TEST(found(b) == (list{1, 2}));
  BOOST_TEST(found(c) == (list{0}));
  uint64_t seen = 0;
  must(w.db->scan_custom_ids(file.id, rule_set_of(b.definition), {}, [&](const hash128&, line_no) {
    ++seen;
    return true;
  }));
  BOOST_TEST(seen == 2U);
  // The last that was found good is what a next batch may rely on.
  must(w.db->end_validation({a.id, 0, {}, false, true, at(5)}));
  BOOST_TEST(must(w.db->get_file(file.id)).good_under == rule_set_of(c.definition));
  BOOST_TEST(must(w.db->get_file(file.id)).good_under != rule_set_of(b.definition));
  for (const auto batch : {a.id, b.id, c.id}) w.set_status(batch, batch_status::completed);
  must(w.db->delete_file(file.id));
  BOOST_TEST(found(a).empty());
  BOOST_TEST(found(b).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(deleting_one_file_leaves_the_others, impl, implementations) {
  world<impl> w;
  const auto a = w.upload(lines(1));
  const auto b = w.upload(std::string(3 << 20, 'x'));
  const auto c = w.upload(lines(2));
  must(w.db->delete_file(b.id));
  BOOST_TEST((kind(w.db->read_page(b.id, 0)) == errc::not_found));
  BOOST_TEST(must(w.db->read_page(a.id, 0)).size == a.bytes);
  BOOST_TEST(must(w.db->read_page(c.id, 0)).size == c.bytes);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(measures_have_names_and_values, impl, implementations) {
  world<impl> w;
  w.running(10);
  BOOST_TEST(!w.db->measures().empty());
}

BOOST_AUTO_TEST_SUITE_END()
