#include "protocol/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace perennial {

void init_log(std::string_view level) {
  auto logger = std::make_shared<spdlog::logger>("perennial",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const auto wanted = spdlog::level::from_str(std::string{level});
  logger->set_level(wanted == spdlog::level::off && level != "off" ? spdlog::level::info : wanted);
  logger->set_pattern(std::getenv("JOURNAL_STREAM") ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

} // namespace perennial
