// A client that writes what it likes: sockets and bytes, nothing that corrects it.
#pragma once

#include "protocol/base/unique_fd.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace perennial::test {

struct raw_answer {
  int status = 0;                             ///< 0: no whole answer came.
  std::map<std::string, std::string> headers; ///< Names in lower case.
  std::string body;
  bool whole = false; ///< The body came to its end.
};

class raw_client {
public:
  /// Connects; throws where that fails. `receive_buffer` makes a client that takes little at once.
  explicit raw_client(uint16_t port, int receive_buffer = 0);

  /// Sends all of it, unless the server answers or closes first: then false.
  bool send(std::string_view bytes);
  /// Sends what goes out without waiting; false when the server has closed.
  bool send_now(std::string_view bytes);
  /// Says that no more will come.
  void end_sending();
  /// Reads one answer; those with a status of 100 are passed over unless asked for.
  raw_answer answer(bool to_head = false, bool interim = false);
  /// Waits until the server closes; bytes that come before are dropped. False after 30 s.
  bool closed_by_server();
  /// Closes with a reset, as a process that dies.
  void reset();

  int fd() const { return socket_.get(); }

  static constexpr int patience_ms = 30'000;

private:
  bool receive_more();

  unique_fd socket_;
  std::string received_;
};

/// A request for a path, with headers (each line ended) and a body.
std::string request(std::string_view method, std::string_view target, std::string_view headers = {},
                    std::string_view body = {});

} // namespace perennial::test
