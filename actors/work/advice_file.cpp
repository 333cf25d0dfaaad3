#include "actors/work/advice_file.hpp"

#include "protocol/base/hash.hpp"
#include "protocol/base/log.hpp"
#include "protocol/base/unique_fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

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

void write_text(const std::string& path, const std::string& text, int flags) {
  const unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600)};
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    logging::warn("{} cannot be written: {}", path, std::strerror(errno));
}

} // namespace

advice_file::advice_file(std::string path,
                         const std::function<bool(std::string_view, std::string_view)>& take)
  : path_(std::move(path)) {
  std::ifstream in{path_};
  std::getline(in, salt_);
  if (!is_print(salt_)) {
    salt_ = random_salt();
    rewrite({});
    return;
  }
  for (std::string line; std::getline(in, line);) {
    const std::string_view all{line};
    const auto print = all.substr(0, print_digits);
    const bool text_follows = all.size() > print_digits && all[print_digits] == ' ';
    if (!is_print(print) || (all.size() > print_digits && !text_follows)) continue;
    if (!take(print, text_follows ? all.substr(print_digits + 1) : std::string_view{})) return;
  }
}

std::string advice_file::fingerprint(std::string_view base_url, const secret& key,
                                     std::string_view name) const {
  sha256_stream hash;
  for (const std::string_view part : {std::string_view{salt_}, base_url, key.reveal(), name}) {
    hash.update(fmt::format("{}:", part.size()));
    hash.update(part);
  }
  return to_hex(hash.finish());
}

void advice_file::append(std::string_view fingerprint, std::string_view text) const {
  write_text(path_, fmt::format("{}{}{}\n", fingerprint, text.empty() ? "" : " ", text), O_APPEND);
}

void advice_file::rewrite(std::string_view lines) const {
  write_text(path_, fmt::format("{}\n{}", salt_, lines), O_TRUNC);
}

} // namespace perennial::actors
