// What a start reads: unfinished segments only, and of lines that wait those of the segment that it
// stands in.
#include "actors/work/job_rules.hpp"
#include "actors/work/reader.hpp"
#include "tests/unit/actors/job_file.hpp"

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(reading_lines)

namespace {

read_cursor cursor_of(job_world& w, batch_id id) {
  const auto r = must(w.db->resume_batch(id));
  read_cursor c;
  c.context = std::make_shared<const batch_context>(batch_context{id, r.batch.definition});
  c.slicer = std::make_unique<jobs::slicer>(rules_of(r.batch.definition));
  c.segments = r.unfinished_segments;
  return c;
}

} // namespace

BOOST_AUTO_TEST_CASE(waits_of_an_earlier_process_come_with_their_lines_a_segment_at_a_time) {
  job_world w;
  constexpr uint64_t count = 3 * segment_lines;
  const auto id = w.run(jobs_text(count)).id;
  commit_group group;
  for (line_no n = 0; n < count; ++n) {
    if (n % 3 == 0) group.waits.push_back({id, n, {7, at(n), n % 2 == 0, "reset"}});
  }
  must(w.db->commit(group));
  std::vector<line_result> results; // the middle segment is done, and one waiting line of the first
  for (line_no n = segment_lines; n < 2 * segment_lines; ++n) {
    results.push_back(ok_result(id, n, "x\n"));
  }
  results.push_back(ok_result(id, 3));
  w.commit(std::move(results));
  w.restart();

  auto c = cursor_of(w, id);
  BOOST_TEST(c.waiting.empty()); // nothing is read of them at the start
  line_no next = 0;
  size_t most = 0;
  while (!c.at_end()) {
    const auto read = read_lines(*w.db, c, nullptr);
    BOOST_REQUIRE(!read.failure);
    const auto& items = read.items;
    most = std::max(most, c.waiting.size());
    for (const auto& item : items) {
      if (next == 3) ++next;
      if (next == segment_lines) next = 2 * segment_lines;
      BOOST_REQUIRE(item->line == next);
      BOOST_REQUIRE(item->attempts == (next % 3 == 0 ? 7U : 0U));
      if (next % 3 == 0) {
        BOOST_REQUIRE((item->not_before == at(next)));
        BOOST_REQUIRE(item->ambiguous == (next % 2 == 0));
        BOOST_REQUIRE(item->last_error == "reset");
      }
      ++next;
    }
  }
  BOOST_TEST(next == count);
  BOOST_TEST(most <= segment_lines / 3 + 1);
  BOOST_TEST(c.waiting.empty());
}

BOOST_AUTO_TEST_SUITE_END()
