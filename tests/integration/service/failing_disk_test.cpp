// The store and the dispatcher on a disk that fails: what was refused, and is there all the same
// when the disk can be read again, is taken up; what is not there is not.
#include "actors/protect/memory_actor.hpp"
#include "actors/service/ask.hpp"
#include "actors/work/dispatcher/dispatcher.hpp"
#include "actors/work/job_rules.hpp"
#include "actors/work/reader.hpp"
#include "actors/work/store_actor.hpp"
#include "protocol/base/log.hpp"
#include "storage/rocks/open.hpp"
#include "tests/support/failing_disk.hpp"
#include "tests/unit/actors/job_file.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <limits>
#include <thread>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

namespace {

constexpr std::chrono::seconds patience{20};

struct system_config : caf::actor_system_config {
  system_config() { add_message_types<caf::id_block::perennial>(); }
};

struct actors_on_failing_disk {
  test::temp_dir dir;
  std::shared_ptr<test::failing_fs> fs = std::make_shared<test::failing_fs>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(fs);
  std::shared_ptr<store> db;
  system_config config;
  caf::actor_system system{config};
  store_actor writer;
  memory_actor memory;
  dispatcher_actor dispatcher;
  file_id file = 0;

  actors_on_failing_disk() {
    logging::set_level(logging::level::off);
    db = must(open_rocks_store({dir.text(), uint64_t{32} << 20}, env.get()));
    auto calls = must(inflight::open(dir.text() + "/inflight"));
    writer = system.spawn<caf::detached>(store_behavior, db,
                                         std::make_shared<disk_room>(dir.text(), disk_config{}));
    memory_config budget;
    budget.budget_bytes = uint64_t{256} << 20;
    memory = system.spawn(memory_behavior, budget);
    dispatcher =
      system.spawn(dispatcher_behavior, dispatcher_peers{db, std::move(calls), writer, memory},
                   dispatcher_options{});
    caf::anon_send(dispatcher, start_atom_v, directory_ptr{new supervisor_directory});
    auto up = must(db->begin_upload({"jobs", file_purpose::batch, at(1000), {}}));
    must(up->append(jobs_text(10)));
    file = must(up->finish()).id;
  }

  ~actors_on_failing_disk() {
    fs->what = test::failing::nothing;
    caf::anon_send_exit(dispatcher, caf::exit_reason::kill);
    caf::anon_send_exit(memory, caf::exit_reason::kill);
    caf::anon_send_exit(writer, caf::exit_reason::kill);
  }

  result<created_batch> create(const std::string& key) {
    create_request r;
    r.definition.file = file;
    r.definition.created = at(1000);
    r.definition.endpoint = "/v1/chat/completions";
    r.definition.max_line_bytes = 1 << 20;
    r.same = {key, sha256(key)};
    return ask<created_batch>(system, dispatcher, patience, create_atom_v, r);
  }

  /// The store's reopening is behind us when it answers.
  void mend() {
    fs->what = test::failing::nothing;
    must(
      ask<commit_reply>(system, writer, patience, commit_atom_v, std::make_shared<commit_group>()));
  }

  std::vector<batch_record> batches() {
    return must(db->list_batches(0, std::numeric_limits<uint32_t>::max()));
  }

  /// Reads until the newest batch has that status.
  bool newest_becomes(batch_status wanted) {
    for (const auto until = steady_now() + patience; steady_now() < until;) {
      if (const auto all = batches(); !all.empty() && all.front().state.status == wanted) {
        return true;
      }
      std::this_thread::yield();
    }
    return false;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(actors_on_a_disk_that_fails, actors_on_failing_disk)

BOOST_AUTO_TEST_CASE(a_batch_that_was_refused_and_is_there_all_the_same_runs) {
  fs->what = test::failing::syncs;
  BOOST_TEST((kind(create("a")) == errc::io_error));
  mend();
  BOOST_TEST(newest_becomes(batch_status::in_progress));
  const auto again = must(create("a"));
  BOOST_TEST(again.existed);
  BOOST_TEST(batches().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_batch_that_was_refused_and_is_not_there_can_be_created_again) {
  fs->what = test::failing::appends;
  BOOST_TEST((kind(create("a")) == errc::no_space));
  BOOST_TEST((kind(create("a")) == errc::unavailable)); // until the disk is mended
  mend();
  BOOST_TEST(batches().empty());
  BOOST_TEST(!must(create("a")).existed);
  BOOST_TEST(newest_becomes(batch_status::in_progress));
}

BOOST_AUTO_TEST_CASE(a_cancel_that_was_refused_and_is_there_all_the_same_cancels) {
  const auto id = must(create("a")).batch.id;
  BOOST_REQUIRE(newest_becomes(batch_status::in_progress));
  fs->what = test::failing::syncs;
  BOOST_TEST((kind(ask<batch_record>(system, dispatcher, patience, cancel_atom_v, uint64_t{id})) ==
              errc::io_error));
  mend();
  BOOST_TEST(newest_becomes(batch_status::cancelled));
  BOOST_TEST(must(db->check(id)).empty());
}

BOOST_AUTO_TEST_CASE(lines_that_could_not_be_read_while_the_store_was_closed_come_afterwards) {
  constexpr uint64_t count = 3 * reader_chunk_lines;
  auto up = must(db->begin_upload({"jobs", file_purpose::batch, at(1000), {}}));
  for (uint64_t i = 0; i < count; ++i) {
    must(up->append(job(fmt::format("c{}", i), std::string(700, 'x'))));
  }
  batch_definition d;
  d.file = must(up->finish()).id;
  d.endpoint = "/v1/chat/completions";
  d.max_line_bytes = 1 << 20;
  const auto batch = must(db->create_batch(d, {{}, sha256("x")})).batch;
  must(db->end_validation({batch.id, 0, {}, false, true, at(2000)}));
  const auto r = must(db->resume_batch(batch.id));
  read_cursor c;
  c.context = std::make_shared<const batch_context>(batch_context{batch.id, r.batch.definition});
  c.slicer = std::make_unique<jobs::slicer>(rules_of(r.batch.definition));
  c.segments = r.unfinished_segments;

  line_no next = 0;
  size_t failures = 0;
  for (size_t reads = 0; !c.at_end(); ++reads) {
    const bool closed = reads % 2 == 1;
    if (closed) {
      fs->what = test::failing::all_appends;
      BOOST_TEST(!db->reopen());
    }
    const auto read = read_lines(*db, c, nullptr);
    for (const auto& item : read.items) BOOST_REQUIRE(item->line == next++);
    if (read.failure) {
      ++failures;
      BOOST_TEST((read.failure->kind == errc::closed));
    }
    fs->what = test::failing::nothing;
    if (closed) must(db->reopen());
  }
  BOOST_TEST(next == count);
  BOOST_TEST(failures > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
