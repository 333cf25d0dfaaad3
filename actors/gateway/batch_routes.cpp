// /v1/batches: create, list, get, cancel, pause, resume, retry.
#include "actors/gateway/batch_view.hpp"
#include "actors/gateway/context.hpp"
#include "actors/work/dispatcher/retry_request.hpp"
#include "protocol/jobs/json_text.hpp"
#include "protocol/openai/create_batch.hpp"
#include "protocol/openai/ids.hpp"
#include "protocol/openai/list.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace perennial::actors {

namespace {

using storage::batch_record;

storage::batch_definition definition_of(const openai::create_batch_request& r,
                                        const storage::file_record& file) {
  storage::batch_definition d;
  d.file = file.id;
  d.created = wall_now();
  d.format =
    r.format == jobs::job_format::text ? storage::line_format::text : storage::line_format::jsonl;
  d.on_invalid = r.on_invalid == openai::on_invalid::skip ? storage::invalid_policy::skip
                                                          : storage::invalid_policy::fail;
  d.lines = file.lines;
  d.max_line_bytes = r.max_line_bytes;
  d.max_attempts = r.max_attempts;
  d.weight = r.weight;
  d.priority = r.priority;
  d.line_deadline = r.line_deadline;
  d.endpoint = r.endpoint;
  d.completion_window = r.completion_window;
  d.model = r.model;
  d.metadata = r.metadata;
  return d;
}

/// Everything that makes two requests the same: not the time, nor the key. With a key of the
/// client's the same bytes are the same file, so that who uploads them again after a lost answer is
/// not refused.
sha256_digest hash_of(const storage::batch_definition& d, const storage::file_record& file,
                      bool keyed) {
  nlohmann::ordered_json j{
    {"file", keyed ? to_hex(file.sha256) : std::to_string(d.file)},
    {"endpoint", d.endpoint},
    {"window", d.completion_window},
    {"format", static_cast<int>(d.format)},
    {"on_invalid", static_cast<int>(d.on_invalid)},
    {"model", d.model},
    {"weight", d.weight},
    {"priority", d.priority},
    {"line_deadline", d.line_deadline.count()},
    {"expires_after", d.expires == wall_time{} ? 0 : (d.expires - d.created).count()},
    {"max_attempts", d.max_attempts},
    {"max_line_bytes", d.max_line_bytes},
    {"metadata", d.metadata}};
  return sha256(j.dump());
}

/// Who shares the providers with others: whoever has this key. It says nothing of what they may.
uint64_t owner_of(const httplib::Request& request) {
  const auto key = request.get_header_value("Authorization");
  if (key.empty()) return 0;
  const auto digest = sha256("owner " + key);
  uint64_t out = 0;
  for (size_t i = 0; i < sizeof out; ++i) out = out << 8 | digest[i];
  return out;
}

void create(const gateway_context& c, const httplib::Request& request, httplib::Response& to) {
  auto asked = openai::parse_create_batch(request.body);
  if (!asked) return reply_error(to, asked.error());
  auto file = c.db().get_file(asked->input_file);
  if (!file) {
    return reply_error(
      to, openai::no_such("File", openai::file_id(asked->input_file), "input_file_id"));
  }
  create_request r;
  r.definition = definition_of(*asked, *file);
  const auto& config = c.owner.config();
  const auto life =
    asked->expires_after.count() > 0 ? asked->expires_after : config.batch_expires_after;
  if (life.count() > 0) r.definition.expires = r.definition.created + life;
  r.definition.owner = owner_of(request);
  r.same.key = request.get_header_value("Idempotency-Key");
  r.same.request_hash = hash_of(r.definition, *file, !r.same.key.empty());
  auto made = ask<storage::created_batch>(c.owner.system(), c.owner.dispatcher(), gateway_patience,
                                          create_atom_v, r);
  if (!made) return reply_error(to, made.error());
  reply_batch(c, to, made->batch);
}

void list(const gateway_context& c, const httplib::Request& request, httplib::Response& to) {
  const auto query = openai::parse_list_query(request.params, openai::batch_list_limits);
  if (!query) return reply_error(to, query.error());
  if (query->after && query->after->kind != openai::id_kind::batch) {
    return reply_error(to, openai::invalid_request("`after` must be the id of a batch", "after"));
  }
  auto found = c.db().list_batches(query->after ? query->after->id : 0, size_t{query->limit} + 1);
  if (!found) return reply_error(to, found.error());
  const bool more = found->size() > query->limit;
  if (more) found->resize(query->limit);
  std::vector<openai::batch_object> views;
  for (const auto& b : *found) views.push_back(view_of(b, {}));
  reply_json(to, openai::list_json(views, more));
}

/// Runs `what` on the batch that the path names.
template <class F>
void with_batch(const gateway_context& c, const httplib::Request& request, httplib::Response& to,
                F&& what) {
  const auto text = request.matches[1].str();
  const auto id = openai::parse_batch_id(text);
  if (!id) return reply_error(to, openai::no_such("Batch", text));
  result<batch_record> done = what(*id);
  if (!done && done.error().kind == errc::not_found) {
    return reply_error(to, openai::no_such("Batch", text));
  }
  if (!done) return reply_error(to, done.error());
  reply_batch(c, to, *done);
}

/// Reads an optional JSON body that may have one member, a string. `out` stays as it is where there
/// is none. What is not understood is refused: a retry of a code that is not read would be a retry
/// of everything. @returns what is wrong, if anything.
std::optional<openai::api_error> read_member(const httplib::Request& request, const char* name,
                                             std::optional<std::string>& out) {
  if (request.body.empty()) return std::nullopt;
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (!body.is_object()) {
    return openai::invalid_request(
      fmt::format("the body must be a JSON object, as {{\"{}\": \"…\"}}, or empty", name));
  }
  for (const auto& [key, value] : body.items()) {
    if (key != name) {
      return openai::invalid_request(
        fmt::format("{} is not a field of this request; its one field is \"{}\"",
                    jobs::in_quotes(key), name),
        jobs::shown(key), "unknown_parameter");
    }
    if (value.is_null()) continue;
    if (!value.is_string()) {
      return openai::invalid_request(
        fmt::format("\"{}\" must be a string in quotes, or left out", name), name, "invalid_type");
    }
    out = value.get<std::string>();
  }
  return std::nullopt;
}

/// So long a retry that is asked for is looked at before it is made: less than clients wait.
constexpr std::chrono::seconds retry_check_patience{20};

void pause(const gateway_context& c, const httplib::Request& request, httplib::Response& to) {
  std::optional<std::string> reason;
  if (auto wrong = read_member(request, "reason", reason)) return reply_error(to, *wrong);
  if (!reason || reason->empty()) reason = "asked for";
  with_batch(c, request, to, [&](uint64_t id) {
    return ask<batch_record>(c.owner.system(), c.owner.dispatcher(), gateway_patience, pause_atom_v,
                             id, *reason);
  });
}

void retry(const gateway_context& c, const http::edge_server& server,
           const httplib::Request& request, httplib::Response& to) {
  std::optional<std::string> only;
  if (auto wrong = read_member(request, "only", only)) return reply_error(to, *wrong);
  if (only && only->empty()) {
    return reply_error(
      to, openai::invalid_request("\"only\" is empty; give a code, or leave it out to run all "
                                  "failed lines again",
                                  "only", "invalid_value"));
  }
  const auto code = only.value_or(std::string{});
  with_batch(c, request, to, [&](uint64_t id) -> result<batch_record> {
    // First whether it would take any line: here, where there is time for it.
    const auto wanted = make_retry(c.db(), id, code);
    if (!wanted) return tl::unexpected{wanted.error()};
    const auto until = steady_now() + retry_check_patience;
    const auto go_on = [&] { return !server.stopping() && steady_now() < until; };
    if (auto ok = check_takes_lines(c.db(), wanted->definition, go_on); !ok) {
      return tl::unexpected{ok.error()};
    }
    auto made = ask<storage::created_batch>(c.owner.system(), c.owner.dispatcher(),
                                            gateway_patience, retry_atom_v, uint64_t{id}, code);
    if (!made) return tl::unexpected{made.error()};
    return std::move(made->batch);
  });
}

} // namespace

