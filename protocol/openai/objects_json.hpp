// File and batch objects as nlohmann's JSON, for lists. For `.cpp` files of this folder only.
#pragma once

#include "protocol/openai/batch_object.hpp"
#include "protocol/openai/file_object.hpp"
#include "protocol/openai/json.hpp"

namespace perennial::openai {

json as_json(const file_object& file);
json as_json(const batch_object& batch);

result<file_object> file_from(const json& value);
result<batch_object> batch_from(const json& value);

} // namespace perennial::openai
