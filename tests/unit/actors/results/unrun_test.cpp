// Lines that never ran: the bytes of their form, and that offsets hold through a death of the
// process while they are laid out.
#include "actors/results/unrun.hpp"

#include "actors/results/result_reader.hpp"
#include "tests/unit/actors/job_file.hpp"

#include <filesystem>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(lines_that_never_ran)

namespace {

namespace fs = std::filesystem;

/// The error file, read in pieces of `piece` bytes.
std::string error_file(const store& db, batch_id id, size_t piece) {
  std::string out;
  const auto batch = must(db.get_batch(id));
  const auto size = output_size(batch, output_kind::error);
  output_reader reader{db, batch, output_kind::error};
  while (out.size() < size) {
    const auto more = must(reader.read(out.size(), piece));
    BOOST_REQUIRE(!more.empty());
    BOOST_REQUIRE(more.size() <= piece);
    out += more;
  }
  return out;
}

/// What the batch's end does, up to its last step.
void lay_out(job_world& w, batch_id id) {
  w.change(id, batch_change::finalize);
  const auto lines = must(lay_out_unrun(*w.db, id));
  must(w.db->set_unrun(id, lines.segments, lines.bytes));
}

std::string unrun_text(batch_id id, const std::vector<line_no>& lines) {
  std::string out;
  for (const auto n : lines) render_unrun_line(id, n, fmt::format("c{}", n), true, out);
  return out;
}

fs::path newest_log(const fs::path& dir) {
  fs::path out;
  for (const auto& e : fs::directory_iterator(dir / "db")) {
    if (e.path().extension() == ".log" && e.path() > out) out = e.path();
  }
  return out;
}

} // namespace

// These bytes decide the offsets of error files that are on disk. Never change them: other text is
// another form.
BOOST_AUTO_TEST_CASE(form_1_has_its_bytes_for_ever) {
  BOOST_TEST(unrun_form == 1);
  std::string out;
  render_unrun_line(0x0102030405060708, 0x90a, "a \"b\"\\\n\x01/\xc3\xa4", true, out);
  BOOST_TEST(out ==
             "{\"id\":\"batch_req_0102030405060708000000090a\",\"custom_id\":"
             "\"a \\\"b\\\"\\\\\\n\\u0001/\xc3\xa4\",\"response\":null,\"error\":{\"code\":"
             "\"batch_cancelled\",\"message\":\"This request was not run: the batch was cancelled "
             "before its turn.\"}}\n");
  out.clear();
  render_unrun_line(1, 2, "c", false, out);
  BOOST_TEST(out == "{\"id\":\"batch_req_00000000000000010000000002\",\"custom_id\":\"c\","
                    "\"response\":null,\"error\":{\"code\":\"batch_expired\",\"message\":"
                    "\"This request was not run: the batch expired before its turn.\"}}\n");
}

