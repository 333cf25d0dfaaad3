#include "tools/perennial/remote/api_client.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/hash.hpp"
#include "protocol/base/unique_fd.hpp"
#include "protocol/http/url.hpp"
#include "protocol/openai/api_error.hpp"
#include "protocol/openai/ids.hpp"

#include <fcntl.h>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace perennial::tool {

namespace {

constexpr std::chrono::seconds connect_patience{5};
constexpr std::chrono::seconds answer_patience{90}; // the service itself waits 30 s for its disk
constexpr size_t piece_bytes = 256 * kib;
constexpr size_t longest_error = 64 * kib;

errc kind_of(int status) {
  switch (status) {
  case 404: return errc::not_found;
  case 409: return errc::conflict;
  case 429:
  case 502:
  case 503:
  case 504: return errc::unavailable;
  case 507: return errc::no_space;
  default: return status >= 500 ? errc::internal : errc::invalid_input;
  }
}

/// Before it becomes part of a path.
result<void> check_id(const std::string& id) {
  if (openai::parse_batch_id(id)) return {};
  return fail(errc::not_found, "\"{}\" is no batch's id; `perennial status` lists them", id);
}

/// The same of a provider's name; not what would make another path of it.
result<void> check_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
  if (plain && !name.empty() && name.find_first_not_of('.') != std::string::npos) return {};
  return fail(errc::not_found, "\"{}\" is no provider's name; `perennial providers` lists them",
              name);
}

/// The name as a quoted parameter: what would end it, or the line, is replaced.
std::string file_name(const std::string& path) {
  if (path == "-") return "stdin.jsonl";
  auto name = path.substr(path.find_last_of('/') + 1);
  std::replace_if(
    name.begin(), name.end(),
    [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '"' || c == '\\'; }, '_');
  return name;
}

/// A multipart body made as it is sent: fields, then the file.
class upload_body {
public:
  upload_body(std::string name, int fd, const httplib::Client& over,
              const std::function<bool(uint64_t)>& go_on)
    : over_(over)
    , boundary_("perennial-" + random_hex())
    , fd_(fd)
    , go_on_(go_on)
    , buffer_(piece_bytes) {
    pending_ = fmt::format("--{0}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch"
                           "\r\n--{0}\r\nContent-Disposition: form-data; name=\"file\"; "
                           "filename=\"{1}\"\r\nContent-Type: application/jsonl\r\n\r\n",
                           boundary_, name);
  }

  std::string type() const { return "multipart/form-data; boundary=" + boundary_; }
  const std::optional<error>& failure() const { return failure_; }

  /// The next piece into `sink`. False: the transfer ends here, and `failure` says why if it was
  /// us.
  bool send(httplib::DataSink& sink) {
    if (was_answered()) {
      sink.done(); // httplib reads an answer only behind a body that has ended
      return true;
    }
    if (pending_.empty() && !read_piece()) return false;
    if (!go_on_(sent_)) {
      failure_ = error{errc::cancelled, "the upload was stopped; nothing of it is kept"};
      return false;
    }
    const bool ok = sink.write(pending_.data(), pending_.size());
    pending_.clear();
    if (ok && ended_) sink.done();
    return ok;
  }

private:
  /// The service had enough before the end: it has refused, and says why.
  bool was_answered() const {
    pollfd p{over_.socket(), POLLIN, 0};
    return ::poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0;
  }

  bool read_piece() {
    ssize_t n = 0;
    do {
      n = ::read(fd_, buffer_.data(), buffer_.size());
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
      failure_ = error{errc::invalid_input, fmt::format("reading: {}", std::strerror(errno))};
      return false;
    }
    sent_ += static_cast<uint64_t>(n);
    pending_.assign(buffer_.data(), static_cast<size_t>(n));
    if (n == 0) {
      ended_ = true;
      pending_ = fmt::format("\r\n--{}--\r\n", boundary_);
    }
    return true;
  }

  const httplib::Client& over_;
  std::string boundary_;
  int fd_;
  const std::function<bool(uint64_t)>& go_on_;
  std::vector<char> buffer_;
  std::string pending_;
  uint64_t sent_ = 0;
  bool ended_ = false;
  std::optional<error> failure_;
};

} // namespace

std::string random_hex() {
  std::array<uint8_t, 16> bytes{};
  (void)::getrandom(bytes.data(), bytes.size(), 0);
  return to_hex(bytes);
}

