#include "protocol/base/simdjson_pool.hpp"

namespace perennial {

std::mutex& big_text_mutex() {
  static std::mutex mutex;
  return mutex;
}

parser_pool<simdjson::dom::parser>& dom_pool() {
  static parser_pool<simdjson::dom::parser> pool;
  return pool;
}

parser_pool<simdjson::ondemand::parser>& ondemand_pool() {
  static parser_pool<simdjson::ondemand::parser> pool;
  return pool;
}

} // namespace perennial
