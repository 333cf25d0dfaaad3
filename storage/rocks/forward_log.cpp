#include "storage/rocks/forward_log.hpp"

#include "protocol/base/log.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace perennial::storage::rocks {

namespace {

class forwarding_logger final : public rocksdb::Logger {
public:
  forwarding_logger()
    : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using Logger::Logv;

  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list args) override {
    if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    std::array<char, 1024> text; // longer ones are cut
    const int length = std::vsnprintf(text.data(), text.size(), format, args);
    if (length < 0) return;
    std::string_view line{text.data(), std::min(static_cast<size_t>(length), text.size() - 1)};
    while (line.ends_with('\n')) line.remove_suffix(1);
    logging::log(level >= rocksdb::InfoLogLevel::ERROR_LEVEL ? logging::level::warn
                                                             : logging::level::debug,
                 "RocksDB: {}", line);
  }

  /// Without a level it is news.
  void Logv(const char*, va_list) override {}
};

} // namespace

std::shared_ptr<rocksdb::Logger> forward_log() { return std::make_shared<forwarding_logger>(); }

} // namespace perennial::storage::rocks