void add_batch_routes(http::edge_server& server, gateway_context& c) {
  using httplib::Request;
  using httplib::Response;
  server.slow("POST", "/v1/batches");
  server.slow("POST", "/v1/batches/{id}/{verb}");
  const auto tell = [&c](auto&&... message) {
    return ask<batch_record>(c.owner.system(), c.owner.dispatcher(), gateway_patience,
                             std::forward<decltype(message)>(message)...);
  };
  server.Post("/v1/batches", [&c](const Request& q, Response& to) { create(c, q, to); });
  server.Get("/v1/batches", [&c](const Request& q, Response& to) { list(c, q, to); });
  server.Get(R"(/v1/batches/([^/]+))", [&c](const Request& q, Response& to) {
    with_batch(c, q, to, [&](uint64_t id) { return c.db().get_batch(id); });
  });
  server.Post(R"(/v1/batches/([^/]+)/cancel)", [&c, tell](const Request& q, Response& to) {
    with_batch(c, q, to, [&](uint64_t id) { return tell(cancel_atom_v, id); });
  });
  server.Post(R"(/v1/batches/([^/]+)/pause)",
              [&c](const Request& q, Response& to) { pause(c, q, to); });
  server.Post(R"(/v1/batches/([^/]+)/resume)", [&c, tell](const Request& q, Response& to) {
    with_batch(c, q, to, [&](uint64_t id) { return tell(resume_atom_v, id); });
  });
  server.Post(R"(/v1/batches/([^/]+)/retry)",
              [&c, &server](const Request& q, Response& to) { retry(c, server, q, to); });
}

} // namespace perennial::actors
