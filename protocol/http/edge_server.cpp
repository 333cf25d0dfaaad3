#include "protocol/http/edge_server.hpp"

#include "protocol/base/log.hpp"
#include "protocol/openai/api_error.hpp"

#include <memory>
#include <typeinfo>
#include <utility>

namespace perennial::http {

namespace {

constexpr uint64_t files_beside_connections = 512; // the store's, the provider clients'

/// The exchange that httplib is working on in this thread: its hooks do not carry the stream.
thread_local exchange* current = nullptr;

constexpr const char* request_id_header = "x-request-id";

void set_json(httplib::Response& answer, int status, std::string body) {
  answer.status = status;
  answer.body = std::move(body);
  answer.headers.erase("Content-Type");
  answer.headers.erase("Content-Length");
  answer.set_header("Content-Type", "application/json");
}

/// A bare status of 400 and above gets a body in the API's error form.
bool explain_bare_status(const httplib::Request& request, httplib::Response& answer) {
  if (answer.status < 400 || !answer.body.empty() || answer.content_provider_) return false;
  auto error = answer.status < 500 ? openai::invalid_request({}) : openai::api_error{};
  error.status = answer.status;
  error.message = answer.status == 404
                    ? fmt::format("Unknown request URL: {} {}", request.method, request.path)
                    : fmt::format("{}.", reason_phrase(answer.status));
  if (answer.status == 404) error.code = "unknown_url";
  set_json(answer, answer.status, openai::to_json(error));
  return true;
}

std::string type_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return typeid(e).name(); // not what(): it may quote what a client or a provider sent
  } catch (...) {
    return "something that is no std::exception";
  }
}

} // namespace

edge_server::edge_server(edge_limits limits)
  : limits_(limits)
  , uploads_(limits.upload_threads)
  , slow_pool_(limits.slow_threads)
  , parker_(
      limits_, counters_, [this](const request_head& head) { return find_route(head); },
      [this](connection& c) { return dispatch(c); }) {
  install_handlers();
}

edge_server::~edge_server() { stop(std::chrono::milliseconds{0}); }

// ---- life
// ----------------------------------------------------------------------------------------

result<void> edge_server::start(const std::string& host, uint16_t port) {
  const std::lock_guard lock{life_};
  if (started_ || stopped_) return fail(errc::closed, "this server was started before");
  auto listening = listener::open(host, port, limits_.backlog);
  if (!listening) return tl::unexpected<error>{listening.error()};
  port_ = listening->port();
  const auto files = raise_open_file_limit(limits_.connections + files_beside_connections);
  if (files < limits_.connections + files_beside_connections)
    logging::warn("the limit of open files is {}: less than {} connections can be served", files,
                  limits_.connections);
  requests_.start(limits_.request_threads);
  started_ = true;
  return parker_.start(std::move(*listening));
}

void edge_server::stop(std::chrono::milliseconds patience) {
  const std::lock_guard lock{life_};
  if (!started_ || stopped_) return;
  stopped_ = true;
  stopping_ = true;
  parker_.drain();
  parker_.wait_empty(steady_now() + patience);
  aborting_ = true;
  parker_.abort();
  requests_.stop();
  uploads_.stop();
  slow_pool_.stop();
  parker_.stop();
}

// ---- routes
// --------------------------------------------------------------------------------------

edge_server& edge_server::stream(std::string_view method, const std::string& pattern,
                                 stream_handler handler, uint64_t body_limit) {
  streams_.push_back({std::string{method}, path_pattern{pattern}, std::move(handler), body_limit});
  return *this;
}

edge_server& edge_server::slow(std::string_view method, const std::string& pattern) {
  slows_.push_back({std::string{method}, path_pattern{pattern}});
  return *this;
}

route edge_server::find_route(const request_head& head) const {
  for (size_t i = 0; i < streams_.size(); ++i) {
    const auto& candidate = streams_[i];
    if (candidate.method == head.method && candidate.pattern.matches(head.path))
      return {route_kind::streaming, i, candidate.body_limit};
  }
  for (const auto& candidate : slows_)
    if ((candidate.method == head.method || (candidate.method == "GET" && head.method == "HEAD")) &&
        candidate.pattern.matches(head.path))
      return {route_kind::slow, 0, 0};
  return {};
}

