// /v1/files/{id}/content with Range, and /v1/batches/{id}/results in order of the file. Both are
// read from the store as they are sent, a piece at a time, so that a download of any size takes the
// same memory.
#include "actors/gateway/context.hpp"
#include "actors/results/result_reader.hpp"
#include "protocol/base/bytes.hpp"
#include "protocol/http/range.hpp"
#include "protocol/openai/ids.hpp"

#include <functional>
#include <memory>

namespace perennial::actors {

namespace {

constexpr size_t piece_bytes = 256 * kib;

/// Bytes of some content from an offset: at least one, at most `most`.
using byte_source = std::function<result<std::string>(uint64_t offset, size_t most)>;

struct content {
  uint64_t size = 0;
  byte_source read;
};

result<content> uploaded(const gateway_context& c, storage::file_id id) {
  auto file = c.db().get_file(id);
  if (!file) return tl::unexpected{file.error()};
  return content{file->bytes,
                 [&db = c.db(), id](uint64_t offset, size_t most) -> result<std::string> {
                   auto page = db.read_page(id, offset);
                   if (!page) return tl::unexpected{page.error()};
                   return std::string{page->bytes().substr(offset - page->offset, most)};
                 }};
}

result<content> output_of(const gateway_context& c, storage::batch_id id,
                          storage::output_kind kind) {
  auto batch = c.db().get_batch(id);
  if (!batch) return tl::unexpected{batch.error()};
  const auto size = output_size(*batch, kind);
  auto reader = std::make_shared<output_reader>(c.db(), std::move(*batch), kind);
  return content{size,
                 [reader](uint64_t offset, size_t most) { return reader->read(offset, most); }};
}

result<content> find_content(const gateway_context& c, const openai::object_id& id) {
  switch (id.kind) {
  case openai::id_kind::file: return uploaded(c, id.id);
  case openai::id_kind::output_file: return output_of(c, id.id, storage::output_kind::ok);
  case openai::id_kind::error_file: return output_of(c, id.id, storage::output_kind::error);
  case openai::id_kind::batch: break;
  }
  return fail(errc::not_found, "a batch is no file");
}

void send_content(const content& what, const httplib::Request& request, httplib::Response& to) {
  const auto range = http::choose_range(request.get_header_value("Range"), what.size);
  to.status = http::status_of(range.kind);
  to.set_header("Accept-Ranges", "bytes");
  if (const auto text = http::header_of(range); !text.empty()) to.set_header("Content-Range", text);
  if (range.kind == http::range_kind::unsatisfiable) return;
  if (range.length == 0) return to.set_content("", "application/octet-stream");
  to.set_content_provider(
    range.length, "application/octet-stream",
    [read = what.read, start = range.offset](size_t at, size_t left, httplib::DataSink& sink) {
      auto bytes = read(start + at, std::min(left, piece_bytes));
      if (!bytes || bytes->empty()) return false;
      return sink.write(bytes->data(), std::min(left, bytes->size()));
    });
}

/// Result lines in order of the file, newest of each line along the retries.
void send_results(const gateway_context& c, storage::batch_id id, bool failed_only,
                  httplib::Response& to) {
  to.set_chunked_content_provider(
    "application/jsonl", [&db = c.db(), id, failed_only](size_t, httplib::DataSink& sink) {
      std::string buffer;
      bool open = true;
      auto read = read_in_order(db, id, [&](const ordered_result& l) {
        if (failed_only && l.kind == storage::output_kind::ok) return true;
        buffer += l.text;
        if (buffer.size() < piece_bytes) return true;
        open = sink.write(buffer.data(), buffer.size());
        buffer.clear();
        return open;
      });
      if (!read || !open) return false; // cut: the client sees that it is not whole
      if (!buffer.empty() && !sink.write(buffer.data(), buffer.size())) return false;
      sink.done();
      return true;
    });
}

/// The same lines as they were finished: first those that succeeded, then those that failed.
void send_completion_order(const gateway_context& c, storage::batch_id id, bool failed_only,
                           httplib::Response& to) {
  auto ok = output_of(c, id, storage::output_kind::ok);
  auto bad = output_of(c, id, storage::output_kind::error);
  if (!ok || !bad) return reply_error(to, ok ? bad.error() : ok.error());
  const auto first = failed_only ? 0 : ok->size;
  const auto total = first + bad->size;
  if (total == 0) return to.set_content("", "application/jsonl");
  to.set_content_provider(
    total, "application/jsonl",
    [ok = *ok, bad = *bad, first](size_t at, size_t left, httplib::DataSink& sink) {
      const bool in_first = at < first;
      const auto most = std::min(piece_bytes, in_first ? first - at : left);
      auto bytes = in_first ? ok.read(at, most) : bad.read(at - first, most);
      if (!bytes || bytes->empty()) return false;
      return sink.write(bytes->data(), std::min(most, bytes->size()));
    });
}

} // namespace

void add_content_routes(http::edge_server& server, gateway_context& c) {
  server.Get(R"(/v1/files/([^/]+)/content)",
             [&c](const httplib::Request& request, httplib::Response& to) {
               const auto text = request.matches[1].str();
               const auto id = openai::parse_id(text);
               if (!id) return reply_error(to, openai::no_such("File", text));
               auto found = find_content(c, *id);
               if (!found && found.error().kind == errc::not_found) {
                 return reply_error(to, openai::no_such("File", text));
               }
               if (!found) return reply_error(to, found.error());
               send_content(*found, request, to);
             });
  server.Get(R"(/v1/batches/([^/]+)/results)",
             [&c](const httplib::Request& request, httplib::Response& to) {
               const auto text = request.matches[1].str();
               const auto id = openai::parse_batch_id(text);
               auto batch = id ? c.db().get_batch(*id)
                               : result<storage::batch_record>{fail(errc::not_found, "no batch")};
               if (!batch) return reply_error(to, openai::no_such("Batch", text));
               const auto order = request.get_param_value("order");
               const bool failed = request.get_param_value("failed") == "true";
               if (order == "completion") return send_completion_order(c, *id, failed, to);
               if (!order.empty() && order != "input") {
                 return reply_error(
                   to, openai::invalid_request("`order` must be input or completion", "order"));
               }
               send_results(c, *id, failed, to);
             });
}

} // namespace perennial::actors
