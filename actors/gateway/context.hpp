// What the routes share: the service behind them, and how answers are written.
#pragma once

#include "actors/gateway/hold_ups.hpp"
#include "actors/service/ask.hpp"
#include "actors/service/service.hpp"
#include "protocol/http/edge_server.hpp"
#include "protocol/openai/api_error.hpp"

#include <atomic>
#include <string>

namespace perennial::actors {

struct gateway_context {
  explicit gateway_context(service& s)
    : owner(s)
    , held(s) {}

  service& owner;
  mutable hold_ups held;
  std::atomic<bool> ready{false};

  storage::store& db() const { return owner.db(); }
};

/// How long a request waits for an actor. The store may be waiting for the disk.
inline constexpr std::chrono::seconds gateway_patience{30};

void reply_json(httplib::Response& to, const std::string& json, int status = 200);
void reply_error(httplib::Response& to, const openai::api_error& e);
/// Ours as the API's; what is internal is logged and not told.
void reply_error(httplib::Response& to, const error& e);

/// Asks the dispatcher and answers with the batch, or with the error.
void reply_batch(const gateway_context& c, httplib::Response& to, const storage::batch_record& b);

void add_health_routes(http::edge_server& server, gateway_context& c);
void add_file_routes(http::edge_server& server, gateway_context& c);
void add_content_routes(http::edge_server& server, gateway_context& c);
void add_upload_route(http::edge_server& server, gateway_context& c);
void add_batch_routes(http::edge_server& server, gateway_context& c);
void add_worker_routes(http::edge_server& server, gateway_context& c);
void add_provider_routes(http::edge_server& server, gateway_context& c);

} // namespace perennial::actors
