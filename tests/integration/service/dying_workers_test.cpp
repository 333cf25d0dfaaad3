// A supervisor whose workers throw or never come back: their lines go back or fail, and the batch
// goes on. The provider is a caller in the test's hands; all else is real.
#include "actors/protect/memory_actor.hpp"
#include "actors/service/ask.hpp"
#include "actors/work/dispatcher/dispatcher.hpp"
#include "actors/work/store_actor.hpp"
#include "actors/work/supervisor/supervisor.hpp"
#include "actors/work/supervisor/worker_list.hpp"
#include "protocol/base/log.hpp"
#include "tests/unit/actors/job_file.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds patience{20};
constexpr uint64_t line_count = 40;

/// What a provider does to a prompt.
enum class doing {
  answer,
  wait_to_be_let_go,
  kill_the_worker,
  throw_a_number,
  hang_until_aborted,
  hang_for_ever
};

/// All callers of a test ask this what to do.
class script {
public:
  /// `prompt` meets this so many times, and an answer after that.
  void meets(const std::string& prompt, doing what, uint32_t times) {
    const std::lock_guard lock{mutex_};
    plans_[prompt] = {what, times};
  }
  doing next(std::string_view body) {
    const std::lock_guard lock{mutex_};
    ++calls_;
    for (auto& [prompt, plan] : plans_) {
      if (body.find('"' + prompt + '"') == std::string_view::npos || plan.second == 0) continue;
      --plan.second;
      return plan.first;
    }
    return doing::answer;
  }
  /// Nothing returns before `stopped` is true or the test is over.
  void hang(const std::function<bool()>& stopped) {
    std::unique_lock lock{mutex_};
    while (!over_ && !stopped()) changed_.wait_for(lock, 10ms);
  }
  /// Counted: each waits for a `let_go` that comes after it.
  void wait_to_be_let_go() {
    std::unique_lock lock{mutex_};
    const auto round = rounds_;
    ++waiting_;
    changed_.wait(lock, [&] { return over_ || rounds_ > round; });
    --waiting_;
  }
  void let_go() {
    const std::lock_guard lock{mutex_};
    ++rounds_;
    changed_.notify_all();
  }
  uint32_t waiting() {
    const std::lock_guard lock{mutex_};
    return waiting_;
  }
  void end() {
    const std::lock_guard lock{mutex_};
    over_ = true;
    changed_.notify_all();
  }
  uint64_t calls() {
    const std::lock_guard lock{mutex_};
    return calls_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::pair<doing, uint32_t>> plans_;
  uint64_t calls_ = 0;
  uint32_t waiting_ = 0;
  uint64_t rounds_ = 0;
  bool over_ = false;
};

class scripted_caller final : public caller {
public:
  explicit scripted_caller(std::shared_ptr<script> s)
    : script_(std::move(s)) {}

  result<call_report> call(std::string_view, std::string_view body, const call_options&) override {
    aborted_ = false;
    call_report r;
    r.sent = true;
    switch (script_->next(body)) {
    case doing::kill_the_worker: throw std::runtime_error{"a defect in the client"};
    case doing::throw_a_number:
      throw 42; // NOLINT(hicpp-exception-baseclass): what a library may do
    case doing::hang_for_ever: script_->hang([] { return false; }); [[fallthrough]];
    case doing::hang_until_aborted:
      script_->hang([this] { return aborted_.load(); });
      r.failure = transport_failure::aborted;
      r.detail = "aborted";
      return r;
    case doing::wait_to_be_let_go: script_->wait_to_be_let_go(); break;
    case doing::answer: break;
    }
    r.status = 200;
    r.body = R"({"object":"chat.completion","choices":[]})";
    r.body.reserve(r.body.size() + 64);
    return r;
  }
  void abort() override { aborted_ = true; }
  void close() override { aborted_ = true; }

private:
  std::shared_ptr<script> script_;
  std::atomic<bool> aborted_{false};
};

struct system_config : caf::actor_system_config {
  system_config() { add_message_types<caf::id_block::perennial>(); }
};

struct supervised {
  test::temp_dir dir;
  std::shared_ptr<script> provider = std::make_shared<script>();
  std::shared_ptr<store> db;
  system_config config;
  caf::actor_system system{config};
  store_actor writer;
  memory_actor memory;
  dispatcher_actor dispatcher;
  supervisor_actor supervisor;
  batch_id batch = 0;

