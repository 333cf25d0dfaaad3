// A running service, as the commands see it: OpenAI's Files and Batch API and what stands beside
// it. Where the service is and with which key comes from PERENNIAL_URL and PERENNIAL_API_KEY.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/openai/batch_object.hpp"
#include "protocol/openai/file_object.hpp"
#include "protocol/openai/list.hpp"
#include "protocol/provider/secret.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace httplib {
class Client;
class Result;
} // namespace httplib

namespace perennial::tool {

inline constexpr std::string_view default_service_url = "http://127.0.0.1:7733";

/// 128 random bits, for keys and boundaries.
std::string random_hex();

/// What the service says of itself (/readyz).
struct service_state {
  uint64_t in_flight = 0; ///< Calls, over all providers.
  uint64_t rss_bytes = 0;
};

/// One thread at a time. Errors: `unavailable` where nothing can be reached or the service is busy
/// or going down (try again); else the service's own words.
class api_client {
public:
  /// `url` empty: PERENNIAL_URL, else the default. errc::invalid_input where it is no URL.
  static result<api_client> connect(const std::string& url);
  api_client(api_client&&) noexcept;
  ~api_client();

  const std::string& url() const { return url_; }

  result<openai::batch_object> get_batch(const std::string& id);
  /// Newest first; `after` is the last id of the page before.
  result<openai::batch_list> list_batches(uint32_t limit, const std::string& after);
  /// `body` is the request's JSON. Sent again with the same key it gives the same batch.
  result<openai::batch_object> create_batch(const std::string& body, const std::string& key);
  /// `verb`: cancel, pause, resume or retry; `body` a JSON object or empty.
  result<openai::batch_object> change_batch(const std::string& id, std::string_view verb,
                                            const std::string& body);

  /// The JSON of /v1/providers, or of the one of this name.
  result<std::string> providers(const std::string& name);
  /// `verb`: reset or resume. Answers as `providers`.
  result<std::string> change_provider(const std::string& name, std::string_view verb);

  /// Sends `path` ("-": standard input) as a job file of that name. `go_on` hears the bytes so far
  /// and may stop it (errc::cancelled).
  result<openai::file_object> upload(const std::string& path,
                                     const std::function<bool(uint64_t)>& go_on);
  result<void> delete_file(const std::string& id);

  /// Hands the body of a GET to `take` from byte `from` on, which may stop it (errc::cancelled).
  /// Returns how many bytes came; 0 where there is nothing behind `from`.
  result<uint64_t> download(const std::string& path, uint64_t from,
                            const std::function<bool(std::string_view)>& take);

  result<service_state> state();

  /// The JSON that a route beside OpenAI's answers with; `what` is asked for, in words.
  result<std::string> get(const std::string& path, std::string_view what);
  result<std::string> post(const std::string& path, const std::string& body, std::string_view what);

private:
  api_client(std::string url, std::string prefix, std::unique_ptr<httplib::Client> http);
  result<std::string> body_of(const httplib::Result& answer, std::string_view what) const;
  error lost(const httplib::Result& answer) const;

  std::string url_;
  std::string prefix_; ///< Of the URL's path, without "/v1".
  std::unique_ptr<httplib::Client> http_;
};

} // namespace perennial::tool
