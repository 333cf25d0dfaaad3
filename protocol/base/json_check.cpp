#include "protocol/base/json_check.hpp"

#include "protocol/base/simdjson_pool.hpp"

#include <nlohmann/json.hpp>

namespace perennial {

bool is_json_container(const std::string& text) {
  if (text.size() > huge_text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || (text[first] != '{' && text[first] != '[')) return false;
    return nlohmann::json::accept(text);
  }
  return dom_pool().use(text.size(), [&](auto& parser) {
    simdjson::dom::element root;
    if (parser.parse(text).get(root) != simdjson::SUCCESS) return false;
    return root.is_object() || root.is_array();
  });
}

} // namespace perennial
