#include "storage/codec.hpp"

#include <algorithm>

namespace perennial::storage {

decoder::decoder(std::string_view what, std::string_view value, uint8_t newest, uint8_t oldest)
  : what_(what)
  , value_(value) {
  if (oldest == 0) oldest = newest;
  version_ = u8();
  if (failed() || (version_ >= oldest && version_ <= newest)) return;
  if (oldest == newest) {
    refuse(fmt::format("version {} is not known, only {} is", version_, newest));
  } else {
    refuse(fmt::format("version {} is not known, only {} to {} are", version_, oldest, newest));
  }
}

std::string_view decoder::bytes(size_t count) {
  if (failed()) return {};
  if (count > value_.size() - at_) {
    refuse(fmt::format("{} bytes are missing", count - (value_.size() - at_)));
    return {};
  }
  const auto out = value_.substr(at_, count);
  at_ += count;
  return out;
}

void decoder::bytes(std::span<uint8_t> to) {
  const auto from = bytes(to.size());
  std::fill(to.begin(), to.end(), uint8_t{0});
  std::transform(from.begin(), from.end(), to.begin(),
                 [](char c) { return static_cast<uint8_t>(c); });
}

void decoder::refuse(std::string problem) {
  problem_ = fmt::format("{} (at byte {} of {})", problem, at_, value_.size());
}

result<void> decoder::finish() {
  if (!failed() && at_ < value_.size()) {
    refuse(fmt::format("{} bytes are left over", value_.size() - at_));
  }
  if (failed()) return fail(errc::corrupt, "stored {} cannot be read: {}", what_, problem_);
  return {};
}

} // namespace perennial::storage
