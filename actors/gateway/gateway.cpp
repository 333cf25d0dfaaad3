#include "actors/gateway/gateway.hpp"

#include "actors/gateway/batch_view.hpp"
#include "actors/gateway/context.hpp"
#include "protocol/base/log.hpp"

namespace perennial::actors {

void reply_json(httplib::Response& to, const std::string& json, int status) {
  to.status = status;
  to.set_content(json, "application/json");
}

void reply_error(httplib::Response& to, const openai::api_error& e) {
  reply_json(to, openai::to_json(e), e.status);
  if (e.status == 409)
    to.set_header("x-should-retry", "false"); // SDKs try a 409 again by themselves
  if (e.status == 503) to.set_header("Retry-After", "2");
}

void reply_error(httplib::Response& to, const error& e) {
  const auto shown = openai::from_error(e);
  if (shown.status >= 500) logging::error("a request failed: {}: {}", to_string(e.kind), e.message);
  reply_error(to, shown);
}

void reply_batch(const gateway_context& c, httplib::Response& to, const storage::batch_record& b) {
  std::vector<storage::stored_problem> problems;
  if (b.state.problems > 0) {
    if (auto found = c.db().get_problems(b.id)) problems = std::move(*found);
  }
  auto view = view_of(b, problems);
  view.perennial->waiting_for = c.held.of(b);
  reply_json(to, openai::to_json(view));
}

struct gateway::impl {
  explicit impl(service& s)
    : context{s} {}
  gateway_context context;
  http::edge_server server; // last: its handlers use the context
};

gateway::gateway() = default;

gateway::~gateway() { stop(std::chrono::milliseconds{0}); }

result<std::unique_ptr<gateway>> gateway::start(service& s, const gateway_options& options) {
  std::unique_ptr<gateway> g{new gateway};
  g->impl_ = std::make_unique<impl>(s);
  auto& context = g->impl_->context;
  auto& server = g->impl_->server;
  add_health_routes(server, context);
  add_upload_route(server, context);
  add_content_routes(server, context);
  add_file_routes(server, context);
  add_batch_routes(server, context);
  add_worker_routes(server, context);
  add_provider_routes(server, context);
  if (auto ok = server.start(options.host, options.port); !ok) return tl::unexpected{ok.error()};
  return g;
}

uint16_t gateway::port() const { return impl_->server.port(); }

void gateway::set_ready(bool ready) { impl_->context.ready = ready; }

void gateway::stop(std::chrono::milliseconds deadline) {
  impl_->context.ready = false;
  impl_->server.stop(deadline);
}

} // namespace perennial::actors
