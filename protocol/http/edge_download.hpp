// A long answer: httplib's content provider, run on a slow thread at the client's pace.
#pragma once

#include "protocol/http/edge_connection.hpp"

#include <httplib.h>

#include <atomic>
#include <optional>

namespace perennial::http {

struct download {
  httplib::ContentProvider provider;
  httplib::ContentProviderResourceReleaser releaser;
  uint64_t length = 0; ///< 0: not known, it ends when the provider says so.
  bool chunked = false;

  download() = default;
  download(download&&) = default;
  download& operator=(download&&) = default;
  ~download();

  /// Sends what is in `c.out`, then all that the provider gives. False when not all of it got out:
  /// the client must see the connection end. Stops soon after `aborting` is set.
  bool run(connection& c, edge_counters& counters, const std::atomic<bool>& aborting);
};

/// Takes the content provider out of an answer, so that httplib sends only the head.
download take_provider(httplib::Response& answer);

} // namespace perennial::http
