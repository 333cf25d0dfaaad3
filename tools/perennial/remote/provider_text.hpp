// Providers for people, from what /v1/providers says.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace perennial::tool {

/// A line for each, and below it what a person should do. Throws json's exceptions where something
/// is missing.
std::string provider_table(const nlohmann::ordered_json& providers);

/// One provider with its keys, its models' breakers and the last changes. Throws as above.
std::string provider_details_text(const nlohmann::ordered_json& p);

} // namespace perennial::tool
