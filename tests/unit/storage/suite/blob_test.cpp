// Result lines that are files of their own are read, counted and checked as the others are, and a
// file that no result refers to goes.
#include "tests/unit/storage/suite/world.hpp"

#include <filesystem>
#include <fstream>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(store_blobs)

namespace {

template <class World>
line_result long_result(World& w, batch_id batch, line_no line, const std::string& text) {
  auto blob = must(w.db->begin_blob(batch, line));
  must(blob->append(std::string_view{text}.substr(0, text.size() / 2)));
  must(blob->append(std::string_view{text}.substr(text.size() / 2)));
  must(blob->finish());
  line_result r;
  r.batch = batch;
  r.line = line;
  r.code = 200;
  r.attempts = 1;
  r.long_text = std::move(blob);
  return r;
}

template <class World>
std::vector<std::filesystem::path> blobs(World& w) {
  std::vector<std::filesystem::path> out;
  for (const auto& e : std::filesystem::directory_iterator{w.dir.path() / "blobs"})
    out.push_back(e.path());
  return out;
}

const std::string longest = std::string(100'000, 'a') + "\n";

} // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_long_line_stands_in_the_log_between_the_others, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.running(5).id;
  w.commit({ok_result(id, 0, "one\n"), long_result(w, id, 1, longest), ok_result(id, 2, "two\n")});
  w.commit({long_result(w, id, 3, "x\n"), ok_result(id, 4, "three\n")});
  for (int restarted = 0; restarted < 2; ++restarted) {
    BOOST_TEST((w.log(id, output_kind::ok) == "one\n" + longest + "two\nx\nthree\n"));
    BOOST_TEST((must(w.db->get_index(id, 1)) ==
                index_entry{output_kind::ok, 4, static_cast<uint32_t>(longest.size()), 200, 1}));
    BOOST_TEST(must(w.db->read_output(id, output_kind::ok, 100'000, 9)) == "aaaa\ntwo\n");
    BOOST_TEST(must(w.db->read_output(id, output_kind::ok, 0, 10)) == "one\naaaaaa");
    w.check(id);
    BOOST_TEST(w.progress(id).completed == 5u);
    BOOST_TEST(blobs(w).size() == 2u);
    w.restart();
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_blob_that_no_commit_saw_leaves_nothing, impl, implementations) {
  world<impl> w;
  const auto id = w.running(2).id;
  { const auto dropped = long_result(w, id, 0, longest); }
  BOOST_TEST(blobs(w).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_second_result_leaves_no_file, impl, implementations) {
  world<impl> w;
  const auto id = w.running(2).id;
  w.commit({long_result(w, id, 0, longest), long_result(w, id, 0, "second\n")});
  w.commit({long_result(w, id, 0, "third\n"), long_result(w, 77, 0, "no such batch\n")});
  BOOST_TEST(w.progress(id).dropped == 2u);
  BOOST_TEST((w.log(id, output_kind::ok) == longest));
  BOOST_TEST(blobs(w).size() == 1u);
  w.check(id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_start_deletes_what_no_result_refers_to_and_nothing_else, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.running(4).id;
  w.commit({ok_result(id, 0, "short\n"), long_result(w, id, 1, longest)});
  const auto kept = blobs(w).at(0).filename().string();
  const auto beside = [&](line_no line, uint64_t number) {
    const auto name = fmt::format("{:016x}-{:016x}-{:016x}", id, line, number);
    std::ofstream{w.dir.path() / "blobs" / name} << "left over";
  };
  beside(0, 7); // the line has another result
  beside(1, 8); // another blob is its result
  beside(2, 9); // it has none
  std::ofstream{w.dir.path() / "blobs" / "notes.txt"} << "not ours";
  w.restart();
  std::vector<std::string> left;
  for (const auto& p : blobs(w)) left.push_back(p.filename().string());
  std::sort(left.begin(), left.end());
  BOOST_TEST(left == (std::vector<std::string>{kept, "notes.txt"}),
             boost::test_tools::per_element());
  w.check(id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_blob_that_is_gone_or_cut_is_found_by_the_check, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.running(2).id;
  w.commit({long_result(w, id, 0, longest)});
  const auto file = blobs(w).at(0);
  std::filesystem::resize_file(file, 50'000);
  BOOST_TEST(must(w.db->check(id)).size() == 1u);
  BOOST_TEST((kind(w.db->read_output(id, output_kind::ok, 49'000, 2000)) == errc::corrupt));
  std::filesystem::remove(file);
  BOOST_TEST(must(w.db->check(id)).size() == 1u);
  BOOST_TEST((kind(w.db->read_output(id, output_kind::ok, 0, 10)) == errc::corrupt));
}

BOOST_AUTO_TEST_SUITE_END()