api_client::api_client(std::string url, std::string prefix, std::unique_ptr<httplib::Client> http)
  : url_(std::move(url))
  , prefix_(std::move(prefix))
  , http_(std::move(http)) {}

api_client::api_client(api_client&&) noexcept = default;
api_client::~api_client() = default;

result<api_client> api_client::connect(const std::string& given) {
  const char* variable = std::getenv("PERENNIAL_URL");
  const std::string text = !given.empty()                     ? given
                           : variable != nullptr && *variable ? variable
                                                              : std::string{default_service_url};
  auto parsed = parse_base_url(text, default_service_url);
  if (!parsed) return fail(parsed.error(), "the service's URL (PERENNIAL_URL or --url)");
  auto prefix = parsed->prefix;
  if (prefix.ends_with("/v1")) prefix.resize(prefix.size() - 3); // as OpenAI's clients write it
  const auto origin = fmt::format("{}://{}", parsed->tls ? "https" : "http", parsed->authority());
  auto http = std::make_unique<httplib::Client>(origin);
  http->set_keep_alive(true);
  http->set_tcp_nodelay(true);
  http->set_connection_timeout(connect_patience);
  http->set_read_timeout(answer_patience);
  http->set_write_timeout(answer_patience);
  if (const char* key = std::getenv("PERENNIAL_API_KEY"); key != nullptr && *key) {
    const std::string_view k{key};
    if (std::any_of(k.begin(), k.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; })) {
      return fail(errc::invalid_input,
                  "PERENNIAL_API_KEY holds spaces, line breaks or characters that no key has");
    }
    http->set_bearer_token_auth(key);
  }
  return api_client{origin + prefix, prefix, std::move(http)};
}

error api_client::lost(const httplib::Result& answer) const {
  using httplib::Error;
  const auto why = answer.error();
  if (why == Error::Connection || why == Error::ConnectionTimeout) {
    return {errc::unavailable,
            fmt::format("nothing answers at {}; is `perennial serve` running there? Its address "
                        "comes from PERENNIAL_URL or --url",
                        url_)};
  }
  if (why == Error::SSLConnection || why == Error::SSLServerVerification ||
      why == Error::SSLLoadingCerts) {
    return {errc::unavailable, fmt::format("{}: TLS failed ({})", url_, httplib::to_string(why))};
  }
  return {errc::unavailable, fmt::format("the connection to {} was lost ({}); try again", url_,
                                         httplib::to_string(why))};
}

result<std::string> api_client::body_of(const httplib::Result& answer,
                                        std::string_view what) const {
  if (!answer) return tl::unexpected{lost(answer)};
  if (answer->status / 100 == 2) return answer->body;
  const auto e = openai::parse_api_error(answer->status, answer->body);
  if (answer->status == 401 || answer->status == 403) {
    return fail(errc::invalid_input, "{} refused the key in PERENNIAL_API_KEY: {}", url_,
                e.message);
  }
  return fail(kind_of(answer->status), "{}: {}", what, e.message);
}

result<openai::batch_object> api_client::get_batch(const std::string& id) {
  if (auto ok = check_id(id); !ok) return tl::unexpected{ok.error()};
  auto body = body_of(http_->Get(prefix_ + "/v1/batches/" + id), id);
  if (!body) return tl::unexpected{body.error()};
  return openai::parse_batch(*body);
}

result<openai::batch_list> api_client::list_batches(uint32_t limit, const std::string& after) {
  auto path = fmt::format("{}/v1/batches?limit={}", prefix_, limit);
  if (!after.empty()) path += "&after=" + after;
  auto body = body_of(http_->Get(path), "the list of batches");
  if (!body) return tl::unexpected{body.error()};
  return openai::parse_batch_list(*body);
}

result<openai::batch_object> api_client::create_batch(const std::string& body,
                                                      const std::string& key) {
  auto answer = body_of(
    http_->Post(prefix_ + "/v1/batches", {{"Idempotency-Key", key}}, body, "application/json"),
    "the batch was not made");
  if (!answer) return tl::unexpected{answer.error()};
  return openai::parse_batch(*answer);
}

result<openai::batch_object> api_client::change_batch(const std::string& id, std::string_view verb,
                                                      const std::string& body) {
  if (auto ok = check_id(id); !ok) return tl::unexpected{ok.error()};
  auto answer = body_of(http_->Post(fmt::format("{}/v1/batches/{}/{}", prefix_, id, verb),
                                    body.empty() ? "{}" : body, "application/json"),
                        id);
  if (!answer) return tl::unexpected{answer.error()};
  return openai::parse_batch(*answer);
}

