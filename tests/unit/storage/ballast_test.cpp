#include "storage/ballast.hpp"
#include "storage/disk_space.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <unistd.h>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(ballast_file)

namespace {

struct fixture {
  test::temp_dir dir;
  std::string path = (dir / "ballast").string();

  uint64_t on_disk() const {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return 0;
    return static_cast<uint64_t>(found.st_blocks) * 512;
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(its_blocks_are_really_taken_and_given_back, fixture) {
  ballast b{path};
  BOOST_TEST(b.bytes() == 0U);
  BOOST_TEST(b.make(1 << 20).has_value());
  BOOST_TEST(b.bytes() == 1U << 20);
  BOOST_TEST(on_disk() >= 1U << 20);
  BOOST_TEST(b.let_go() == 1U << 20);
  BOOST_TEST(b.bytes() == 0U);
  BOOST_TEST(on_disk() == 0U);
  BOOST_TEST(b.let_go() == 0U);
}

BOOST_FIXTURE_TEST_CASE(one_of_an_earlier_process_is_taken_over, fixture) {
  BOOST_TEST(ballast{path}.make(1 << 20).has_value());
  ballast b{path};
  BOOST_TEST(b.bytes() == 1U << 20);
  BOOST_TEST(b.make(2 << 20).has_value());
  BOOST_TEST(on_disk() >= 2U << 20);
}

BOOST_FIXTURE_TEST_CASE(a_file_with_holes_is_no_ballast, fixture) {
  test::write_file(path, "");
  BOOST_REQUIRE(::truncate(path.c_str(), 1 << 20) == 0);
  BOOST_TEST(ballast{path}.bytes() == 0U);
}

BOOST_FIXTURE_TEST_CASE(where_none_can_be_made_nothing_is_left, fixture) {
  ballast b{(dir / "missing" / "ballast").string()};
  BOOST_TEST(!b.make(1 << 20).has_value());
  BOOST_TEST(b.bytes() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_disk_says_its_size_and_what_is_free, fixture) {
  const auto found = look_at_disk(dir.text());
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->size > 0U);
  BOOST_TEST(found->free <= found->size);
  BOOST_TEST(!look_at_disk((dir / "missing").string()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
