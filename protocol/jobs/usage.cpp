#include "protocol/jobs/usage.hpp"

#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/simdjson_pool.hpp"
#include "protocol/jobs/usage_dom.hpp"

#include <string>

namespace perennial::jobs {

namespace {

namespace dom = simdjson::dom;

/// No call has used this many: the number is wrong, and would spoil the sums.
constexpr uint64_t most_tokens = 1'000'000'000'000;

void read_count(const dom::element& value, uint64_t& out) {
  uint64_t n = 0;
  if (value.get(n) == simdjson::SUCCESS && n <= most_tokens) out = n;
}

void read_detail(const dom::element& details, std::string_view key, uint64_t& out) {
  dom::element value;
  if (details.at_key(key).get(value) == simdjson::SUCCESS) read_count(value, out);
}

} // namespace

usage usage_of(const dom::element& body) {
  usage out;
  dom::object counts;
  if (body.at_key("usage").get(counts) != simdjson::SUCCESS) return out;
  bool has_total = false;
  for (const auto& [key, value] : counts) {
    if (key == "prompt_tokens" || key == "input_tokens") {
      read_count(value, out.input);
    } else if (key == "completion_tokens" || key == "output_tokens") {
      read_count(value, out.output);
    } else if (key == "total_tokens") {
      read_count(value, out.total);
      has_total = true;
    } else if (key == "prompt_tokens_details" || key == "input_tokens_details") {
      read_detail(value, "cached_tokens", out.cached);
    } else if (key == "completion_tokens_details" || key == "output_tokens_details") {
      read_detail(value, "reasoning_tokens", out.reasoning);
    }
  }
  if (!has_total) out.total = out.input + out.output;
  return out;
}

usage usage_of(std::string_view body) {
  const auto text = with_padding(body);
  return dom_pool().use(text.size(), [&](auto& parser) {
    make_room(parser, text.size());
    dom::element root;
    if (parser.parse(text.data(), text.size(), false).get(root) != simdjson::SUCCESS) {
      return usage{};
    }
    return usage_of(root);
  });
}

} // namespace perennial::jobs
