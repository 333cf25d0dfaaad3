#include "actors/results/result_reader.hpp"

#include "actors/results/unrun.hpp"
#include "protocol/base/bytes.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <vector>

namespace perennial::actors {

namespace {

using storage::batch_record;
using storage::line_no;
using storage::output_kind;

/// A log read in slices that lie near each other but not in order (completion order against order
/// of the file): keeps the pieces used last.
class log_window {
public:
  log_window(const storage::store& db, storage::batch_id batch, output_kind kind)
    : db_(&db)
    , batch_(batch)
    , kind_(kind) {}

  /// The bytes, at most `long_piece` of them; valid until the next call.
  result<std::string_view> slice(uint64_t offset, uint64_t length) {
    if (length > piece_bytes) return long_line(offset, length);
    const auto first = offset / piece_bytes;
    const auto last = (offset + length - 1) / piece_bytes;
    if (first == last) {
      auto p = piece(first, offset + length);
      if (!p) return tl::unexpected{p.error()};
      const auto at = offset - first * piece_bytes;
      if (at + length > (*p)->size()) return short_log(offset, length);
      return std::string_view{**p}.substr(at, length);
    }
    joined_.clear();
    for (auto n = first; n <= last; ++n) {
      auto p = piece(n, offset + length);
      if (!p) return tl::unexpected{p.error()};
      const auto from = n == first ? offset - first * piece_bytes : 0;
      joined_.append(std::string_view{**p}.substr(std::min<size_t>(from, (*p)->size()),
                                                  length - joined_.size()));
    }
    if (joined_.size() < length) return short_log(offset, length);
    return std::string_view{joined_};
  }

private:
  static constexpr uint64_t piece_bytes = 256 * kib; // a log row has up to 64
  static constexpr size_t pieces_kept = 64;

  /// It has a row of its own, which is read whole whatever part of it is wanted, or a file.
  result<std::string_view> long_line(uint64_t offset, uint64_t length) {
    std::string{}.swap(joined_); // not two of them at once
    auto row = db_->read_output(batch_, kind_, offset, length);
    if (!row) return tl::unexpected{row.error()};
    if (row->size() < length) return short_log(offset, length);
    joined_ = std::move(*row);
    return std::string_view{joined_};
  }

  tl::unexpected<error> short_log(uint64_t offset, uint64_t length) const {
    return fail(errc::corrupt,
                "the log of batch_{:016x} is shorter than its index says: {} bytes at {}", batch_,
                length, offset);
  }

  /// The log may have grown since a piece was read: one that ends before `needed` is read again.
  result<const std::string*> piece(uint64_t n, uint64_t needed) {
    const auto wanted = std::min(piece_bytes, needed - n * piece_bytes);
    if (const auto at = pieces_.find(n); at != pieces_.end() && at->second.bytes.size() >= wanted) {
      at->second.used = ++clock_;
      return &at->second.bytes;
    }
    std::string bytes;
    while (bytes.size() < piece_bytes) {
      auto more =
        db_->read_output(batch_, kind_, n * piece_bytes + bytes.size(), piece_bytes - bytes.size());
      if (!more) return tl::unexpected{more.error()};
      if (more->empty()) break;
      bytes += *more;
    }
    if (pieces_.size() >= pieces_kept) {
      pieces_.erase(
        std::min_element(pieces_.begin(), pieces_.end(), [](const auto& a, const auto& b) {
          return a.second.used < b.second.used;
        }));
    }
    auto& kept = pieces_[n];
    kept = {std::move(bytes), ++clock_};
    return &kept.bytes;
  }

