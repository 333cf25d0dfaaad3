#include "actors/work/known_routes.hpp"

namespace perennial::actors {

known_routes::known_routes(std::string path)
  : file_(std::move(path), [this](auto print, auto) {
    prints_.emplace(print);
    return prints_.size() < most;
  }) {}

bool known_routes::contains(std::string_view base_url, const secret& key,
                            std::string_view model) const {
  const auto print = file_.fingerprint(base_url, key, model);
  const std::lock_guard lock{mutex_};
  return prints_.contains(print);
}

void known_routes::add(std::string_view base_url, const secret& key, std::string_view model) {
  const auto print = file_.fingerprint(base_url, key, model);
  const std::lock_guard lock{mutex_};
  if (prints_.size() >= most || !prints_.insert(print).second) return;
  file_.append(print);
}

} // namespace perennial::actors