result<std::string> api_client::providers(const std::string& name) {
  if (name.empty()) return body_of(http_->Get(prefix_ + "/v1/providers"), "the list of providers");
  if (auto ok = check_name(name); !ok) return tl::unexpected{ok.error()};
  return body_of(http_->Get(prefix_ + "/v1/providers/" + name), name);
}

result<std::string> api_client::change_provider(const std::string& name, std::string_view verb) {
  if (auto ok = check_name(name); !ok) return tl::unexpected{ok.error()};
  return body_of(http_->Post(fmt::format("{}/v1/providers/{}/{}", prefix_, name, verb), "{}",
                             "application/json"),
                 name);
}

result<openai::file_object> api_client::upload(const std::string& path,
                                               const std::function<bool(uint64_t)>& go_on) {
  const bool from_stdin = path == "-";
  const unique_fd opened{from_stdin ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!from_stdin && !opened)
    return fail(errc::invalid_input, "the job file {}: {}", path, std::strerror(errno));
  struct stat what {};
  if (::fstat(from_stdin ? STDIN_FILENO : opened.get(), &what) == 0 && S_ISDIR(what.st_mode)) {
    return fail(errc::invalid_input, "{} is a directory; a job file is needed", path);
  }
  upload_body source{file_name(path), from_stdin ? STDIN_FILENO : opened.get(), *http_, go_on};
  // Sent in chunks, so that a pipe or a growing file is no special case.
  const auto answer = http_->Post(
    prefix_ + "/v1/files", {}, [&](size_t, httplib::DataSink& sink) { return source.send(sink); },
    source.type());
  if (source.failure()) {
    const auto& e = *source.failure();
    return e.kind == errc::cancelled ? tl::unexpected{e} : fail(e, path);
  }
  auto body = body_of(answer, path);
  if (!body) return tl::unexpected{body.error()};
  return openai::parse_file(*body);
}

result<void> api_client::delete_file(const std::string& id) {
  auto body = body_of(http_->Delete(prefix_ + "/v1/files/" + id), id);
  if (!body) return tl::unexpected{body.error()};
  return {};
}

result<uint64_t> api_client::download(const std::string& path, uint64_t from,
                                      const std::function<bool(std::string_view)>& take) {
  httplib::Headers headers;
  if (from > 0) headers.emplace("Range", fmt::format("bytes={}-", from));
  int status = 0;
  uint64_t got = 0;
  bool stopped = false;
  std::string refused;
  const auto answer = http_->Get(
    prefix_ + path, headers,
    [&](const httplib::Response& head) {
      status = head.status;
      return true;
    },
    [&](const char* data, size_t size) {
      if (status / 100 != 2) {
        refused.append(data, std::min(size, longest_error - refused.size()));
        return true;
      }
      got += size;
      stopped = !take({data, size});
      return !stopped;
    });
  if (stopped) return fail(errc::cancelled, "stopped");
  if (!answer) return tl::unexpected{lost(answer)};
  if (status == 416) return 0; // nothing behind `from` yet
  if (status / 100 == 2) return got;
  return fail(kind_of(status), "{}", openai::parse_api_error(status, refused).message);
}

result<std::string> api_client::get(const std::string& path, std::string_view what) {
  return body_of(http_->Get(prefix_ + path), what);
}

result<std::string> api_client::post(const std::string& path, const std::string& body,
                                     std::string_view what) {
  return body_of(http_->Post(prefix_ + path, body, "application/json"), what);
}

result<service_state> api_client::state() {
  const auto answer = http_->Get(prefix_ + "/readyz");
  if (!answer) return tl::unexpected{lost(answer)};
  const auto j = nlohmann::json::parse(answer->body, nullptr, false);
  service_state out;
  if (!j.is_object()) return out;
  if (const auto m = j.find("memory"); m != j.end() && m->is_object())
    out.rss_bytes = m->value("rss_bytes", uint64_t{0});
  if (const auto all = j.find("providers"); all != j.end() && all->is_array()) {
    for (const auto& p : *all) {
      if (!p.is_object()) continue;
      out.in_flight += p.value("in_flight", uint64_t{0});
    }
  }
  return out;
}

} // namespace perennial::tool
