// What a key of the configuration is: how its value is read from TOML into a settings struct, and
// how it is written again.
#pragma once

#include "protocol/base/bytes.hpp"
#include "protocol/base/duration.hpp"
#include "protocol/base/error.hpp"
#include "protocol/base/suggest.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::tool {

/// A TOML basic string, quoted and escaped.
std::string quote(std::string_view text);

/// "; did you mean …?", or which of `known` have the word in them; empty where nothing is near.
std::string suggest_key(std::string_view name, const std::vector<std::string_view>& known);

/// "FILE:LINE:COLUMN: "
std::string at_place(std::string_view file, const toml::node& node);

template <class Settings>
struct config_key {
  std::string_view name;
  /// errc::invalid_input with what the value must be.
  std::function<result<void>(Settings&, const toml::node&)> read;
  std::function<std::string(const Settings&)> write; ///< The value as TOML.
};

template <class S>
config_key<S> text_key(std::string_view name, std::string S::*member) {
  return {name,
          [member](S& s, const toml::node& n) -> result<void> {
            const auto v = n.value_exact<std::string>();
            if (!v) return fail(errc::invalid_input, "must be a string, in quotes");
            s.*member = *v;
            return {};
          },
          [member](const S& s) { return quote(s.*member); }};
}

/// An amount of bytes: "512MiB", or a whole number. A word, where one is given, stands for 0.
template <class S>
config_key<S> bytes_key(std::string_view name, uint64_t S::*member,
                        std::string_view word_for_0 = {}) {
  return {name,
          [=](S& s, const toml::node& n) -> result<void> {
            if (!word_for_0.empty() && n.value_exact<std::string_view>() == word_for_0) {
              s.*member = 0;
              return {};
            }
            if (const auto v = n.value_exact<int64_t>(); v && *v > 0) {
              s.*member = static_cast<uint64_t>(*v);
              return {};
            }
            const auto text = n.value_exact<std::string>();
            if (!text) return fail(errc::invalid_input, "must be an amount, as \"512MiB\"");
            auto amount = parse_bytes(*text);
            if (!amount) return tl::unexpected{amount.error()};
            if (*amount == 0) return fail(errc::invalid_input, "must be more than nothing");
            s.*member = *amount;
            return {};
          },
          [=](const S& s) {
            if (s.*member == 0 && !word_for_0.empty()) return quote(word_for_0);
            const auto shown = format_bytes(s.*member);
            const auto same = parse_bytes(shown);
            return same && *same == s.*member ? quote(shown) : std::to_string(s.*member);
          }};
}

/// A length of time. A word, where one is given, stands for 0.
template <class S>
config_key<S> duration_key(std::string_view name, std::chrono::milliseconds S::*member,
                           std::string_view word_for_0 = {}) {
  return {name,
          [=](S& s, const toml::node& n) -> result<void> {
            if (!word_for_0.empty() && n.value_exact<std::string_view>() == word_for_0) {
              s.*member = std::chrono::milliseconds{0};
              return {};
            }
            const auto text = n.value_exact<std::string>();
            if (!text) return fail(errc::invalid_input, "must be a length of time, as \"10s\"");
            auto d = parse_duration(*text);
            if (!d) return tl::unexpected{d.error()};
            if (d->count() == 0) return fail(errc::invalid_input, "must be more than nothing");
            s.*member = *d;
            return {};
          },
          [=](const S& s) {
            const bool word = (s.*member).count() == 0 && !word_for_0.empty();
            return quote(word ? std::string{word_for_0} : write_duration(s.*member));
          }};
}

/// A whole number from `least` to `most`. A word, where one is given, stands for 0.
template <class S>
config_key<S> number_key(std::string_view name, uint32_t S::*member, uint32_t least, uint32_t most,
                         std::string_view word_for_0 = {}) {
  return {name,
          [=](S& s, const toml::node& n) -> result<void> {
            if (!word_for_0.empty() && n.value_exact<std::string_view>() == word_for_0) {
              s.*member = 0;
              return {};
            }
            const auto v = n.value_exact<int64_t>();
            if (v && *v >= least && *v <= most) {
              s.*member = static_cast<uint32_t>(*v);
              return {};
            }
            return fail(errc::invalid_input, "must be a number from {} to {}{}", least, most,
                        word_for_0.empty() ? "" : fmt::format(", or \"{}\"", word_for_0));
          },
          [=](const S& s) {
            return s.*member == 0 && !word_for_0.empty() ? quote(word_for_0)
                                                         : std::to_string(s.*member);
          }};
}

template <class S>
config_key<S> switch_key(std::string_view name, bool S::*member) {
  return {name,
          [member](S& s, const toml::node& n) -> result<void> {
            const auto v = n.value_exact<bool>();
            if (!v) return fail(errc::invalid_input, "must be true or false");
            s.*member = *v;
            return {};
          },
          [member](const S& s) { return std::string{s.*member ? "true" : "false"}; }};
}

template <class S>
config_key<S> list_key(std::string_view name, std::vector<std::string> S::*member) {
  return {name,
          [member](S& s, const toml::node& n) -> result<void> {
            const auto wrong = fail(errc::invalid_input, "must be a list of strings, as [\"a*\"]");
            const auto* list = n.as_array();
            if (!list) return wrong;
            std::vector<std::string> out;
            for (const auto& entry : *list) {
              auto v = entry.value_exact<std::string>();
              if (!v) return wrong;
              if (v->empty()) {
                return fail(errc::invalid_input,
                            "has an empty entry; leave it out, or write \"*\"");
              }
              out.push_back(std::move(*v));
            }
            s.*member = std::move(out);
            return {};
          },
          [member](const S& s) {
            std::string out;
            for (const auto& v : s.*member) out += (out.empty() ? "" : ", ") + quote(v);
            return "[" + out + "]";
          }};
}

/// Reads every member of `table` that `keys` know. Unknown ones are errors; those in `sections` are
/// someone else's.
template <class S>
result<void> read_table(std::string_view file, const toml::table& table,
                        const std::vector<config_key<S>>& keys, S& into,
                        const std::vector<std::string_view>& sections = {}) {
  for (const auto& [key, node] : table) {
    const std::string_view name = key.str();
    if (std::find(sections.begin(), sections.end(), name) != sections.end()) continue;
    const auto found =
      std::find_if(keys.begin(), keys.end(), [name](const auto& k) { return k.name == name; });
    if (found == keys.end()) {
      std::vector<std::string_view> known{sections};
      for (const auto& k : keys) known.push_back(k.name);
      return fail(errc::invalid_input, "{}there is no key \"{}\" here{}", at_place(file, node),
                  name, suggest_key(name, known));
    }
    if (auto ok = found->read(into, node); !ok) {
      return fail(errc::invalid_input, "{}{} {}", at_place(file, node), name, ok.error().message);
    }
  }
  return {};
}

template <class S>
std::string write_table(const std::vector<config_key<S>>& keys, const S& s) {
  std::string out;
  for (const auto& k : keys) out += fmt::format("{} = {}\n", k.name, k.write(s));
  return out;
}

} // namespace perennial::tool
