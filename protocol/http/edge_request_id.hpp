// The x-request-id that every answer carries: how a client's complaint finds our log line.
#pragma once

#include <string>

namespace perennial::http {

/// "req_" and 16 hexadecimal digits; unique in this process, and almost surely among all.
std::string new_request_id();

/// The client's own id if it is 1 to 64 letters, digits, '-', '_' or '.'; else a new one.
std::string choose_request_id(const std::string* from_client);

} // namespace perennial::http
