// The configuration of `serve`: a TOML file, every key of which the flags may override. One table
// of keys reads it, shows it, and knows the names to suggest for a misspelt one.
//
//   listen = "127.0.0.1:7733"
//   data_dir = "/var/lib/perennial"
//   [memory]
//   budget = "512MiB"
//   [[providers]]
//   name = "openai"
//   base_url = "https://api.openai.com/v1"
//   api_key_env = "OPENAI_API_KEY"
#pragma once

#include "actors/service/config.hpp"
#include "protocol/base/error.hpp"

#include <string>
#include <string_view>

namespace perennial::tool {

struct serve_settings {
  std::string listen = "127.0.0.1:7733";
  std::string log_level = "info";
  actors::service_config service;
};

/// Puts what `text` says over what `into` has; its providers replace those. errc::invalid_input
/// with "NAME:LINE:COLUMN: what is wrong".
result<void> read_config(std::string_view text, std::string_view name, serve_settings& into);

/// The same from a file. errc::not_found, io_error.
result<void> load_config(const std::string& path, serve_settings& into);

/// What holds for all settings together, whoever gave them: a data directory, a provider, names
/// that differ, URLs that are some. errc::invalid_input.
result<void> check_settings(const serve_settings& s);

/// Everything in force, as a file that `read_config` takes. Of a key it says only whether its
/// variable is set.
std::string print_config(const serve_settings& s);

} // namespace perennial::tool