  explicit supervised(std::chrono::milliseconds total_timeout = 50ms) {
    logging::set_level(logging::level::off);
    db = must(open_store({dir.text(), uint64_t{32} << 20}));
    std::shared_ptr<inflight> calls = must(inflight::open(dir.text() + "/inflight"));
    writer = system.spawn<caf::detached>(store_behavior, db,
                                         std::make_shared<disk_room>(dir.text(), disk_config{}));
    memory_config budget;
    budget.budget_bytes = uint64_t{256} << 20;
    memory = system.spawn(memory_behavior, budget);
    dispatcher = system.spawn(dispatcher_behavior, dispatcher_peers{db, calls, writer, memory},
                              dispatcher_options{});
    supervisor_peers peers;
    peers.config.name = "p";
    peers.config.max_in_flight = 4;
    peers.config.total_timeout = total_timeout;
    peers.connect = [p = provider] { return std::make_shared<scripted_caller>(p); };
    peers.calls_out = calls;
    peers.writer = writer;
    peers.memory = memory;
    peers.dispatcher = dispatcher;
    peers.answers = std::make_shared<answer_room>(64 * mib);
    peers.restarts.delay = {.first = 1ms, .max = 8ms};
    peers.hang = {.grace = 50ms, .look_every = 10ms};
    supervisor = system.spawn(supervisor_behavior, peers);
    auto directory = std::make_shared<supervisor_directory>();
    directory->supervisors = {supervisor};
    caf::anon_send(dispatcher, start_atom_v, directory_ptr{directory});
  }

