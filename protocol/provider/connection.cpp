#include "protocol/provider/connection.hpp"

#include "protocol/base/text.hpp"
#include "protocol/provider/call_stream.hpp"
#include "protocol/provider/dial.hpp"
#include "protocol/provider/http_exchange.hpp"
#include "protocol/provider/secret_cover.hpp"

#include <httplib.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

namespace perennial {

namespace {

constexpr size_t spill_piece = 16 * kib;

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// "timeout=5, max=100" of a `Keep-Alive` header: the seconds.
std::optional<milliseconds> keep_alive_timeout(std::string_view value) {
  const auto at = value.find("timeout=");
  if (at == std::string_view::npos) return std::nullopt;
  const auto text = value.substr(at + 8);
  unsigned seconds = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc{})
    return std::nullopt;
  return milliseconds{uint64_t{seconds} * 1000};
}

} // namespace

struct connection::impl {
  std::shared_ptr<const provider_client> client;
  interrupt stop;
  std::optional<channel> way;
  std::optional<steady_time> way_good_until; // what the other side said of idle connections
  bool way_was_used = false;

  http_exchange exchange;
  httplib::Request request; // kept from call to call: its headers are the same
  std::string_view sending;

  // Of the call in progress; used by the callbacks that httplib is given once.
  call_stream* stream = nullptr;
  call_report* report = nullptr;
  const call_options* options = nullptr;
  const secret* key = nullptr;
  std::optional<secret_cover> spilling; // set once the answer goes to options->spill
  steady_time deadline;
  std::optional<milliseconds> keep_alive;
  bool closes = false;

  explicit impl(std::shared_ptr<const provider_client> c);

  void run(const call_timeouts& timeouts, call_report& out);
  bool once(const call_timeouts& timeouts, steady_time begin, call_report& out);
  void use_key(const secret& of_call);
  void hang_up() {
    way.reset();
    way_was_used = false;
  }
  bool reusable();
  void read_head(const httplib::Response& response);
  bool take_head(const httplib::Response& response);
  bool take_body(const char* data, size_t size);
  bool make_room(size_t bytes);
  uint64_t most_bytes() const;
  bool spills(uint64_t bytes) const;
  bool begin_spill();
  bool spill_out(const result<void>& kept);
  bool too_long(uint64_t most);
};

connection::impl::impl(std::shared_ptr<const provider_client> c)
  : client(std::move(c)) {
  const auto& settings = client->settings();
  request.method = "POST";
  request.headers = {{"Host", settings.base_url.host_header()},
                     {"User-Agent", settings.user_agent},
                     {"Accept", "application/json"},
                     {"Content-Type", "application/json"}};
  for (const auto& [name, value] : settings.headers) request.headers.emplace(name, value);
  if (settings.proxy && !settings.base_url.tls && !settings.proxy->authorization.empty())
    request.headers.emplace("Proxy-Authorization",
                            std::string{settings.proxy->authorization.reveal()});
  request.headers.emplace("Content-Length", "0");
  // A provider instead of a body in the request: httplib would need a copy of its own.
  request.content_provider_ = [this](size_t offset, size_t size, httplib::DataSink& sink) {
    return sink.write(sending.data() + offset, size);
  };
  request.response_handler = [this](const httplib::Response& response) {
    return take_head(response);
  };
  request.content_receiver = [this](const char* data, size_t size, uint64_t, uint64_t) {
    return take_body(data, size);
  };
}

void connection::impl::use_key(const secret& of_call) {
  key = &of_call;
  request.headers.erase("Authorization");
  if (!of_call.empty())
    request.headers.emplace("Authorization", fmt::format("Bearer {}", of_call.reveal()));
}

bool connection::impl::reusable() {
  if (!way) return false;
  if (way_good_until && steady_now() >= *way_good_until) return false;
  return way->quiet();
}

void connection::impl::read_head(const httplib::Response& response) {
  std::optional<milliseconds> precise;
  for (const auto& [name, value] : response.headers) {
    const auto field = lower(name);
    if (field.starts_with("x-ratelimit-"))
      report->limits.read(field, value);
    else if (field == "retry-after")
      report->retry_after = parse_retry_after(value, wall_now());
    else if (field == "retry-after-ms")
      precise = parse_retry_after_ms(value);
    else if (field == "connection")
      closes = lower(value).find("close") != std::string::npos;
    else if (field == "keep-alive")
      keep_alive = keep_alive_timeout(value);
    else if (field == "x-request-id" || (field == "request-id" && report->request_id.empty()))
      report->request_id = value.substr(0, 200);
  }
  if (precise) report->retry_after = precise;
  closes = closes || response.version != "HTTP/1.1";
  auto& id = report->request_id;
  if (!is_header_value(id)) id.clear();
  key->hide_in(id);
}