  struct kept_piece {
    std::string bytes;
    uint64_t used = 0;
  };
  const storage::store* db_;
  storage::batch_id batch_;
  output_kind kind_;
  std::unordered_map<uint64_t, kept_piece> pieces_;
  uint64_t clock_ = 0;
  std::string joined_;
};

/// One batch of a chain of retries, read in order of the file together with the others.
struct link {
  batch_record batch;
  log_window ok;
  log_window error;
  std::vector<std::pair<line_no, storage::index_entry>> ahead; ///< Index rows, a piece at a time.
  size_t at = 0;
  bool at_end = false;
};

constexpr size_t index_piece = 16 * kib;

result<void> fill(const storage::store& db, link& l, line_no from) {
  l.ahead.clear();
  l.at = 0;
  auto ok = db.scan_index(l.batch.id, from, [&](line_no line, const storage::index_entry& e) {
    l.ahead.emplace_back(line, e);
    return l.ahead.size() < index_piece;
  });
  l.at_end = l.ahead.size() < index_piece;
  return ok;
}

/// Lines of a batch at its end that never ran, as (line, text), segment by segment.
class unrun_source {
public:
  unrun_source(const storage::store& db, const batch_record& batch)
    : db_(&db)
    , batch_(&batch) {
    if (batch.progress.unrun_bytes == 0) return;
    segments_ = db.get_unrun(batch.id);
  }

  /// The next one, or false at the end.
  result<bool> peek(line_no& line, std::string_view& text) {
    if (!segments_) return tl::unexpected{segments_.error()};
    while (at_ == bytes_.size()) {
      if (next_ == segments_->size()) return false;
      auto rendered = render_unrun_segment(*db_, *batch_, (*segments_)[next_]);
      if (!rendered) return tl::unexpected{rendered.error()};
      bytes_ = std::move(*rendered);
      at_ = 0;
      ++next_;
    }
    const auto end = bytes_.find('\n', at_);
    text = std::string_view{bytes_}.substr(at_, end + 1 - at_);
    line = line_of(text);
    return true;
  }
  void pop(size_t size) { at_ += size; }

private:
  /// The ordinal stands in the line's id: "batch_req_", 16 digits of the batch, 10 of the line.
  static line_no line_of(std::string_view text) {
    constexpr std::string_view before = R"({"id":"batch_req_)";
    return std::stoull(std::string{text.substr(before.size() + 16, 10)}, nullptr, 16);
  }

  const storage::store* db_;
  const batch_record* batch_;
  result<std::vector<storage::store::unrun_segment>> segments_;
  size_t next_ = 0;
  std::string bytes_;
  size_t at_ = 0;
};

result<std::vector<link>> chain_of(const storage::store& db, storage::batch_id newest) {
  std::vector<link> chain;
  for (auto id = newest; id != 0;) {
    auto b = db.get_batch(id);
    if (!b && !chain.empty() && b.error().kind == errc::not_found) break; // deleted: what is left
    if (!b) return tl::unexpected{b.error()};
    id = b->definition.retry_of;
    const auto mine = b->id;
    chain.push_back({std::move(*b),
                     log_window{db, mine, output_kind::ok},
                     log_window{db, mine, output_kind::error},
                     {},
                     0,
                     false});
  }
  return chain;
}

} // namespace

uint64_t output_size(const batch_record& batch, output_kind kind) {
  const auto& p = batch.progress;
  if (kind == output_kind::ok) return p.ok_bytes;
  return p.error_bytes + (storage::is_final(batch.state.status) ? p.unrun_bytes : 0);
}

result<std::string> output_reader::read(uint64_t offset, size_t max_bytes) {
  if (offset >= output_size(batch_, kind_)) return std::string{};
  const auto& p = batch_.progress;
  const auto log = kind_ == output_kind::ok ? p.ok_bytes : p.error_bytes;
  if (offset < log) return read_log(offset, max_bytes, log);
  if (offset < from_ || offset - from_ >= rendered_.size()) {
    if (auto ok = render(offset); !ok) return tl::unexpected{ok.error()};
  }
  return rendered_.substr(offset - from_, max_bytes);
}