  ~supervised() {
    provider->end();
    caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(dispatcher, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(memory, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
  }

  /// Lines with the prompts "p0", "p1" and so on.
  void begin() {
    std::string text;
    for (uint64_t i = 0; i < line_count; ++i)
      text += job(fmt::format("c{}", i), fmt::format("p{}", i));
    auto up = must(db->begin_upload({"jobs", file_purpose::batch, at(1000), {}}));
    must(up->append(text));
    create_request r;
    r.definition.file = must(up->finish()).id;
    r.definition.created = at(1000);
    r.definition.endpoint = "/v1/chat/completions";
    r.definition.max_line_bytes = 1 << 20;
    r.same = {"k", sha256("k")};
    batch = must(ask<created_batch>(system, dispatcher, patience, create_atom_v, r)).batch.id;
  }

  batch_record end() {
    for (const auto until = steady_now() + patience; steady_now() < until;) {
      auto b = must(db->get_batch(batch));
      if (is_final(b.state.status)) return b;
      std::this_thread::yield();
    }
    BOOST_FAIL("the batch does not end");
    return {};
  }

  provider_status status() {
    return must(ask<provider_status>(system, supervisor, patience, status_atom_v));
  }
};

/// Calls may take as long as they like.
struct supervised_patiently : supervised {
  supervised_patiently()
    : supervised(1h) {}

  void wait_until_out(uint32_t calls) {
    while (provider->waiting() < calls) std::this_thread::yield();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(dying_workers, supervised)

BOOST_AUTO_TEST_CASE(a_worker_that_throws_is_replaced_and_its_line_goes_back) {
  provider->meets("p7", doing::kill_the_worker, 2);
  provider->meets("p20", doing::throw_a_number, 1);
  begin();
  const auto b = end();
  BOOST_TEST(b.progress.completed == line_count);
  BOOST_TEST(provider->calls() == line_count + 3);
}

BOOST_AUTO_TEST_CASE(a_line_at_which_three_workers_died_fails_and_the_others_are_done) {
  provider->meets("p7", doing::kill_the_worker, 1'000);
  begin();
  const auto b = end();
  BOOST_TEST(b.progress.completed == line_count - 1);
  BOOST_TEST(b.progress.failed == 1U);
  const auto at = must(db->get_index(batch, 7));
  BOOST_REQUIRE(at.has_value());
  BOOST_TEST(at->code == result_code::worker_crashed);
  BOOST_TEST(provider->calls() == line_count - 1 + deaths_limit);
}

BOOST_AUTO_TEST_CASE(a_worker_that_hangs_past_its_total_timeout_is_called_back) {
  provider->meets("p3", doing::hang_until_aborted, 1);
  begin();
  BOOST_TEST(end().progress.completed == line_count);
  BOOST_TEST(provider->calls() == line_count + 1);
}

BOOST_FIXTURE_TEST_CASE(the_time_of_a_call_begins_with_it_and_not_with_the_one_before,
                        supervised_patiently) {
  constexpr uint32_t workers = 4;
  for (uint32_t i = 0; i < 2 * workers; ++i)
    provider->meets(fmt::format("p{}", i), doing::wait_to_be_let_go, 1);
  begin();
  wait_until_out(workers);
  // The first ones are this old at least.
  const auto first = steady_now();
  while (steady_now() < first + 200ms) std::this_thread::yield();
  const auto second = steady_now();
  provider->let_go();
  while (provider->calls() < 2 * workers) std::this_thread::yield();
  wait_until_out(workers);
  // The supervisor hears of them a little later.
  const auto all_are_young = [&] {
    const auto list = must(ask<worker_list_ptr>(system, supervisor, patience, workers_atom_v));
    const auto oldest = steady_now() - second;
    return list->workers.size() == workers &&
           std::ranges::all_of(list->workers, [&](const worker_view& w) {
             return w.batch.has_value() && w.age <= oldest;
           });
  };
  const auto until = steady_now() + patience;
  while (!all_are_young() && steady_now() < until) std::this_thread::yield();
  BOOST_TEST(all_are_young());
  provider->let_go();
  BOOST_TEST(end().progress.completed == line_count);
  BOOST_TEST(provider->calls() == line_count);
}

BOOST_AUTO_TEST_CASE(a_worker_that_never_comes_back_is_given_up_and_its_line_goes_on_without_it) {
  provider->meets("p3", doing::hang_for_ever, 1);
  provider->meets("p9", doing::hang_for_ever, 1);
  begin();
  const auto b = end();
  BOOST_TEST(b.progress.completed == line_count);
  BOOST_TEST(provider->calls() == line_count + 2);
  // What the lost threads still bring is not taken for anybody's.
  provider->end();
  BOOST_TEST(status().in_flight == 0U);
  BOOST_TEST(must(db->check(batch)).empty());
}

BOOST_AUTO_TEST_CASE(too_many_deaths_park_the_provider_with_an_alarm_until_a_person_resumes_it) {
  for (uint64_t i = 0; i < line_count; ++i) {
    provider->meets(fmt::format("p{}", i), doing::kill_the_worker, 1);
  }
  begin();
  while (status().alarm.find("keep dying") == std::string::npos) std::this_thread::yield();
  const auto calls = provider->calls();
  BOOST_TEST(calls >= 11U);
  BOOST_TEST(calls <= 11U + 4U); // and those that were out
  for (uint64_t i = 0; i < line_count; ++i) {
    provider->meets(fmt::format("p{}", i), doing::kill_the_worker, 0);
  }
  must(ask<provider_status>(system, supervisor, patience, resume_atom_v));
  BOOST_TEST(end().progress.completed == line_count);
}

BOOST_AUTO_TEST_SUITE_END()