bool connection::impl::take_head(const httplib::Response& response) {
  stream->head_is_over();
  report->status = response.status;
  read_head(response);
  const auto length = response.get_header_value<uint64_t>("Content-Length");
  if (length > most_bytes()) return too_long(most_bytes());
  if (spills(length)) return begin_spill();
  // Not more than a megabyte on its word alone.
  return make_room(std::min<uint64_t>(length, mib));
}

/// A good answer may be long where it can be spilled; what else comes is held, so it may not.
uint64_t connection::impl::most_bytes() const {
  const auto most = client->settings().max_response_bytes;
  const bool good = report->status >= 200 && report->status < 300;
  return options->spill == nullptr || good ? most : std::min(most, options->spill_over);
}

bool connection::impl::spills(uint64_t bytes) const {
  return options->spill != nullptr && !spilling && bytes > options->spill_over;
}

bool connection::impl::too_long(uint64_t most) {
  report->failure = transport_failure::too_large;
  report->detail = fmt::format("its answer is longer than {}; raise max_response_bytes or ask for "
                               "less",
                               format_bytes(most));
  return false;
}

/// From here on the answer goes out as it comes; so does what came of it.
bool connection::impl::begin_spill() {
  spilling.emplace(*key);
  if (!spill_out(options->spill->begin(*report))) return false;
  const auto held = std::exchange(report->body, {});
  report->spilled = held.size();
  std::string_view left = held;
  while (!left.empty()) { // in pieces, since each of them is held twice on its way
    if (!spill_out(options->spill->append(spilling->feed(left.substr(0, spill_piece)))))
      return false;
    left.remove_prefix(std::min(left.size(), spill_piece));
  }
  return true;
}

/// What the failure of a spill means for the call.
bool connection::impl::spill_out(const result<void>& kept) {
  if (kept) {
    stream->waited(); // the disk may have held us up
    return true;
  }
  const bool theirs = kept.error().kind == errc::invalid_input;
  report->failure = theirs ? transport_failure::garbage : transport_failure::not_kept;
  report->detail = kept.error().message;
  return false;
}

/// Makes the body's buffer as long as is needed now. The part of it that is small is free.
bool connection::impl::make_room(size_t bytes) {
  auto& body = report->body;
  const auto have = body.capacity();
  const auto needed = bytes + simdjson::SIMDJSON_PADDING;
  if (needed <= have) return true;
  const auto next = std::max<size_t>(needed, have + have / 2);
  if (options->memory && next > small_answer) {
    const auto more = 2 * (next - std::max<size_t>(have, small_answer));
    if (!options->memory->grow(more, deadline, [this] { return stop.stopped(); })) {
      report->failure = transport_failure::aborted;
      report->detail = "there was no memory for its answer in time; raise the memory budget or "
                       "have fewer calls in flight";
      return false;
    }
    stream->waited();
  }
  body.reserve(next);
  return true;
}

bool connection::impl::take_body(const char* data, size_t size) {
  if (spilling) {
    const auto most = client->settings().max_response_bytes;
    if (size > most - report->spilled) return too_long(most);
    report->spilled += size;
    return spill_out(options->spill->append(spilling->feed({data, size})));
  }
  const auto most = most_bytes();
  if (size > most || report->body.size() > most - size) return too_long(most);
  if (spills(report->body.size() + size)) {
    if (!begin_spill()) return false;
    if (options->memory) options->memory->shrink_to(0);
    return take_body(data, size);
  }
  if (!make_room(report->body.size() + size)) return false;
  report->body.append(data, size);
  return true;
}

/// Sends the request and reads the answer over an open channel. False where the connection turned
/// out to be dead before anything was sent on it: then another one may be tried.
bool connection::impl::once(const call_timeouts& timeouts, steady_time begin, call_report& out) {
  out.reused = way_was_used;
  way_was_used = true;
  way->forget_sent();
  closes = false;
  keep_alive.reset();
  spilling.reset();

  call_stream over{*way, timeouts, deadline};
  stream = &over;
  report = &out;
  httplib::Response response;
  bool whole = false;
  try {
    whole = exchange.run(over, request, response);
  } catch (const std::exception&) { // std::regex or a length beyond all bounds
    whole = false;
  }
  if (whole && spilling) {
    whole = spill_out(options->spill->append(spilling->rest())) && spill_out(options->spill->end());
  }
  out.sent = way->sent() > 0;
  const auto first = over.first_byte_at();
  if (over.answered())
    out.first_byte_after = std::chrono::duration_cast<microseconds>(first - begin);
  if (!over.head_was_read() && whole) {
    out.status = response.status;
    read_head(response);
  }
  if (!whole && out.failure == transport_failure::none) {
    out.failure = over.failure();
    out.detail = over.detail();
    if (out.failure == transport_failure::none) { // nothing broke: what came could not be read
      out.failure = over.ended() ? transport_failure::truncated : transport_failure::garbage;
      out.detail =
        over.ended() ? "its answer ended too early" : "what it sent is not an HTTP answer";
    }
  }
  if (stop.stopped()) { // the shutdown looks like the other side's doing
    if (!whole) {
      out.failure = transport_failure::aborted;
      out.detail = "the call was ended from here";
    }
    hang_up();
    return true;
  }
  const bool stale = !whole && !out.sent && out.reused;
  const bool timed_out = out.failure == transport_failure::total_timeout ||
                         out.failure == transport_failure::idle_timeout;
  if (!whole || closes || !over.clean())
    hang_up();
  else if (keep_alive)
    way_good_until = steady_now() + *keep_alive - std::chrono::seconds{1};
  else
    way_good_until.reset();
  return !(stale && !timed_out);
}

