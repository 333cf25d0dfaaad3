#include "actors/protect/disk_room.hpp"

#include "protocol/base/log.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(room_on_the_disk)

namespace {

constexpr uint64_t size = 64 * mib;

struct fixture {
  fixture() { logging::set_level(logging::level::err); }

  test::temp_dir dir;
  uint64_t free = size;
  disk_room room{dir.text(), {}, [this](const std::string&) -> result<storage::disk_space> {
                   return storage::disk_space{size, free};
                 }};
  disk_floors floors = find_floors(size, {}, {});
  std::filesystem::path ballast = dir / "ballast";

  bool says(const std::string& part) { return room.status().says.find(part) != std::string::npos; }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(
  the_ballast_is_made_where_there_is_room_and_let_go_of_where_a_write_finds_none, fixture) {
  BOOST_TEST(room.look(0).ballast_bytes == floors.ballast);
  BOOST_TEST(std::filesystem::file_size(ballast) == floors.ballast);
  room.write_failed({errc::no_space, "no room"});
  BOOST_TEST(!std::filesystem::exists(ballast));
  BOOST_TEST(room.look(0).ballast_bytes == 0U); // not before the store writes again
  room.writes_again();
  free = floors.for_uploads; // nor from what is kept
  BOOST_TEST(room.look(0).ballast_bytes == 0U);
  free = size;
  BOOST_TEST(room.look(0).ballast_bytes == floors.ballast);
}

BOOST_FIXTURE_TEST_CASE(an_error_that_is_not_for_want_of_room_leaves_the_ballast, fixture) {
  room.look(0);
  room.write_failed({errc::io_error, "bad sector"});
  BOOST_TEST(std::filesystem::exists(ballast));
  // Whoever finds the store closed does not know why: then the room tells.
  free = 0;
  room.write_failed({errc::closed, "closed"});
  BOOST_TEST(!std::filesystem::exists(ballast));
}

BOOST_FIXTURE_TEST_CASE(calls_are_held_while_the_store_cannot_write_and_whoever_asks_is_told_why,
                        fixture) {
  int told = 0;
  room.when_store_changes([&] { ++told; });
  BOOST_TEST(!room.look(0).holds_calls());
  BOOST_TEST(room.status().says == "");
  room.write_failed({errc::io_error, "bad sector"});
  BOOST_TEST(told == 1);
  BOOST_TEST(room.look(0).holds_calls());
  BOOST_TEST(says("bad sector"));
  BOOST_TEST(says(dir.text()));
  const auto upload = room.begin_upload(1000);
  BOOST_REQUIRE(!upload.has_value());
  BOOST_TEST((upload.error().kind == errc::unavailable));
  room.writes_again();
  BOOST_TEST(told == 2);
  BOOST_TEST(!room.look(0).holds_calls());
}

BOOST_FIXTURE_TEST_CASE(the_sentence_says_what_is_short_where_and_how_much_is_needed, fixture) {
  free = floors.for_uploads - 1;
  BOOST_TEST(!room.look(0).holds_calls());
  BOOST_TEST(says("uploads are refused"));
  BOOST_TEST(says(format_bytes(floors.for_uploads)));
  BOOST_TEST(says("until " + format_bytes(floors.for_uploads * 9 / 8) + " are free"));
  free = mib;
  BOOST_TEST(room.look(7).holds_calls());
  BOOST_TEST(says("1 MiB free"));
  BOOST_TEST(says("7 calls"));
  const auto needed = room.status().floors.for_results;
  const auto for_uploads = room.status().floors.for_uploads;
  BOOST_TEST(says("no new calls go out until " + format_bytes(needed * 5 / 4) + " are free"));
  BOOST_TEST(says("uploads are refused until " + format_bytes(for_uploads * 9 / 8) + " are"));
  BOOST_TEST(says(dir.text()));
}

BOOST_FIXTURE_TEST_CASE(uploads_together_get_no_more_than_there_is, fixture) {
  room.look(0);
  free = floors.for_uploads + 20 * mib;
  {
    const auto first = room.begin_upload(12 * mib);
    BOOST_TEST(first.has_value());
    const auto second = room.begin_upload(12 * mib);
    BOOST_REQUIRE(!second.has_value());
    BOOST_TEST((second.error().kind == errc::no_space));
    BOOST_TEST(second.error().message.find("Delete files") != std::string::npos);
  }
  BOOST_TEST(room.begin_upload(12 * mib).has_value()); // the first has ended
}

BOOST_FIXTURE_TEST_CASE(an_upload_that_finds_the_disk_filled_by_somebody_else_ends, fixture) {
  room.look(0);
  auto upload = room.begin_upload(std::nullopt);
  BOOST_REQUIRE(upload.has_value());
  BOOST_TEST(upload->grew(5 * mib).has_value());
  free = floors.for_uploads - 1;
  BOOST_TEST(upload->grew(5 * mib + 1).has_value()); // it looks once a MiB
  const auto refused = upload->grew(6 * mib);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().kind == errc::no_space));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_can_never_fit_is_told_so, fixture) {
  room.look(0);
  const auto refused = room.begin_upload(size);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().message.find("does not fit") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
