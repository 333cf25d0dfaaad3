// One job line on its way from the file to a result. Made by the reader, moved between dispatcher,
// provider supervisor and client worker by pointer; exactly one of them holds it at any time, so it
// needs no lock.
//
//   reader ─▶ dispatcher ─▶ supervisor ─▶ worker ─▶ supervisor ─▶ store        (a result)
//                 ▲                                     │
//                 └───────────── waits ─────────────────┘                      (another attempt)
#pragma once

#include "protocol/base/clock.hpp"
#include "storage/records.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::actors {

/// What all lines of a batch share. Immutable.
struct batch_context {
  storage::batch_id id = 0;
  storage::batch_definition definition; ///< With the service's defaults in place of zeros.
};

using context_ptr = std::shared_ptr<const batch_context>;

/// "No slot of the in-flight file is held."
inline constexpr uint32_t no_slot = std::numeric_limits<uint32_t>::max();

/// A line that was out at so many deaths, of its worker or of the process, is to blame: it fails.
inline constexpr uint32_t deaths_limit = 3;

/// So many words of providers are kept, the last of each, cut to so many bytes.
inline constexpr size_t most_words = 8;
inline constexpr size_t longest_word = 300;

/// The last failed calls of a line at one provider, in this process.
struct failed_calls {
  static constexpr size_t kept = 3;
  struct one {
    steady_time sent{}; ///< Epoch: there was none.
    steady_time::duration took{0};
  };

  uint32_t provider = 0;
  std::array<one, kept> calls{}; ///< The latest first.

  void add(steady_time when, steady_time now) {
    std::shift_right(calls.begin(), calls.end(), 1);
    calls.front() = {when, now - when};
  }
  bool are_known() const { return calls.back().sent != steady_time{}; }
  steady_time::duration longest() const {
    return std::max_element(calls.begin(), calls.end(),
                            [](const one& x, const one& y) { return x.took < y.took; })
      ->took;
  }
};

/// After a restart or with another provider the last failures are not known: so many more are to be
/// seen before a line fails by the last of its attempts.
inline constexpr uint32_t most_spared = 6;

struct work_item {
  context_ptr batch;
  storage::line_no line = 0;
  std::string custom_id;
  std::string model;           ///< As it is sent.
  bool renamed = false;        ///< Its provider calls the model otherwise...
  std::string asked_model;     ///< ...than the line, which may name none.
  bool model_replaced = false; ///< The batch's model stands in the body...
  std::string replaced_model;  ///< ...for this one, the line's own.
  std::string_view body;       ///< As sent. Points into `page` or `owned`.
  std::string owned;
  std::shared_ptr<const void> page; ///< Keeps the page and its memory grant alive, or the grant.

  // What earlier attempts left.
  uint32_t attempts = 0;      ///< Used so far.
  uint32_t crashes = 0;       ///< See docs/storage.md, the in-flight file.
  uint32_t failed_trials = 0; ///< In this process; see supervisor/call_verdict.hpp.
  bool ambiguous = false;
  std::string last_error;
  wall_time not_before{};             ///< From an earlier process: not to be tried sooner.
  wall_time first_call{};             ///< When it was sent for the first time; epoch: not yet.
  std::vector<failed_calls> failures; ///< By provider, of those that have failed it.
  uint32_t spared = 0;                ///< Of `most_spared`.

  // Where it goes: see dispatcher/route_choice.hpp.
  uint32_t provider = 0;
  bool several_providers = false; ///< Worth saying which one answered.
  std::vector<storage::provider_word> words;

  // While the line is with a provider.
  uint32_t slot = no_slot;
  std::shared_ptr<const struct call_key> key; ///< To call with.
  uint32_t breaker_epoch = 0;
  uint32_t model_breaker = 0; ///< The number of its model's breaker; 0: it has none.
  uint32_t model_epoch = 0;
  bool trial = false; ///< Let out to see whether the provider is back: uses no attempt if it fails.
  uint32_t park_epoch = 0;
  int64_t tokens = 0; ///< That it was taken to cost.
  steady_time sent{};
  uint64_t charged_bytes = 0;

  /// What routes it.
  const std::string& route_model() const { return renamed ? asked_model : model; }

  /// Keeps what a provider said, in place of what it said before.
  void note_word(const std::string& from, std::string_view code, std::string_view message) {
    if (!several_providers) return;
    std::erase_if(words, [&](const storage::provider_word& w) { return w.provider == from; });
    if (words.size() >= most_words) words.erase(words.begin());
    words.push_back({from, std::string{code}, std::string{message.substr(0, longest_word)}});
  }

  failed_calls& failures_at(uint32_t number) {
    const auto at = std::ranges::find(failures, number, &failed_calls::provider);
    return at != failures.end() ? *at : failures.emplace_back(failed_calls{.provider = number});
  }

  /// One that shares nothing with this: for a line whose worker may never come back.
  std::shared_ptr<work_item> apart() const {
    auto out = std::make_shared<work_item>(*this);
    out->owned.assign(body);
    out->body = out->owned;
    out->page.reset();
    return out;
  }

  /// Copies the body so that the page can go: for lines that wait long.
  void let_go_of_page() {
    if (!page) return;
    if (body.data() != owned.data()) owned.assign(body);
    body = owned;
    page.reset();
  }
};

/// How long it has until its own deadline, where its batch has one and it went out before.
inline std::optional<wall_time::duration> time_left(const work_item& item, wall_time wall) {
  const auto limit = item.batch->definition.line_deadline;
  if (limit.count() == 0 || item.first_call == wall_time{}) return std::nullopt;
  return item.first_call + limit - wall;
}

/// Its own deadline is over: it is not tried again.
inline bool is_overdue(const work_item& item, wall_time wall) {
  const auto left = time_left(item, wall);
  return left && left->count() <= 0;
}

using item_ptr = std::shared_ptr<work_item>;
using item_list = std::vector<item_ptr>;

} // namespace perennial::actors
