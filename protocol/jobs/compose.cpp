#include "protocol/jobs/compose.hpp"

namespace perennial::jobs {

void compose_body(const body_parts& parts, prompt_place place, std::string& out) {
  auto size = parts.model.size() + parts.system.size() + parts.prompt.size() + 128;
  for (const auto& [key, value] : parts.others) size += key.size() + value.size() + 2;
  out.reserve(out.size() + size);

  bool first = true;
  const auto member = [&](std::string_view key, std::string_view value) {
    out += first ? "{" : ",";
    out.append(key).append(":").append(value);
    first = false;
  };
  if (!parts.model.empty()) member("\"model\"", parts.model);
  switch (place) {
  case prompt_place::messages:
    member("\"messages\"", "[");
    if (!parts.system.empty()) {
      out.append("{\"role\":\"system\",\"content\":").append(parts.system).append("},");
    }
    out.append("{\"role\":\"user\",\"content\":").append(parts.prompt).append("}]");
    break;
  case prompt_place::response:
    if (!parts.system.empty()) member("\"instructions\"", parts.system);
    member("\"input\"", parts.prompt);
    break;
  case prompt_place::input: member("\"input\"", parts.prompt); break;
  case prompt_place::prompt: member("\"prompt\"", parts.prompt); break;
  }
  for (const auto& [key, value] : parts.others) member(key, value);
  out += '}';
}

} // namespace perennial::jobs
