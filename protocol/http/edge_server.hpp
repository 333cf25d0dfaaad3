// The service's HTTP server: httplib's routes behind a connection loop of our own.
//
//   clients ══▶ parker (1 thread) ──▶ request threads   ordinary routes, whole requests
//                  ▲   │  │
//                  │   │  └─────────▶ slow threads      slow routes; answers made by a provider
//                  │   └────────────▶ upload threads    streaming routes
//                  └────── answers ─────┘
//
// Ordinary routes are httplib's: `Get`, `Post`, `Delete`…, `set_pre_routing_handler` and
// `set_logger`. Their handlers get the whole body (at most `small_body_bytes`) and never wait for
// the network, in either direction; a content provider that they set is run later, on a slow
// thread, so it must not refer to the request or the response. A Range header is the handler's to
// answer (range.hpp); httplib does not see it. Nothing is compressed.
//
// Every answer has an `x-request-id`; handlers find it among the request's headers. What a handler
// throws becomes a 500 that tells nothing; 404s and other bare statuses get a JSON error body.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/http/edge_body.hpp"
#include "protocol/http/edge_exchange.hpp"
#include "protocol/http/edge_limits.hpp"
#include "protocol/http/edge_parker.hpp"
#include "protocol/http/edge_path_pattern.hpp"
#include "protocol/http/edge_pools.hpp"

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::http {

class edge_server : public httplib::Server {
public:
  /// Reads the body as it comes and sets status, headers and body of the answer (no provider). When
  /// `next` has failed and the status is left unset, the edge answers what is right.
  using stream_handler =
    std::function<void(const httplib::Request&, body_reader&, httplib::Response&)>;

  explicit edge_server(edge_limits limits = {});
  ~edge_server() override;

  // ---- routes; all before `start` ----

  /// A streaming route; it comes before httplib's. `pattern` is a path such as
  /// "/v1/uploads/{id}/parts" (edge_path_pattern.hpp); what stands for a name in braces is the
  /// first of that name among the request's params. Bodies beyond `body_limit` are refused; 0 is
  /// none.
  edge_server& stream(std::string_view method, const std::string& pattern, stream_handler handler,
                      uint64_t body_limit = 0);

  /// The handler of the httplib route at this path (a pattern as above) may wait, so it runs on a
  /// slow thread. It should look at `stopping` now and then.
  edge_server& slow(std::string_view method, const std::string& pattern);

  // ---- life; any thread ----

  /// Binds (port 0: any free one) and serves from then on, on threads of its own. Once only.
  result<void> start(const std::string& host, uint16_t port);
  uint16_t port() const { return port_; }

  /// Stops accepting, lets requests in progress finish for up to `patience`, cuts the rest, and
  /// returns when every handler has returned. Idempotent.
  void stop(std::chrono::milliseconds patience);
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  const edge_counters& counters() const { return counters_; }
  const edge_limits& limits() const { return limits_; }

private:
  // The edge's own, or replaced by it.
  using httplib::Server::bind_to_any_port;
  using httplib::Server::bind_to_port;
  using httplib::Server::is_running;
  using httplib::Server::listen;
  using httplib::Server::listen_after_bind;
  using httplib::Server::new_task_queue;
  using httplib::Server::set_error_handler;
  using httplib::Server::set_exception_handler;
  using httplib::Server::set_expect_100_continue_handler;
  using httplib::Server::set_post_routing_handler;

  struct stream_route {
    std::string method;
    path_pattern pattern;
    stream_handler handler;
    uint64_t body_limit = 0;
  };
  struct slow_route {
    std::string method;
    path_pattern pattern;
  };

  route find_route(const request_head& head) const;
  std::optional<refusal> dispatch(connection& c);
  void serve_ordinary(connection& c);
  void serve_slow(connection& c);
  void serve_stream(connection& c);
  exchange ask_httplib(connection& c, bool on_slow_thread);
  void run_stream_handler(connection& c);
  void run_download(connection& c, download& what);
  bool keeps_alive(const connection& c) const;
  void send(connection& c);

  void install_handlers();
  void complete_answer(const httplib::Request& request, httplib::Response& answer);
  void answer_exception(const httplib::Request& request, httplib::Response& answer,
                        const std::exception_ptr& thrown);

  const edge_limits limits_;
  edge_counters counters_;
  std::vector<stream_route> streams_;
  std::vector<slow_route> slows_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> aborting_{false};
  std::mutex life_;
  bool started_ = false;
  bool stopped_ = false;
  uint16_t port_ = 0;

  fixed_pool requests_;
  elastic_pool uploads_, slow_pool_;
  parker parker_; // last: it ends before the pools are gone
};

} // namespace perennial::http
