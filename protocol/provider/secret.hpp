// A provider's key: read in one place, shown nowhere. Every way of formatting it prints ***.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace perennial {

/// Text that must not reach a log, a URL, an error, a result or the database. Only `reveal` gives
/// it out, so that every use can be found by that name. Wiped when it dies.
class secret {
public:
  secret() = default;
  explicit secret(std::string text)
    : text_(std::move(text)) {}
  secret(const secret&) = default;
  secret(secret&&) = default;
  secret& operator=(const secret&) = default;
  secret& operator=(secret&&) = default;
  ~secret() { wipe(text_); }

  bool empty() const noexcept { return text_.empty(); }
  std::string_view reveal() const noexcept { return text_; }

  /// Covers every place of `text` where the secret stands with asterisks, in place: what a provider
  /// echoes must not be stored. Secrets under eight characters are left: they would cover words.
  void hide_in(std::string& text) const;

  friend std::ostream& operator<<(std::ostream& out, const secret&) { return out << "***"; }

private:
  static void wipe(std::string& text) noexcept;

  std::string text_;
};

} // namespace perennial

template <>
struct fmt::formatter<perennial::secret> : fmt::formatter<std::string_view> {
  auto format(const perennial::secret&, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
