// httplib's client without its sockets: it writes a request to a stream and reads the answer; who
// connected the stream, and how long anything may take, is ours. As the service's edge does on the
// other side.
#pragma once

#include <httplib.h>

namespace perennial {

class http_exchange : private httplib::ClientImpl {
public:
  http_exchange()
    : ClientImpl("unused", 80) { // only for the Host header, which every request of ours has
    set_url_encode(false);       // a path is checked, and sent as it was written
  }

  /// False where the answer is not whole; `stream` and `response` say how far it came.
  bool run(httplib::Stream& stream, httplib::Request& request, httplib::Response& response) {
    auto error = httplib::Error::Success;
    return process_request(stream, request, response, false, error);
  }
};

} // namespace perennial
