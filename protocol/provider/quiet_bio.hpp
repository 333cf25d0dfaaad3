// A socket BIO for OpenSSL that writes with MSG_NOSIGNAL: its own one raises SIGPIPE when the other
// side has gone. It also counts what the kernel took.
#pragma once

#include <openssl/types.h>

#include <cstddef>

namespace perennial {

/// Null where memory is out. Neither closes `fd` nor owns `sent`; both must outlive it.
BIO* make_quiet_bio(int fd, size_t& sent);

} // namespace perennial