// ---- one request
// ---------------------------------------------------------------------------------

std::optional<refusal> edge_server::dispatch(connection& c) {
  // The answer goes out when the place is free again: its client may come back at once.
  const auto finish = [this, &c](std::atomic<uint64_t>& counter) {
    return [this, &c, &counter] {
      counter.fetch_sub(1, std::memory_order_relaxed);
      send(c);
    };
  };
  switch (c.in.request().to.kind) {
  case route_kind::ordinary: requests_.submit([this, &c] { serve_ordinary(c); }); break;
  case route_kind::slow:
    if (!slow_pool_.reserve())
      return refusal{refusal_reason::too_many_downloads,
                     "Too many downloads and waiting requests are open; try again later."};
    add(counters_.slow, 1);
    slow_pool_.submit_reserved([this, &c] { serve_slow(c); }, finish(counters_.slow));
    break;
  case route_kind::streaming:
    if (!uploads_.reserve())
      return refusal{refusal_reason::too_many_uploads,
                     "Too many uploads are in progress; try again later."};
    add(counters_.uploads, 1);
    uploads_.submit_reserved([this, &c] { serve_stream(c); }, finish(counters_.uploads));
  }
  return std::nullopt;
}

bool edge_server::keeps_alive(const connection& c) const {
  return c.in.request().head.keep_alive && !stopping();
}

/// Sends what goes out without waiting; the parker sends the rest and goes on.
void edge_server::send(connection& c) {
  c.sending = rate_guard{limits_.send};
  if (!c.cut_now && flush(c, counters_) == flush_outcome::failed) c.cut_now = true;
  parker_.give_back(c);
}

void edge_server::serve_ordinary(connection& c) {
  auto result = ask_httplib(c, false);
  if (!result.rest) return send(c);
  add(counters_.slow, 1);
  auto rest = std::make_shared<download>(std::move(*result.rest));
  slow_pool_.submit_reserved([this, &c, rest] { run_download(c, *rest); },
                             [this, &c] {
                               counters_.slow.fetch_sub(1, std::memory_order_relaxed);
                               parker_.give_back(c);
                             });
}

void edge_server::serve_slow(connection& c) {
  auto result = ask_httplib(c, true);
  if (result.rest) run_download(c, *result.rest);
}

exchange edge_server::ask_httplib(connection& c, bool on_slow_thread) {
  exchange now{c, keeps_alive(c), on_slow_thread, std::nullopt};
  if (aborting_) {
    c.cut_now = true;
    return now;
  }
  const auto& request = c.in.request();
  current = &now;
  try {
    memory_stream stream{request_line(request.head), request.body, c.out, c};
    auto ignored = false; // by httplib's rules, which are not ours
    process_request(stream, !now.keep_alive, ignored,
                    [&](httplib::Request& to) { fill_headers(to, request); });
  } catch (...) { // from a hook or a lack of memory: handlers' own are caught inside
    add(counters_.handler_exceptions, 1);
    if (now.rest && !on_slow_thread) slow_pool_.release();
    now.rest.reset();
    c.cut_now = true;
  }
  current = nullptr;
  c.close_after = !now.keep_alive;
  return now;
}

void edge_server::run_download(connection& c, download& what) {
  parker_.unwatch(c);
  c.sending = rate_guard{limits_.send};
  if (!what.run(c, counters_, aborting_)) c.cut_now = true;
}

void edge_server::serve_stream(connection& c) {
  if (aborting_) {
    c.cut_now = true;
    return;
  }
  c.sending = rate_guard{limits_.send};
  run_stream_handler(c);
}

