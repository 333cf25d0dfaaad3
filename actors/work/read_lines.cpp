#include "actors/work/reader.hpp"

#include "actors/memory_grant.hpp"
#include "protocol/base/log.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

using storage::line_no;
using storage::segment_lines;
using storage::segment_of;

/// What items of a page keep alive.
struct held_page {
  std::shared_ptr<const char[]> buffer;
  memory_grant_ptr grant;
};

/// A splitter that starts at the page's first byte.
std::unique_ptr<jobs::line_splitter> splitter_at(const storage::page& p, uint64_t max_line_bytes) {
  jobs::line_position start;
  start.offset = p.offset;
  start.ordinal = p.lines_before;
  start.inside_line = p.mid_line;
  return std::make_unique<jobs::line_splitter>(start, max_line_bytes);
}

/// What is known of the lines of the segment that is read next.
result<void> load_segment(const storage::store& db, read_cursor& c) {
  const auto segment = c.segments[c.at_segment];
  if (c.loaded == segment) return {};
  auto done = db.done_in_segment(c.context->id, segment);
  if (!done) return tl::unexpected{done.error()};
  auto waiting = db.waiting_in_segment(c.context->id, segment);
  if (!waiting) return tl::unexpected{waiting.error()};
  c.done = std::move(*done);
  c.loaded = segment;
  c.waiting.clear();
  for (auto& [line, entry] : *waiting) {
    const auto place = line % segment_lines;
    if (place < c.done.size() && !c.done[place]) c.waiting.emplace(line, std::move(entry));
  }
  return {};
}

result<void> position(const storage::store& db, read_cursor& c) {
  const auto segment = c.segments[c.at_segment];
  const auto& d = c.context->definition;
  if (auto ok = load_segment(db, c); !ok) return ok;
  auto page = db.page_of_line(d.file, line_no{segment} * segment_lines);
  if (!page) return tl::unexpected{page.error()};
  c.page = std::move(*page);
  c.splitter = splitter_at(c.page, d.max_line_bytes);
  c.splitter->feed(c.page.bytes());
  c.positioned = true;
  return {};
}

/// Goes on to the segment of `line`, or past it. False: what follows here is not wanted; the next
/// unfinished segment lies elsewhere.
result<bool> enter_segment(const storage::store& db, read_cursor& c, line_no line) {
  const auto segment = segment_of(line);
  while (!c.at_end() && c.segments[c.at_segment] < segment) ++c.at_segment;
  if (c.at_end() || c.segments[c.at_segment] != segment) {
    c.positioned = false;
    return false;
  }
  if (auto ok = load_segment(db, c); !ok) return tl::unexpected{ok.error()};
  return true;
}

result<item_ptr> make_item(read_cursor& c, const jobs::line& l,
                           const std::shared_ptr<const held_page>& page) {
  auto sliced = c.slicer->slice(l.bytes, l.ordinal);
  if (!sliced) {
    return fail(errc::corrupt,
                "line {} at byte {} was good when it was validated and is not now: {}",
                l.ordinal + 1, l.offset, sliced.error().message);
  }
  auto item = std::make_shared<work_item>();
  item->batch = c.context;
  item->line = l.ordinal;
  item->custom_id = std::move(sliced->custom_id);
  item->model = std::move(sliced->model);
  if (sliced->model_set) item->replaced_model = std::move(sliced->model_before);
  item->model_replaced = sliced->model_set;
  if (!sliced->composed.empty()) {
    item->owned = std::move(sliced->composed);
    item->body = item->owned;
  } else if (l.assembled) {
    item->owned.assign(sliced->original);
    item->body = item->owned;
  } else {
    item->body = sliced->original;
  }
  // One with a body of its own needs the memory that was granted for it, and not the page's.
  item->page = item->owned.empty() ? page : std::shared_ptr<const void>{page->grant};
  if (const auto w = c.waiting.find(l.ordinal); w != c.waiting.end()) {
    item->attempts = w->second.attempts;
    item->ambiguous = w->second.ambiguous;
    item->last_error = std::move(w->second.last_error);
    item->not_before = w->second.not_before;
    item->first_call = w->second.first_call;
    item->words = std::move(w->second.words);
    c.waiting.erase(w);
  }
  return item;
}

/// Notes that the line was given out: it is not given again when the segment is read again.
void mark_given(read_cursor& c, line_no line) {
  const auto bit = line % segment_lines;
  if (bit >= c.done.size()) c.done.resize(bit + 1);
  c.done[bit] = true;
}

result<void> read_into(const storage::store& db, read_cursor& c, const memory_grant_ptr& grant,
                       item_list& items) {
  const auto& d = c.context->definition;
  while (!c.at_end() && items.size() < reader_chunk_lines) {
    if (!c.positioned) {
      if (auto ok = position(db, c); !ok) return ok;
    }
    const auto page = std::make_shared<const held_page>(held_page{c.page.buffer, grant});
    jobs::line l;
    // The last line of a file may lack its newline: it is there when no page follows.
    const auto take = [&](bool& go_on) -> result<void> {
      if (segment_of(l.ordinal) != c.segments[c.at_segment]) {
        if (l.ordinal < line_no{c.segments[c.at_segment]} * segment_lines) return {};
        auto entered = enter_segment(db, c, l.ordinal);
        if (!entered) return tl::unexpected{entered.error()};
        go_on = *entered;
        if (!go_on) return {};
      }
      const auto bit = l.ordinal % segment_lines;
      if (bit < c.done.size() && c.done[bit]) return {};
      if (l.too_long) return {}; // it has a result: validation refused it
      auto item = make_item(c, l, page);
      if (!item) return tl::unexpected{item.error()};
      items.push_back(std::move(*item));
      mark_given(c, l.ordinal);
      return {};
    };
    bool go_on = true;
    while (go_on && items.size() < reader_chunk_lines && c.splitter->next(l)) {
      if (auto ok = take(go_on); !ok) return ok;
    }
    if (!go_on) continue; // elsewhere, or at the end
    if (items.size() >= reader_chunk_lines) break;
    auto next = db.read_page(d.file, c.page.end());
    if (next) {
      c.page = std::move(*next);
      c.splitter->feed(c.page.bytes());
      if (!items.empty()) break; // one page's lines are enough for one answer
      continue;
    }
    if (next.error().kind != errc::not_found) return tl::unexpected{next.error()};
    if (c.splitter->finish(l)) {
      if (auto ok = take(go_on); !ok) return ok;
    }
    c.at_segment = c.segments.size();
  }
  if (c.at_end()) {
    c.page = {};
    c.splitter.reset();
    c.slicer.reset();
    c.waiting.clear();
  }
  return {};
}

} // namespace

read_lines_result read_lines(const storage::store& db, read_cursor& c,
                             const memory_grant_ptr& grant) {
  read_lines_result out;
  if (auto ok = read_into(db, c, grant, out.items); !ok) {
    out.failure = ok.error();
    c.positioned = false; // the splitter may be past a line that was not given
  }
  return out;
}

} // namespace perennial::actors