void connection::impl::run(const call_timeouts& timeouts, call_report& out) {
  const auto begin = steady_now();
  deadline = begin + timeouts.total;
  if (options->until) deadline = std::min(deadline, *options->until);
  for (bool settled = false; !settled;) {
    out = call_report{};
    if (!reusable()) {
      hang_up();
      const auto limit = std::min(begin + timeouts.connect, deadline);
      auto opened =
        dial(client->settings_, client->tls_.get(), *client->names_, timeouts, limit, stop);
      if (!opened) {
        out.failure = opened.error().failure;
        out.detail = std::move(opened.error().detail);
        break;
      }
      way.emplace(std::move(*opened));
      way_good_until.reset();
    }
    settled = once(timeouts, begin, out);
  }
  out.duration = std::chrono::duration_cast<microseconds>(steady_now() - begin);
  out.key_sent = !key->empty();
  key->hide_in(out.body);
}

// ---- the public side ---------------------------------------------------------

provider_client::provider_client(provider_settings settings, std::shared_ptr<const tls_client> tls,
                                 std::shared_ptr<resolver> names)
  : settings_(std::move(settings))
  , tls_(std::move(tls))
  , names_(std::move(names)) {}

result<std::shared_ptr<const provider_client>>
provider_client::make(provider_settings settings, std::shared_ptr<resolver> names) {
  if (auto good = check_settings(settings); !good) return tl::unexpected{good.error()};
  std::shared_ptr<const tls_client> tls;
  if (settings.base_url.tls) {
    auto made = tls_client::make(settings.trust);
    if (!made) return tl::unexpected{made.error()};
    tls = std::move(*made);
  }
  return std::shared_ptr<const provider_client>{
    new provider_client{std::move(settings), std::move(tls), std::move(names)}};
}

std::unique_ptr<connection> provider_client::new_connection() const {
  return std::unique_ptr<connection>{new connection{shared_from_this()}};
}

connection::connection(std::shared_ptr<const provider_client> client)
  : impl_(std::make_unique<impl>(std::move(client))) {}

connection::~connection() = default;

result<call_report> connection::call(std::string_view path, std::string_view body,
                                     const call_options& options) {
  if (!is_request_path(path))
    return fail(errc::invalid_input,
                "the request's url is not a path that can be sent; write it like "
                "/v1/chat/completions");
  switch (impl_->stop.begin()) {
  case interrupt::started::closed:
    return fail(errc::closed, "the connection was used after it was closed");
  case interrupt::started::busy:
    return fail(errc::conflict, "the connection is in a call of another thread");
  case interrupt::started::yes: break;
  }
  const auto& settings = impl_->client->settings();
  auto& request = impl_->request;
  request.path = join_path(settings.base_url.prefix, path);
  if (settings.proxy && !settings.base_url.tls)
    request.path.insert(0, fmt::format("http://{}", settings.base_url.host_header()));
  request.headers.find("Content-Length")->second = std::to_string(body.size());
  request.content_length_ = body.size();
  impl_->sending = body;
  impl_->options = &options;
  impl_->use_key(options.key ? *options.key : settings.api_key);
  call_report out;
  impl_->run(options.timeouts.value_or(settings.timeouts), out);
  impl_->sending = {};
  impl_->key = nullptr;
  if (impl_->stop.end()) impl_->hang_up();
  return out;
}

bool connection::can_connect(std::chrono::milliseconds patience) {
  if (impl_->stop.begin() != interrupt::started::yes) return false;
  const auto& client = *impl_->client;
  const bool made = dial(client.settings_, nullptr, *client.names_, client.settings_.timeouts,
                         steady_now() + patience, impl_->stop)
                      .has_value();
  if (impl_->stop.end()) impl_->hang_up();
  return made;
}

void connection::abort() {
  if (impl_->stop.abort()) impl_->client->names_->wake();
}

void connection::close() {
  if (impl_->stop.close())
    impl_->hang_up();
  else
    impl_->client->names_->wake();
}

} // namespace perennial
