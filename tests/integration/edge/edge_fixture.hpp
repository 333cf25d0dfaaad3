// A running edge with routes to test it by.
#pragma once

#include "protocol/http/edge_server.hpp"
#include "tests/support/raw_client.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace perennial::test {

/// Lets handlers wait for the test, and the test for handlers.
class gate {
public:
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  /// Called by a handler.
  void pass() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  /// Until so many handlers are at the gate.
  void wait_for(size_t handlers) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_ >= handlers; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  size_t waiting_ = 0;
};

/// What the last upload came to.
struct upload_record {
  uint64_t bytes = 0;
  size_t pieces = 0;
  std::string sha256;
  std::string error; ///< The kind, if it failed.
};

class running_edge {
public:
  /// Routes: /ok, /echo, /throw, /wait (slow), /big, /chunks, /endless, /upload and
  /// /upload-10 (streaming).
  explicit running_edge(http::edge_limits limits = {});
  ~running_edge();

  uint16_t port() const { return server->port(); }
  raw_client connect(int receive_buffer = 0) const { return raw_client{port(), receive_buffer}; }
  /// One request on a connection of its own.
  raw_answer ask(const std::string& text) const;

  upload_record wait_for_upload();

  std::unique_ptr<http::edge_server> server;
  gate at_wait;

private:
  void add_routes();
  void take_upload(http::body_reader& body, httplib::Response& answer);

  std::mutex mutex_;
  std::condition_variable uploaded_;
  std::vector<upload_record> uploads_;
};

/// The error object of a JSON answer; checks that it is one.
nlohmann::json error_of(const raw_answer& answer);

/// Median and worst time of GET /ok, alternately on one connection that stays and on new ones.
struct latency {
  double median_ms = 0;
  double worst_ms = 0;
};
latency measure(const running_edge& edge, int rounds = 40);

/// This process's resident memory.
uint64_t resident_bytes();

/// Looks until it is so, up to 30 s.
bool eventually(const std::function<bool()>& is_so);

} // namespace perennial::test
