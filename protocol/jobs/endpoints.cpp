#include "protocol/jobs/endpoints.hpp"

#include "protocol/base/suggest.hpp"
#include "protocol/jobs/json_text.hpp"

#include <array>

namespace perennial::jobs {

namespace {

constexpr std::array endpoints{
  endpoint{"/v1/chat/completions", prompt_place::messages},
  endpoint{"/v1/responses", prompt_place::response},
  endpoint{"/v1/embeddings", prompt_place::input},
  endpoint{"/v1/completions", prompt_place::prompt},
  endpoint{"/v1/moderations", prompt_place::input},
  endpoint{"/v1/images/generations", prompt_place::prompt},
  endpoint{"/v1/images/edits", prompt_place::prompt},
};

constexpr auto paths = [] {
  std::array<std::string_view, endpoints.size()> out;
  for (size_t i = 0; i < out.size(); ++i) out[i] = endpoints[i].path;
  return out;
}();

} // namespace

std::span<const std::string_view> endpoint_paths() { return paths; }

const endpoint* find_endpoint(std::string_view path) {
  for (const auto& e : endpoints) {
    if (e.path == path) return &e;
  }
  return nullptr;
}

result<void> check_endpoint(std::string_view path) {
  if (find_endpoint(path)) return {};
  if (const auto near = nearest(path, paths); !near.empty()) {
    return fail(errc::invalid_input, "{} is not an endpoint; did you mean \"{}\"?", in_quotes(path),
                near);
  }
  return fail(errc::invalid_input, "{} is not an endpoint; it must be one of {}", in_quotes(path),
              fmt::join(paths, ", "));
}

} // namespace perennial::jobs
