// The members of a JSON job line that mean something to us, and which form they make it. The
// validator and the slicer share it, so that they cannot disagree.
#pragma once

#include <cstdint>
#include <string_view>

namespace perennial::jobs {

enum class member : uint8_t { custom_id, method, url, body, prompt, id, model, system, other };

/// `key` without escapes.
constexpr member member_of(std::string_view key) {
  if (key == "custom_id") return member::custom_id;
  if (key == "method") return member::method;
  if (key == "url") return member::url;
  if (key == "body") return member::body;
  if (key == "prompt") return member::prompt;
  if (key == "id") return member::id;
  if (key == "model") return member::model;
  if (key == "system") return member::system;
  return member::other;
}

class member_set {
public:
  /// False when it was in the set already.
  constexpr bool add(member m) {
    const bool is_new = !has(m);
    bits_ = static_cast<uint16_t>(bits_ | bit(m));
    return is_new;
  }
  constexpr bool has(member m) const { return (bits_ & bit(m)) != 0; }

private:
  static constexpr uint16_t bit(member m) {
    return static_cast<uint16_t>(1U << static_cast<unsigned>(m));
  }
  uint16_t bits_ = 0;
};

/// OpenAI's form, or an attempt at it; otherwise a line is in the short form.
constexpr bool is_openai_form(const member_set& seen) {
  return seen.has(member::body) || seen.has(member::method) || seen.has(member::url) ||
         (seen.has(member::custom_id) && !seen.has(member::prompt));
}

/// Whether OpenAI's form (else the short form) has this member.
constexpr bool belongs_to_form(member m, bool openai) {
  switch (m) {
  case member::custom_id: return true;
  case member::method:
  case member::url:
  case member::body: return openai;
  case member::prompt:
  case member::id:
  case member::model:
  case member::system: return !openai;
  case member::other: return false;
  }
  return false;
}

} // namespace perennial::jobs
