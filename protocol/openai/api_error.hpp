// An error as the API answers it, {"error":{message,type,param,code}}, and the HTTP status that
// makes the SDKs raise the right exception for it.
#pragma once

#include "protocol/base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace perennial::openai {

struct api_error {
  int status = 500; ///< HTTP status; not part of the JSON.
  std::string message;
  std::string type = "server_error";
  std::optional<std::string> param; ///< Which field or parameter is wrong.
  std::optional<std::string> code;

  friend bool operator==(const api_error&, const api_error&) = default;
};

/// 400, the fault of a field or parameter of the request.
api_error invalid_request(std::string message, std::string_view param = {},
                          std::string_view code = {});

/// 404: `No such File object: file-1`.
api_error no_such(std::string_view what, std::string_view id, std::string_view param = "id");

/// An error of ours for a client. What went wrong inside (errc::internal, corrupt, io_error,
/// closed) is not told: log it before. Kinds map to: invalid_input, unsupported 400; not_found 404;
/// conflict 409; busy, closed, cancelled, unavailable 503; timed_out 504; no_space 507; the others
/// 500.
api_error from_error(const error& e);

std::string to_json(const api_error& e);

/// Reads what another service answered, be it this form, {"error":"…"}, {"message":"…"} or no JSON
/// at all; `status` is the answer's. The message is never empty, nor longer than about 500 bytes.
api_error parse_api_error(int status, std::string_view body);

} // namespace perennial::openai
