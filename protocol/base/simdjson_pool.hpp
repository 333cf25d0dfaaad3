// simdjson's parsers, and who may keep how much memory in them. For `.cpp` files of this floor
// only.
//
// A DOM parser keeps about 12 bytes, an on-demand parser about 6, for each byte of the longest text
// it has seen. So: small texts go to parsers that are kept; big ones go one at a time, in the whole
// process, to a parser that is freed after use; huge ones (`huge_text`) to none: see
// protocol/jobs/huge_body.hpp.
#pragma once

#include "protocol/base/bytes.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace perennial {

/// Longer texts are not for simdjson: a tree of them would take more memory than may be at hand.
inline constexpr size_t huge_text = 4 * mib;

/// Held while a big text is parsed.
std::mutex& big_text_mutex();

/// Makes room for `size` bytes, in powers of two, so that lines of growing length do not make the
/// parser grow each time. A failure shows when the parser is used.
inline void make_room(simdjson::dom::parser& parser, size_t size) {
  if (parser.capacity() >= size && parser.doc.capacity() >= size) return;
  const auto room = std::bit_ceil(std::max<size_t>(size, 4096));
  if (!parser.doc.allocate(room)) (void)!parser.allocate(room);
}
inline void make_room(simdjson::ondemand::parser& parser, size_t size) {
  if (parser.capacity() >= size) return;
  (void)!parser.allocate(std::bit_ceil(std::max<size_t>(size, 4096)));
}

/// What a parser that is kept is for; one that has seen longer text keeps as much memory for ever.
inline constexpr size_t own_parser_limit = mib;

/// Runs `use(parser)` with `own` for a text of up to `limit` bytes, else with a parser that is
/// freed afterwards. `use` must not hand out views into the parser.
template <class Parser, class Use>
auto with_parser(Parser& own, size_t size, size_t limit, Use&& use) {
  if (size <= limit) {
    make_room(own, size);
    return use(own);
  }
  std::lock_guard guard{big_text_mutex()};
  Parser big;
  return use(big);
}

/// A few parsers that threads share; each is used by one thread at a time.
template <class Parser>
class parser_pool {
public:
  /// Texts up to this size are parsed by a parser of the pool.
  static constexpr size_t text_limit = 256 * kib;
  /// Parsers that are kept while nobody uses them.
  static constexpr size_t idle_limit = 8;

  template <class Use>
  auto use(size_t size, Use&& use) {
    auto parser = size <= text_limit ? take() : nullptr;
    if (!parser) {
      Parser none;
      return with_parser(none, size, 0, use);
    }
    struct give_back {
      parser_pool& pool;
      std::unique_ptr<Parser>& parser;
      ~give_back() { pool.give(std::move(parser)); }
    } at_end{*this, parser};
    return with_parser(*parser, size, text_limit, use);
  }

private:
  std::unique_ptr<Parser> take() {
    {
      std::lock_guard guard{mutex_};
      if (!idle_.empty()) {
        auto parser = std::move(idle_.back());
        idle_.pop_back();
        return parser;
      }
    }
    return std::make_unique<Parser>();
  }

  void give(std::unique_ptr<Parser> parser) {
    std::lock_guard guard{mutex_};
    if (idle_.size() < idle_limit) idle_.push_back(std::move(parser));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Parser>> idle_;
};

/// The process's pool.
parser_pool<simdjson::dom::parser>& dom_pool();
parser_pool<simdjson::ondemand::parser>& ondemand_pool();

} // namespace perennial