BOOST_AUTO_TEST_CASE(they_follow_the_log_in_order_of_the_file) {
  job_world w;
  const auto id = w.run(jobs_text(6)).id;
  w.commit({ok_result(id, 4), error_result(id, 1, 500)});
  w.change(id, batch_change::cancel);
  lay_out(w, id);
  BOOST_TEST(output_size(w.get(id), output_kind::error) == w.get(id).progress.error_bytes);
  w.change(id, batch_change::close);
  const auto expected = "error of 1\n" + unrun_text(id, {0, 2, 3, 5});
  BOOST_TEST(output_size(w.get(id), output_kind::error) == expected.size());
  for (const size_t piece : {1U, 7U, 100U, 100'000U}) {
    BOOST_TEST(error_file(*w.db, id, piece) == expected);
  }
  BOOST_TEST(must(output_reader{*w.db, w.get(id), output_kind::error}.read(expected.size(), 9)) ==
             "");
  w.check(id);
}

BOOST_AUTO_TEST_CASE(segments_have_places_of_their_own_and_full_ones_none) {
  job_world w;
  constexpr uint64_t count = 2 * segment_lines + 3;
  const auto id = w.run(jobs_text(count)).id;
  std::vector<line_result> results;
  for (line_no n = segment_lines; n < 2 * segment_lines; ++n) {
    results.push_back(error_result(id, n, 500));
  }
  for (line_no n = 2; n < segment_lines; ++n) results.push_back(ok_result(id, n, "x\n"));
  w.commit(std::move(results));
  w.change(id, batch_change::cancel);
  lay_out(w, id);
  w.change(id, batch_change::close);
  const auto places = must(w.db->get_unrun(id));
  BOOST_REQUIRE(places.size() == 2U);
  const auto log = w.get(id).progress.error_bytes;
  const auto first = unrun_text(id, {0, 1});
  const auto last = unrun_text(id, {count - 3, count - 2, count - 1});
  BOOST_TEST((places[0] == store::unrun_segment{0, unrun_form, log, first.size(), 2}));
  BOOST_TEST(
    (places[1] == store::unrun_segment{2, unrun_form, log + first.size(), last.size(), 3}));
  BOOST_TEST(error_file(*w.db, id, 1 << 20).substr(log) == first + last);
  w.check(id);
}

BOOST_AUTO_TEST_CASE(a_death_in_the_middle_of_the_layout_shifts_nothing) {
  job_world w;
  const auto id = w.run(jobs_text(segment_lines + 2)).id;
  w.commit({error_result(id, 0, 500), ok_result(id, segment_lines)});
  w.change(id, batch_change::cancel);
  w.change(id, batch_change::finalize);
  const auto log = newest_log(w.dir.text());
  const auto before = fs::file_size(log);
  lay_out(w, id);
  const auto after = fs::file_size(log);
  BOOST_REQUIRE(after > before);
  w.change(id, batch_change::close);
  const auto expected = error_file(*w.db, id, 1 << 20);
  w.db.reset();

  // The write of the layout, cut anywhere.
  int laid_out = 0;
  std::vector<uint64_t> cuts{after, after - 1};
  for (auto cut = before; cut < after - 1; cut += std::max<uint64_t>(1, (after - before) / 4)) {
    cuts.push_back(cut);
  }
  for (const auto cut : cuts) {
    job_world other;
    other.db.reset();
    fs::remove_all(other.dir.text());
    fs::copy(w.dir.text(), other.dir.text(), fs::copy_options::recursive);
    fs::resize_file(newest_log(other.dir.text()), cut);
    other.db = must(on_rocksdb::open(other.dir.text()));
    BOOST_TEST_CONTEXT("cut at " << cut << " of " << before << " to " << after) {
      BOOST_TEST((other.get(id).state.status == batch_status::finalizing));
      const auto places = must(other.db->get_unrun(id));
      BOOST_TEST((places.empty() || places.size() == 2U)); // all or nothing
      BOOST_TEST((other.get(id).progress.unrun_bytes == 0) == places.empty());
      laid_out += places.empty() ? 0 : 1;
      lay_out(other, id); // what the next start does
      if (!places.empty()) BOOST_TEST((must(other.db->get_unrun(id)) == places));
      other.change(id, batch_change::close);
      BOOST_TEST((error_file(*other.db, id, 1 << 20) == expected));
      other.check(id);
    }
  }
  BOOST_TEST(laid_out == 1); // the whole write
}

BOOST_AUTO_TEST_CASE(a_form_that_is_not_known_is_refused) {
  job_world w;
  const auto id = w.run(jobs_text(2)).id;
  w.change(id, batch_change::cancel);
  w.change(id, batch_change::finalize);
  auto lines = must(lay_out_unrun(*w.db, id));
  lines.segments.at(0).form = 2;
  must(w.db->set_unrun(id, lines.segments, lines.bytes));
  const auto batch = w.change(id, batch_change::close);
  BOOST_TEST(
    (kind(output_reader{*w.db, batch, output_kind::error}.read(0, 100)) == errc::unsupported));
  const auto ordered = read_in_order(*w.db, id, [](const auto&) { return true; });
  BOOST_TEST((kind(ordered) == errc::unsupported));
}

BOOST_AUTO_TEST_CASE(other_bytes_than_were_laid_out_are_an_error_not_a_shift) {
  job_world w;
  const auto id = w.run(jobs_text(3)).id;
  w.change(id, batch_change::cancel);
  w.change(id, batch_change::finalize);
  auto lines = must(lay_out_unrun(*w.db, id));
  lines.segments.at(0).bytes += 1; // as if the words had been longer once
  must(w.db->set_unrun(id, lines.segments, lines.bytes + 1));
  const auto batch = w.change(id, batch_change::close);
  BOOST_TEST((kind(output_reader{*w.db, batch, output_kind::error}.read(0, 100)) == errc::corrupt));
  // Nor does a place that nothing covers look like the end of the file.
  must(w.db->get_unrun(id));
  auto longer = batch;
  longer.progress.unrun_bytes += 10;
  BOOST_TEST((kind(output_reader{*w.db, longer, output_kind::error}.read(lines.bytes + 5, 100)) ==
              errc::corrupt));
}

BOOST_AUTO_TEST_CASE(they_are_read_after_the_file_was_deleted) {
  job_world w;
  const auto batch = w.run(jobs_text(2));
  w.change(batch.id, batch_change::cancel);
  must(w.db->delete_file(batch.definition.file)); // before they are laid out
  lay_out(w, batch.id);
  w.restart();
  w.change(batch.id, batch_change::close);
  w.restart();
  BOOST_TEST(error_file(*w.db, batch.id, 1000) == unrun_text(batch.id, {0, 1}));
}

BOOST_AUTO_TEST_SUITE_END()
