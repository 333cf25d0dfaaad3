// POST /v1/files: a multipart upload, streamed into the store as it comes, with its fields in any
// order. The next read from the socket waits for the last write. Cut anywhere before the answer, it
// leaves nothing. One that the disk has no room for, beyond what is kept for results, gets 507: at
// its beginning, or as soon as that shows.
#include "actors/gateway/batch_view.hpp"
#include "actors/gateway/context.hpp"
#include "actors/protect/upload_pace.hpp"
#include "protocol/http/multipart.hpp"
#include "protocol/openai/expires_after.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <thread>

namespace perennial::actors {

namespace {

/// What one upload may hold: a page being filled, the sorted file's block, the pieces in between.
constexpr uint64_t upload_grant_bytes = 8ull << 20;
constexpr std::chrono::milliseconds ask_again{100};
constexpr size_t name_bytes = 255;
constexpr size_t field_bytes = 1024;

/// The last part of a client's path, without what could harm a terminal. Never used as a path here.
std::string clean_name(std::string_view name) {
  name = name.substr(name.find_last_of("/\\") + 1);
  std::string out{name.substr(0, name_bytes)};
  std::replace_if(
    out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '_');
  return out.empty() ? "file" : out;
}

/// Puts the part "file" into the store and remembers the other fields.
class upload_parts final : public http::part_handler {
public:
  explicit upload_parts(storage::store& db)
    : db_(db) {}

  result<void> part_begin(const http::part_head& head) override {
    field_ = head.name;
    if (field_ != "file") {
      fields_[field_].clear();
      return {};
    }
    if (upload_) return fail(errc::invalid_input, "the form has more than one part \"file\"");
    storage::new_file what;
    what.name = clean_name(head.filename.value_or(""));
    what.created = created_ = wall_now();
    auto begun = db_.begin_upload(what);
    if (!begun) return tl::unexpected{begun.error()};
    upload_ = std::move(*begun);
    return {};
  }

  result<void> part_data(std::string_view bytes) override {
    if (field_ == "file") return upload_->append(bytes);
    auto& value = fields_[field_];
    if (value.size() + bytes.size() > field_bytes) {
      return fail(errc::invalid_input, "the field \"{}\" of the form is longer than {} bytes",
                  field_.substr(0, 40), field_bytes);
    }
    value += bytes;
    return {};
  }

  result<void> part_end() override { return {}; }

  /// After the last part: checks the fields, then makes the file visible.
  tl::expected<storage::file_record, openai::api_error> finish() {
    if (!upload_) {
      return tl::unexpected{openai::invalid_request("the form has no part \"file\"", "file")};
    }
    const auto purpose = fields_.find("purpose");
    if (purpose == fields_.end()) {
      return tl::unexpected{
        openai::invalid_request("the form has no field \"purpose\"; send batch", "purpose")};
    }
    if (purpose->second != "batch") {
      return tl::unexpected{openai::invalid_request(
        "only files of purpose \"batch\" are of use here; send purpose=batch", "purpose")};
    }
    const auto lifetime = openai::parse_expires_after(fields_);
    if (!lifetime) return tl::unexpected{lifetime.error()};
    if (*lifetime) upload_->expire_at(created_ + **lifetime);
    auto done = upload_->finish();
    if (!done) return tl::unexpected{openai::from_error(done.error())};
    return std::move(*done);
  }

private:
  storage::store& db_;
  std::unique_ptr<storage::upload> upload_;
  std::string field_;
  std::map<std::string, std::string> fields_;
  wall_time created_{};
};

memory_level level_of_memory(gateway_context& c) {
  const auto memory =
    ask<memory_status>(c.owner.system(), c.owner.memory(), gateway_patience, status_atom_v);
  return memory ? memory->level : memory_level::normal;
}

/// Its buffers out of the budget; waits for them where that is of use.
result<memory_grant_ptr> room_for_upload(gateway_context& c) {
  const auto begin = steady_now();
  for (;;) {
    auto grant = ask<memory_grant_ptr>(c.owner.system(), c.owner.memory(), gateway_patience,
                                       grant_atom_v, memory_class::upload, upload_grant_bytes);
    if (!grant || *grant) return grant;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - begin);
    if (turn_of(level_of_memory(c), waited) == upload_turn::refuse) {
      return fail(errc::busy, "the memory budget is used up for now; try again in a moment");
    }
    std::this_thread::sleep_for(ask_again);
  }
}

void upload(gateway_context& c, const httplib::Request& request, http::body_reader& body,
            httplib::Response& to) {
  const auto boundary = http::multipart_boundary(request.get_header_value("Content-Type"));
  if (!boundary) return reply_error(to, openai::invalid_request(boundary.error().message, "file"));
  const auto grant = room_for_upload(c);
  if (!grant) return reply_error(to, grant.error());
  // Before the first byte is read: a client that waits for "100 Continue" sends none in vain.
  auto room = c.owner.disk().begin_upload(body.length());
  if (!room) return reply_error(to, room.error());
  // Full all the same: the store's words are about its files, these say what to do.
  const auto refuse = [&](const error& e) {
    reply_error(to, e.kind == errc::no_space ? room->refusal() : e);
  };
  upload_parts parts{c.db()};
  http::multipart_reader reader{*boundary, parts};
  uint64_t since_look = 0;
  for (;;) {
    auto piece = body.next();
    if (!piece) return; // the edge answers, or nobody is there
    if (piece->empty()) break;
    if (auto ok = room->grew(body.received()); !ok) return reply_error(to, ok.error());
    since_look += piece->size();
    if (since_look >= upload_step) {
      since_look = 0;
      std::this_thread::sleep_for(upload_pause(level_of_memory(c)));
    }
    if (auto ok = reader.feed(*piece); !ok) return refuse(ok.error());
  }
  if (auto ok = reader.finish(); !ok) return refuse(ok.error());
  auto file = parts.finish();
  if (!file) {
    if (file.error().status == openai::from_error({errc::no_space, {}}).status) {
      return refuse({errc::no_space, {}});
    }
    return reply_error(to, file.error());
  }
  reply_json(to, openai::to_json(view_of(*file)));
}

} // namespace

void add_upload_route(http::edge_server& server, gateway_context& c) {
  server.stream("POST", "/v1/files",
                [&c](const httplib::Request& request, http::body_reader& body,
                     httplib::Response& to) { upload(c, request, body, to); });
}

} // namespace perennial::actors
