// A whole service on a disk whose Nth change fails, and all after it until it is mended, while a
// batch runs: the batch runs to its end, each line has exactly one result, and nobody is called
// twice for it.
#include "actors/service/ask.hpp"
#include "actors/service/service.hpp"
#include "protocol/base/log.hpp"
#include "storage/rocks/open.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nth_failure.hpp"
#include "tests/support/sim_process.hpp"
#include "tests/unit/actors/job_file.hpp"

#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

namespace {

constexpr uint64_t lines_of_batch = 400;
constexpr std::chrono::seconds patience{60};

struct fixture {
  test::sim_process sim;
  /// What was logged; written by the service's threads, read when it has ended.
  std::ostringstream logged;
  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();

  fixture() {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(logged);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
    logging::set_level(logging::level::info);
  }
  ~fixture() { spdlog::set_default_logger(before); }

  void run(uint64_t n, test::disk_fault fault) {
    const auto fs = std::make_shared<test::nth_failure_fs>();
    const auto env = rocksdb::NewCompositeEnv(fs);
    const test::temp_dir dir;
    sim.reset_stats();
    service_config config;
    config.data_dir = dir.text();
    config.providers.emplace_back();
    config.providers.front().base_url = sim.url();
    config.providers.front().max_in_flight = 8;
    auto s = must(service::start(
      config, [&](const open_options& o) { return open_rocks_store(o, env.get()); }));
    auto up = must(s->db().begin_upload({"jobs", file_purpose::batch, at(1000), {}}));
    must(up->append(jobs_text(lines_of_batch)));
    create_request r;
    r.definition.file = must(up->finish()).id;
    r.definition.created = at(1000);
    r.definition.endpoint = "/v1/chat/completions";
    r.definition.max_line_bytes = 1 << 20;
    r.same = {"key", sha256("key")};
    const auto batch =
      must(ask<created_batch>(s->system(), s->dispatcher(), patience, create_atom_v, r)).batch.id;
    const auto is_done = [&] {
      const auto b = s->db().get_batch(batch);
      return b && is_final(b->state.status);
    };
    fs->plan.fail_at(n, fault, true);
    BOOST_TEST(test::eventually([&] { return fs->plan.met() || is_done(); }));
    const bool met = fs->plan.met();
    if (met) BOOST_TEST(test::eventually([&] { return s->disk().look(0).holds_calls(); }));
    fs->plan.heal();
    BOOST_REQUIRE(test::eventually(is_done));
    const auto b = must(s->db().get_batch(batch));
    BOOST_TEST((b.state.status == batch_status::completed));
    BOOST_TEST(b.progress.completed == lines_of_batch);
    BOOST_TEST(b.progress.dropped == 0U);
    for (const auto& finding : must(s->db().check(batch))) BOOST_ERROR(finding);
    line_no next = 0;
    must(s->db().scan_index(batch, 0, [&](line_no line, const index_entry&) {
      BOOST_TEST(line == next);
      ++next;
      return true;
    }));
    BOOST_TEST(next == lines_of_batch);
    BOOST_TEST(sim.stat("answered_ok") == lines_of_batch);
    s->stop(std::chrono::milliseconds{0});
    s.reset();
    if (!met) return;
    ++failed;
    const auto text = logged.str();
    BOOST_TEST(text.find("told to fail") != std::string::npos, text);
    BOOST_TEST(text.find("The store writes again.") != std::string::npos, text);
    logged.str({});
  }

  void at_rising_changes(test::disk_fault fault) {
    for (const uint64_t n : {1U, 2U, 3U, 5U, 9U, 17U}) {
      BOOST_TEST_CONTEXT("change " << n) { run(n, fault); }
    }
    BOOST_TEST(failed >= 4);
    BOOST_TEST_MESSAGE(failed << " services met the failure");
  }

  int failed = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_batch_on_a_disk_that_fails, fixture)

BOOST_AUTO_TEST_CASE(io_errors_cost_no_line) { at_rising_changes(test::disk_fault::io_error); }

BOOST_AUTO_TEST_CASE(a_full_disk_costs_no_line) { at_rising_changes(test::disk_fault::no_space); }

BOOST_AUTO_TEST_CASE(short_writes_cost_no_line) {
  at_rising_changes(test::disk_fault::short_write);
}

BOOST_AUTO_TEST_SUITE_END()
