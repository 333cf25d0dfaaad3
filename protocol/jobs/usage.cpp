#include "protocol/jobs/usage.hpp"

#include "protocol/base/simdjson_pool.hpp"
#include "protocol/jobs/huge_body.hpp"
#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/usage_dom.hpp"

#include <string>

namespace perennial::jobs {

namespace {

namespace dom = simdjson::dom;

/// No call has used this many: the number is wrong, and would spoil the sums.
constexpr uint64_t most_tokens = 1'000'000'000'000;

void read_number(const dom::element& value, std::string_view key, std::string_view detail,
                 usage_fields& out) {
  uint64_t n = 0;
  if (value.get(n) == simdjson::SUCCESS) out.take(key, detail, n);
}

} // namespace

void usage_fields::take(std::string_view key, std::string_view detail, uint64_t number) {
  if (key == "total_tokens" && detail.empty()) has_total_ = true;
  if (number > most_tokens) return;
  if (detail.empty()) {
    if (key == "prompt_tokens" || key == "input_tokens") out_.input = number;
    if (key == "completion_tokens" || key == "output_tokens") out_.output = number;
    if (key == "total_tokens") out_.total = number;
  } else if (key == "prompt_tokens_details" || key == "input_tokens_details") {
    if (detail == "cached_tokens") out_.cached = number;
  } else if (key == "completion_tokens_details" || key == "output_tokens_details") {
    if (detail == "reasoning_tokens") out_.reasoning = number;
  }
}

usage usage_fields::sum() const {
  usage out = out_;
  if (!has_total_) out.total = out.input + out.output;
  return out;
}

usage usage_of(const dom::element& body) {
  usage_fields out;
  dom::object counts;
  if (body.at_key("usage").get(counts) != simdjson::SUCCESS) return {};
  for (const auto& [key, value] : counts) {
    dom::object details;
    if (value.get(details) == simdjson::SUCCESS) {
      for (const auto& [detail, number] : details) read_number(number, key, detail, out);
    } else {
      read_number(value, key, {}, out);
    }
  }
  return out.sum();
}

usage usage_of(std::string_view body) {
  if (body.size() > huge_text) return usage_of_huge(body).value_or(usage{});
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
