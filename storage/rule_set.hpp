// What decides which lines of a file are good, and what their custom_ids are, as one number: it is
// part of the keys of `custom_ids`, and a file remembers the one it was found good under.
#pragma once

#include "storage/records.hpp"

namespace perennial::storage {

/// Count it up when validation accepts or reads lines in another way than before.
inline constexpr uint8_t validation_rules_version = 2;

/// Of a batch's definition: depends on its format, its line limit and its endpoint. Never 0.
rule_set_id rule_set_of(const batch_definition& definition);

} // namespace perennial::storage
