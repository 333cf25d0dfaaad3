#include "protocol/provider/borrowed_parser.hpp"
#include "protocol/base/bytes.hpp"

#include <mutex>
#include <vector>

namespace perennial {

namespace {

constexpr size_t largest_kept = 256 * kib; // bytes of document: 3.5 MiB of parser
constexpr size_t most_kept = 16;

struct parser_stock {
  std::mutex mutex;
  std::vector<std::unique_ptr<simdjson::dom::parser>> parsers;
};

parser_stock& stock() {
  static auto* const one = new parser_stock; // never destroyed: threads may end after main
  return *one;
}

} // namespace

borrowed_parser::borrowed_parser() {
  auto& shared = stock();
  {
    const std::lock_guard guard{shared.mutex};
    if (!shared.parsers.empty()) {
      parser_ = std::move(shared.parsers.back());
      shared.parsers.pop_back();
    }
  }
  if (!parser_) parser_ = std::make_unique<simdjson::dom::parser>();
}

borrowed_parser::~borrowed_parser() {
  if (parser_->capacity() > largest_kept) return;
  auto& shared = stock();
  const std::lock_guard guard{shared.mutex};
  if (shared.parsers.size() < most_kept) shared.parsers.push_back(std::move(parser_));
}

bool is_json_container(const std::string& text) {
  borrowed_parser parser;
  simdjson::dom::element root;
  if (parser->parse(text).get(root) != simdjson::SUCCESS) return false;
  return root.is_object() || root.is_array();
}

} // namespace perennial
