#include "tests/unit/storage/suite/world.hpp"

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(store_create)

namespace {

batch_definition example(file_id file, uint64_t created_ms = 1000) {
  batch_definition d;
  d.file = file;
  d.created = at(created_ms);
  d.endpoint = "/v1/chat/completions";
  d.completion_window = "24h";
  d.max_line_bytes = 1 << 20;
  d.metadata = {{"a", "b"}};
  return d;
}

} // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_new_batch_is_validating_and_knows_its_lines, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  const auto made = must(w.db->create_batch(example(file.id), {}));
  BOOST_TEST(!made.existed);
  auto expected = example(file.id);
  expected.lines = 3;
  BOOST_TEST((made.batch.definition == expected));
  BOOST_TEST((made.batch.state == batch_state{}));
  BOOST_TEST(made.batch.progress.total == 3U);
  BOOST_TEST((must(w.db->get_batch(made.batch.id)) == made.batch));
  w.restart();
  BOOST_TEST((must(w.db->get_batch(made.batch.id)) == made.batch));
  w.check(made.batch.id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_same_key_gives_the_same_batch_at_any_time, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  const idempotency same{"key", sha256("request")};
  const auto first = must(w.db->create_batch(example(file.id), same));
  w.restart();
  const auto second = must(w.db->create_batch(example(file.id, 999'999'999), same));
  BOOST_TEST(second.existed);
  BOOST_TEST((second.batch == first.batch));
  const auto other = must(w.db->create_batch(example(file.id), {"other", sha256("request")}));
  BOOST_TEST(!other.existed);
  BOOST_TEST(other.batch.id != first.batch.id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_same_key_with_another_request_is_a_conflict, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  must(w.db->create_batch(example(file.id), {"key", sha256("request")}));
  const auto other = w.db->create_batch(example(file.id), {"key", sha256("another")});
  BOOST_TEST((kind(other) == errc::conflict));
  BOOST_TEST(must(w.db->list_batches(0, 10)).size() == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(without_a_key_the_same_request_counts_for_a_minute, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  const idempotency same{{}, sha256("request")};
  const auto create = [&](uint64_t ms) {
    return must(w.db->create_batch(example(file.id, ms), same));
  };
  const auto first = create(1'000'000);
  BOOST_TEST(create(1'059'999).batch.id == first.batch.id);
  BOOST_TEST(create(999'000).batch.id == first.batch.id); // the clock was set back a little
  const auto later = create(1'060'000);
  BOOST_TEST(!later.existed);
  BOOST_TEST(create(1'119'000).batch.id == later.batch.id);
  BOOST_TEST(!must(w.db->create_batch(example(file.id, 1'119'000), {{}, sha256("b")})).existed);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_ended_without_running_is_made_anew_unless_a_key_names_it, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  for (const auto status :
       {batch_status::validating, batch_status::failed, batch_status::in_progress,
        batch_status::cancelling, batch_status::finalizing, batch_status::cancelled,
        batch_status::expired, batch_status::completed}) {
    const bool counts = status == batch_status::validating || status == batch_status::in_progress ||
                        status == batch_status::completed;
    const std::string name{to_string(status)};
    for (const auto& key : {std::string{}, "key of " + name}) {
      const idempotency same{key, sha256(name)};
      const auto first = must(w.db->create_batch(example(file.id), same)).batch.id;
      w.set_status(first, status);
      w.restart();
      const auto second = must(w.db->create_batch(example(file.id, 2000), same));
      BOOST_TEST_CONTEXT(name << (key.empty() ? ", without a key" : ", with a key")) {
        BOOST_TEST(second.existed == (counts || !key.empty()));
        BOOST_TEST((second.batch.id == first) == second.existed);
      }
      // The window runs from the batch that the request means now.
      const auto third = must(w.db->create_batch(example(file.id, 3000), same));
      BOOST_TEST(third.batch.id == second.batch.id);
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_key_gives_its_batch_though_the_file_was_deleted_since, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  const idempotency same{"key", sha256("request")};
  const auto first = must(w.db->create_batch(example(file.id), same));
  must(w.db->delete_file(file.id));
  BOOST_TEST(must(w.db->create_batch(example(file.id), same)).batch.id == first.batch.id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_batch_needs_a_file_that_is_there, impl, implementations) {
  world<impl> w;
  BOOST_TEST((kind(w.db->create_batch(example(77), {})) == errc::not_found));
  const auto file = w.upload(lines(3));
  must(w.db->delete_file(file.id));
  BOOST_TEST((kind(w.db->create_batch(example(file.id), {})) == errc::not_found));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(batches_are_listed_newest_first_and_in_portions, impl,
                              implementations) {
  world<impl> w;
  const auto file = w.upload(lines(3));
  std::vector<batch_id> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(w.create(file.id).id);
  const auto listed = [&](batch_id after, size_t limit) {
    std::vector<batch_id> out;
    for (const auto& b : must(w.db->list_batches(after, limit))) out.push_back(b.id);
    return out;
  };
  using list = std::vector<batch_id>;
  BOOST_TEST(listed(0, 100) == (list{ids[4], ids[3], ids[2], ids[1], ids[0]}));
  BOOST_TEST(listed(0, 2) == (list{ids[4], ids[3]}));
  BOOST_TEST(listed(ids[3], 2) == (list{ids[2], ids[1]}));
  BOOST_TEST(listed(ids[0], 2).empty());
  BOOST_TEST((kind(w.db->get_batch(ids[4] + 1)) == errc::not_found));
}

BOOST_AUTO_TEST_SUITE_END()
