#include "tools/perennial/validators.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/duration.hpp"

namespace perennial::tool {

namespace {

std::string parse_amount(std::string& text) {
  auto n = parse_bytes(text);
  if (!n) return n.error().message;
  text = std::to_string(*n);
  return {};
}

std::string parse_concurrency(std::string& text) {
  if (text == "auto") {
    text = "0";
    return {};
  }
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && text.size() <= 6 && std::stoul(text) > 0) return {};
  return "give a number of calls at once, or auto";
}

std::string check_duration(const std::string& text) {
  const auto d = parse_duration(text);
  if (!d) return d.error().message;
  return d->count() > 0 ? std::string{} : "give more than nothing, as 10m";
}

} // namespace

CLI::Validator duration() {
  return {[](std::string& t) { return check_duration(t); }, "TIME"};
}

CLI::Validator byte_amount() { return {parse_amount, "SIZE", "size"}; }

CLI::Validator call_count() { return {parse_concurrency, "N|auto", "concurrency"}; }

} // namespace perennial::tool
