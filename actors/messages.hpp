// The values that actors send each other. Local to the process: none of them is serialised, big
// ones travel by pointer.
#pragma once

#include "actors/protect/answer_room.hpp"
#include "actors/protect/circuit_breaker.hpp"
#include "actors/protect/memory_ledger.hpp"
#include "actors/protect/throttle.hpp"
#include "actors/work/work_item.hpp"
#include "protocol/provider/retry_policy.hpp"
#include "storage/batch_life.hpp"
#include "storage/store.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace perennial::actors {

// -- store
// -------------------------------------------------------------------------------------------

using group_ptr = std::shared_ptr<storage::commit_group>;

struct commit_reply {
  std::vector<storage::batch_counts> counts;
};

struct create_request {
  storage::batch_definition definition;
  storage::idempotency same;
};

/// A change of a batch's state, decided by the writer from what is stored at that moment.
struct state_change {
  storage::batch_id batch = 0;
  storage::batch_change change = storage::batch_change::pause;
  std::string reason; ///< Of a pause.
};

/// `segment` is to be selected; in the answer: the next one, or nothing at the end.
struct selection_step {
  storage::batch_id retry = 0;
  std::optional<uint32_t> segment;
};

struct unrun_lines {
  storage::batch_id batch = 0;
  std::vector<storage::store::unrun_segment> segments;
  uint64_t bytes = 0;
};

// -- dispatcher
// --------------------------------------------------------------------------------------

/// A line that comes back without a result.
struct returned_line {
  item_ptr item;
  std::chrono::milliseconds wait{0}; ///< From now on; 0: at once.
  bool held_up = false;              ///< Its provider takes it later: another one may take it now.
};
using returned_list = std::vector<returned_line>;

/// What became of some lines, on disk.
struct recorded {
  struct line {
    storage::batch_id batch = 0;
    storage::line_no line = 0;
    storage::output_kind kind = storage::output_kind::ok;
    uint16_t code = 0;
  };
  std::vector<line> lines;
  std::vector<storage::batch_counts> counts;
};

struct batch_load {
  storage::batch_id id = 0;
  uint64_t ready = 0;   ///< Read and not handed out.
  uint64_t waiting = 0; ///< Between two attempts, or held up by their provider.
  uint64_t out = 0;     ///< With a supervisor.
  std::optional<std::string> unrouted_model; ///< Of a line that no provider takes.
};

struct dispatcher_status {
  std::vector<batch_load> batches;
  bool draining = false;
};

// -- reader and validator
// ----------------------------------------------------------------------------

/// A grant of bytes; its last copy gives them back. See memory_actor.
using memory_grant_ptr = std::shared_ptr<const class memory_grant>;

/// Who the supervisors are; defined behind the interfaces.
using directory_ptr = std::shared_ptr<const struct supervisor_directory>;

using resume_ptr = std::shared_ptr<const storage::batch_resume>;

struct read_request {
  storage::batch_id batch = 0;
  memory_grant_ptr grant; ///< Covers the page; the items keep it.
};

struct read_reply {
  storage::batch_id batch = 0;
  item_list items;
  bool at_end = false;
  std::optional<error> failure;
};

// -- provider
// ----------------------------------------------------------------------------------------

/// What a worker says of one call.
struct call_done {
  uint32_t worker = 0;
  item_ptr item;
  perennial::outcome outcome;
  perennial::disposition disposition;
  bool answered = false;                      ///< The provider gave an HTTP answer.
  std::optional<storage::line_result> result; ///< Where the line is done.
  std::chrono::milliseconds took{0};
  std::optional<uint64_t> tokens; ///< That it cost, where the answer said so.
  rate_limits limits = {};        ///< What the answer said of them.
  uint64_t response_bytes = 0;
  std::shared_ptr<answer_share> memory; ///< What the result keeps of the room for answers.
  item_ptr
    next; ///< The worker took this line from the shelf and goes on with it; null: it is idle.
};
using call_done_ptr = std::shared_ptr<call_done>;

/// What breaker and throttle need to know of one call.
struct outcome_event {
  uint32_t breaker_epoch = 0;
  perennial::outcome outcome = {};
  steady_time sent{};
  uint32_t in_flight = 0; ///< With its key, as it ended, itself included.
  std::chrono::milliseconds took{0};
  rate_limits limits = {};
};
using outcome_list = std::vector<outcome_event>;

struct provider_status {
  std::string name;
  std::string base_url;
  breaker_gate breaker;
  uint32_t in_flight_limit = 0;
  uint32_t in_flight = 0;
  uint32_t queued = 0;
  uint32_t workers = 0;
  uint64_t calls = 0;
  uint64_t answered = 0; ///< Calls that got any answer from the provider, good or bad.
  uint64_t connections = 0;
  bool drained = false; ///< Draining, no call is out, and all results are on disk.
  std::string alarm;    ///< A sentence, when something needs a person; else empty.
};

// What people ask for; each is defined in a header of its own, by those who show it.
using worker_list_ptr = std::shared_ptr<const struct worker_list>;
using breaker_details_ptr = std::shared_ptr<const struct breaker_details>;
using throttle_details_ptr = std::shared_ptr<const struct throttle_details>;
using provider_details_ptr = std::shared_ptr<const struct provider_details>;

/// A provider's keys, read anew.
using provider_keys_ptr = std::shared_ptr<const struct provider_keys>;

/// Which lines a provider takes now.
using availability_ptr = std::shared_ptr<const struct provider_availability>;

// -- memory
// ------------------------------------------------------------------------------------------

struct memory_status {
  uint64_t budget = 0;
  uint64_t granted = 0;
  uint64_t rss = 0;
  uint64_t peak_rss = 0;
  memory_level level = memory_level::normal;
};

} // namespace perennial::actors

#define PERENNIAL_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::group_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::commit_reply)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::create_request)
PERENNIAL_LOCAL_MESSAGE(perennial::storage::created_batch)
PERENNIAL_LOCAL_MESSAGE(perennial::storage::batch_record)
PERENNIAL_LOCAL_MESSAGE(perennial::storage::file_record)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::state_change)
PERENNIAL_LOCAL_MESSAGE(perennial::storage::validation_step)
PERENNIAL_LOCAL_MESSAGE(perennial::storage::validation_end)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::selection_step)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::unrun_lines)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::item_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::item_list)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::returned_list)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::recorded)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::read_request)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::read_reply)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::context_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::resume_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::directory_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::outcome_list)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::breaker_gate)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::throttle_permits)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::memory_class)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::memory_grant_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::memory_status)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::provider_status)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::worker_list_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::breaker_details_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::throttle_details_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::provider_details_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::provider_keys_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::availability_ptr)
PERENNIAL_LOCAL_MESSAGE(perennial::actors::dispatcher_status)