result<std::string> output_reader::read_log(uint64_t offset, size_t max_bytes, uint64_t log) {
  if (offset >= log_from_ && offset - log_from_ < log_piece_.size()) {
    return log_piece_.substr(offset - log_from_, max_bytes);
  }
  const auto want = std::min<uint64_t>(max_bytes, log - offset);
  auto bytes = db_->read_output(batch_.id, kind_, offset, want);
  if (!bytes || bytes->find('\n') != std::string::npos) return bytes;
  // Inside a long line, whose row is read whole each time: more of it at once.
  auto piece = db_->read_output(batch_.id, kind_, offset, std::min(long_piece, log - offset));
  if (!piece) return piece;
  log_piece_ = std::move(*piece);
  log_from_ = offset;
  return log_piece_.substr(0, max_bytes);
}

/// The segment that has this offset.
result<void> output_reader::render(uint64_t offset) {
  rendered_.clear();
  auto segments = db_->get_unrun(batch_.id);
  if (!segments) return tl::unexpected{segments.error()};
  const auto after = std::find_if(segments->begin(), segments->end(),
                                  [&](const auto& s) { return s.offset > offset; });
  const bool covered =
    after != segments->begin() && offset - std::prev(after)->offset < std::prev(after)->bytes;
  if (!covered) {
    return fail(errc::corrupt, "batch_{:016x} has no line that never ran at offset {}, of {} bytes",
                batch_.id, offset, output_size(batch_, kind_));
  }
  const auto& here = *std::prev(after);
  auto text = render_unrun_segment(*db_, batch_, here);
  if (!text) return tl::unexpected{text.error()};
  rendered_ = std::move(*text);
  from_ = here.offset;
  return {};
}

result<void> read_in_order(const storage::store& db, storage::batch_id newest,
                           const std::function<bool(const ordered_result&)>& fn) {
  auto links = chain_of(db, newest);
  if (!links) return tl::unexpected{links.error()};
  auto& chain = *links;
  // A newer batch of the chain hides the older ones' results of its lines; the root alone has lines
  // that never ran of its own which no retry took, and so may each.
  std::vector<unrun_source> unrun;
  unrun.reserve(chain.size());
  for (auto& l : chain) {
    unrun.emplace_back(db, l.batch);
    if (auto ok = fill(db, l, 0); !ok) return ok;
  }
  for (;;) {
    // The lowest line that any link has, and the newest link that has it.
    std::optional<line_no> lowest;
    for (size_t i = 0; i < chain.size(); ++i) {
      auto& l = chain[i];
      if (l.at == l.ahead.size() && !l.at_end) {
        if (auto ok = fill(db, l, l.ahead.back().first + 1); !ok) return ok;
      }
      if (l.at < l.ahead.size())
        lowest = std::min(lowest.value_or(~line_no{0}), l.ahead[l.at].first);
      line_no line = 0;
      std::string_view text;
      auto more = unrun[i].peek(line, text);
      if (!more) return tl::unexpected{more.error()};
      if (*more) lowest = std::min(lowest.value_or(~line_no{0}), line);
    }
    if (!lowest) return {};
    bool told = false;
    for (size_t i = 0; i < chain.size(); ++i) {
      auto& l = chain[i];
      if (l.at < l.ahead.size() && l.ahead[l.at].first == *lowest) {
        const auto& e = l.ahead[l.at++].second;
        if (told) continue;
        told = true;
        for (uint64_t at = 0; at < e.length;) {
          const auto size = std::min<uint64_t>(e.length - at, long_piece);
          auto part = (e.kind == output_kind::ok ? l.ok : l.error).slice(e.offset + at, size);
          if (!part) return tl::unexpected{part.error()};
          at += size;
          if (!fn({*lowest, e.kind, e.code, *part, at == e.length})) return {};
        }
      }
      line_no line = 0;
      std::string_view text;
      auto more = unrun[i].peek(line, text);
      if (!more) return tl::unexpected{more.error()};
      if (!*more || line != *lowest) continue;
      if (!told && !fn({*lowest, output_kind::error, 0, text})) return {};
      told = true;
      unrun[i].pop(text.size());
    }
  }
}

} // namespace perennial::actors
