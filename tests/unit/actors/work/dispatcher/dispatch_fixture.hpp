// A dispatch table that a test fills, asks and moves through time by hand.
#pragma once

#include "actors/work/dispatcher/dispatch_table.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace perennial::actors {

using list = std::vector<storage::line_no>;

/// A table with a clock that is set by hand. Providers: 0 takes "a*", 1 takes "b*".
struct dispatch_fixture {
  steady_time now{std::chrono::hours{1}};
  wall_time wall{std::chrono::milliseconds{1'000'000}};
  dispatch_limits limits{4, 20, 100'000};
  dispatch_table table{routes{{{"a*"}, {"b*"}}}, limits};
  std::map<storage::batch_id, std::shared_ptr<const batch_context>> contexts;

  void add(storage::batch_id id, uint64_t total = 1000, bool paused = false, uint32_t weight = 1) {
    batch_context c;
    c.id = id;
    c.definition.weight = weight;
    contexts[id] = std::make_shared<const batch_context>(c);
    storage::batch_state s;
    s.status = storage::batch_status::in_progress;
    s.paused = paused;
    storage::batch_progress p;
    p.total = total;
    table.add(contexts[id], s, p);
  }

  item_ptr item(storage::batch_id id, storage::line_no line, const std::string& model = "a") {
    auto i = std::make_shared<work_item>();
    i->batch = contexts.at(id);
    i->line = line;
    i->model = model;
    i->page = std::make_shared<int>(0);
    return i;
  }

  void read(storage::batch_id id, storage::line_no from, storage::line_no to,
            const std::string& model = "a", bool at_end = false) {
    item_list items;
    for (auto n = from; n < to; ++n) items.push_back(item(id, n, model));
    table.on_lines(id, std::move(items), at_end, now, wall);
  }

  /// Gives provider `p` credit and returns what it gets.
  item_list take(uint32_t p, uint32_t credit) {
    table.on_want(p, credit);
    item_list out;
    for (auto& a : table.assign(now)) {
      BOOST_TEST(a.provider == p);
      out = std::move(a.items);
    }
    return out;
  }
  list lines(uint32_t p, uint32_t credit) {
    list out;
    for (const auto& i : take(p, credit)) out.push_back(i->line);
    return out;
  }

  dispatch_table::load load(storage::batch_id id) {
    for (const auto& l : table.loads()) {
      if (l.id == id) return l;
    }
    BOOST_FAIL("no such batch");
    return {};
  }
};

} // namespace perennial::actors
