// /v1/files: list, get, delete. Upload and content stand in files of their own.
#include "actors/gateway/batch_view.hpp"
#include "actors/gateway/context.hpp"
#include "actors/gateway/file_list.hpp"
#include "protocol/openai/ids.hpp"
#include "protocol/openai/list.hpp"

namespace perennial::actors {

namespace {

result<openai::file_object> find_file(const gateway_context& c, const openai::object_id& id) {
  if (id.kind == openai::id_kind::file) {
    auto f = c.db().get_file(id.id);
    if (!f) return tl::unexpected{f.error()};
    return view_of(*f);
  }
  const auto kind = id.kind == openai::id_kind::output_file ? storage::output_kind::ok
                                                            : storage::output_kind::error;
  auto b = c.db().get_batch(id.id);
  if (!b) return tl::unexpected{b.error()};
  return output_view_of(*b, kind);
}

void list_files(const gateway_context& c, const httplib::Request& request, httplib::Response& to) {
  const auto query = openai::parse_list_query(request.params, openai::file_list_limits);
  if (!query) return reply_error(to, query.error());
  if (query->after && !openai::is_file(query->after->kind)) {
    return reply_error(to, openai::invalid_request("`after` must be the id of a file", "after"));
  }
  auto found = find_files(c.db(), *query);
  if (!found) return reply_error(to, found.error());
  const bool more = found->size() > query->limit;
  if (more) found->resize(query->limit);
  reply_json(to, openai::list_json(*found, more));
}

void delete_file(const gateway_context& c, const std::string& text, httplib::Response& to) {
  const auto id = openai::parse_id(text);
  if (!id || !openai::is_file(id->kind)) return reply_error(to, openai::no_such("File", text));
  if (id->kind != openai::id_kind::file) {
    return reply_error(
      to, openai::invalid_request(
            "the output of a batch is part of the batch and cannot be deleted alone", "id"));
  }
  auto done = ask<storage::file_record>(c.owner.system(), c.owner.writer(), gateway_patience,
                                        delete_atom_v, uint64_t{id->id});
  if (!done && done.error().kind == errc::not_found) {
    return reply_error(to, openai::no_such("File", text));
  }
  if (!done) return reply_error(to, done.error());
  reply_json(to, openai::deleted_json(text));
}

} // namespace

void add_file_routes(http::edge_server& server, gateway_context& c) {
  server.Get("/v1/files", [&c](const httplib::Request& request, httplib::Response& to) {
    list_files(c, request, to);
  });
  server.Get(R"(/v1/files/([^/]+))", [&c](const httplib::Request& request, httplib::Response& to) {
    const auto text = request.matches[1].str();
    const auto id = openai::parse_id(text);
    if (!id || !openai::is_file(id->kind)) return reply_error(to, openai::no_such("File", text));
    auto file = find_file(c, *id);
    if (!file && file.error().kind == errc::not_found) {
      return reply_error(to, openai::no_such("File", text));
    }
    if (!file) return reply_error(to, file.error());
    reply_json(to, openai::to_json(*file));
  });
  server.Delete(R"(/v1/files/([^/]+))",
                [&c](const httplib::Request& request, httplib::Response& to) {
                  delete_file(c, request.matches[1].str(), to);
                });
}

} // namespace perennial::actors
