#include "actors/work/known_routes.hpp"

#include "protocol/base/hash.hpp"
#include "protocol/base/log.hpp"
#include "protocol/base/unique_fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>

namespace perennial::actors {

namespace {

constexpr size_t print_digits = 64;

bool is_print(std::string_view text) {
  return text.size() == print_digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string random_salt() {
  std::random_device entropy;
  std::array<uint8_t, print_digits / 2> bytes{};
  for (auto& b : bytes) b = static_cast<uint8_t>(entropy());
  return to_hex(bytes);
}

/// One write, so that a line is never torn by another.
void write_line(const std::string& path, const std::string& text, int flags) {
  const unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600)};
  const auto line = text + '\n';
  if (!fd || ::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    logging::warn("{} cannot be written: {}", path, std::strerror(errno));
}

} // namespace

known_routes::known_routes(std::string path)
  : path_(std::move(path)) {
  std::ifstream in{path_};
  std::getline(in, salt_);
  if (!is_print(salt_)) {
    salt_ = random_salt();
    write_line(path_, salt_, O_TRUNC);
    return;
  }
  for (std::string line; prints_.size() < most && std::getline(in, line);)
    if (is_print(line)) prints_.insert(line);
}

std::string known_routes::fingerprint(std::string_view base_url, const secret& key,
                                      std::string_view model) const {
  sha256_stream hash;
  for (const std::string_view part : {std::string_view{salt_}, base_url, key.reveal(), model}) {
    hash.update(fmt::format("{}:", part.size()));
    hash.update(part);
  }
  return to_hex(hash.finish());
}

bool known_routes::contains(std::string_view base_url, const secret& key,
                            std::string_view model) const {
  const auto print = fingerprint(base_url, key, model);
  const std::lock_guard lock{mutex_};
  return prints_.contains(print);
}

void known_routes::add(std::string_view base_url, const secret& key, std::string_view model) {
  const auto print = fingerprint(base_url, key, model);
  const std::lock_guard lock{mutex_};
  if (prints_.size() >= most || !prints_.insert(print).second) return;
  write_line(path_, print, O_APPEND);
}

} // namespace perennial::actors