void edge_server::run_stream_handler(connection& c) {
  const auto& incoming = c.in.request();
  const auto& chosen = streams_[incoming.to.index];
  body_reader body{c, limits_, counters_};
  httplib::Request request;
  httplib::Response answer;
  try {
    if (auto captured = chosen.pattern.match(incoming.head.path))
      for (auto& [name, value] : *captured)
        request.params.emplace(std::move(name), std::move(value));
    fill_request(request, c);
    chosen.handler(request, body, answer);
  } catch (...) {
    answer_exception(request, answer, std::current_exception());
  }
  if (body.client_lost()) {
    c.cut_now = true;
    return;
  }
  const auto keep_alive = keeps_alive(c) && body.finished();
  c.close_after = !keep_alive;
  if (answer.status == -1 && body.fault()) {
    c.close_after = true;
    c.out = render(*body.fault(), incoming.id, limits_.retry_after);
    return;
  }
  if (answer.status == -1) answer.status = 200;
  explain_bare_status(request, answer);
  answer.headers.erase(request_id_header);
  answer.set_header(request_id_header, incoming.id);
  if (body.finished()) body.return_rest();
  c.out = render(answer, keep_alive);
}

// ---- httplib's hooks
// -----------------------------------------------------------------------------

void edge_server::install_handlers() {
  set_error_handler(
    HandlerWithResponse{[](const httplib::Request& request, httplib::Response& answer) {
      return explain_bare_status(request, answer) ? HandlerResponse::Handled
                                                  : HandlerResponse::Unhandled;
    }});
  set_exception_handler(
    [this](const httplib::Request& request, httplib::Response& answer,
           const std::exception_ptr& thrown) { answer_exception(request, answer, thrown); });
  set_post_routing_handler([this](const httplib::Request& request, httplib::Response& answer) {
    complete_answer(request, answer);
  });
}

void edge_server::answer_exception(const httplib::Request& request, httplib::Response& answer,
                                   const std::exception_ptr& thrown) {
  add(counters_.handler_exceptions, 1);
  const auto id = request.get_header_value(request_id_header);
  logging::error("{} {}: the handler threw {} (request {})", request.method, request.path,
                 type_of(thrown), id);
  take_provider(answer); // and let it go
  answer.headers.clear();
  openai::api_error error;
  error.message = fmt::format("The service has failed inside; its log says how (request {}).", id);
  error.code = "internal";
  set_json(answer, 500, openai::to_json(error));
}

/// The last word on an answer, before httplib writes its head.
void edge_server::complete_answer(const httplib::Request& request, httplib::Response& answer) {
  auto& now = *current;
  if (same_word(answer.get_header_value("Connection"), "close")) now.keep_alive = false;
  answer.headers.erase("Connection");
  answer.headers.erase("Keep-Alive");

  if (answer.content_provider_ && request.method != "HEAD") {
    const auto http_1_0 = request.version == "HTTP/1.0";
    if (!now.on_slow_thread && !slow_pool_.reserve()) {
      const refusal why{refusal_reason::too_many_downloads,
                        "Too many downloads are in progress; try again later."};
      counters_.count(why.reason);
      take_provider(answer); // and let it go
      answer.headers.clear();
      set_json(answer, 503, error_body(why));
      answer.set_header("Content-Length", std::to_string(answer.body.size()));
      answer.set_header("Retry-After", std::to_string(limits_.retry_after.count()));
    } else {
      now.rest = take_provider(answer);
      if (now.rest->chunked && http_1_0) { // it does not know chunks
        now.rest->chunked = false;
        answer.headers.erase("Transfer-Encoding");
      }
      if (!now.rest->chunked && now.rest->length == 0) now.keep_alive = false;
    }
  }

  if (!now.keep_alive) {
    answer.set_header("Connection", "close");
  } else {
    if (request.version == "HTTP/1.0") answer.set_header("Connection", "keep-alive");
    const auto idle = std::chrono::duration_cast<std::chrono::seconds>(limits_.idle_deadline);
    answer.set_header("Keep-Alive", "timeout=" + std::to_string(idle.count()));
  }
  answer.headers.erase(request_id_header);
  answer.set_header(request_id_header, now.c.in.request().id);
}

} // namespace perennial::http
