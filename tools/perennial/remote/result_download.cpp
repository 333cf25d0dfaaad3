#include "tools/perennial/remote/result_download.hpp"

#include "tools/perennial/output_file.hpp"
#include "tools/perennial/remote/batch_watch.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace perennial::tool {

namespace {

result<void> write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errc::io_error, "standard output: {}", std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

/// What comes from one GET into `write`. The error of `write` is kept, not the stop it leads to.
template <class Write>
result<uint64_t> pass_on(api_client& api, const std::string& path, uint64_t from, Write&& write) {
  result<void> written;
  auto got = api.download(path, from, [&](std::string_view bytes) {
    written = write(bytes);
    return written.has_value();
  });
  if (!written) return tl::unexpected{written.error()};
  return got;
}

/// One log of results, read on from where the last look ended.
struct log_reader {
  uint64_t at = 0;

  result<void> read_on(api_client& api, const std::string& file) {
    if (file.empty()) return {};
    const auto start = at;
    const auto got =
      pass_on(api, fmt::format("/v1/files/{}/content", file), start, [&](std::string_view bytes) {
        at += bytes.size(); // also where the connection ends in the middle: what is out is out
        return write_out(bytes);
      });
    if (!got) return tl::unexpected{got.error()};
    return {};
  }
};

} // namespace

result<void> download_results(api_client& api, const std::string& id, const results_wanted& what,
                              const std::string& path) {
  const auto from = fmt::format("/v1/batches/{}/results?order={}{}", id, what.order,
                                what.failed_only ? "&failed=true" : "");
  if (path.empty() || path == "-") {
    auto got = pass_on(api, from, 0, write_out);
    if (!got) return tl::unexpected{got.error()};
    return {};
  }
  auto file = output_file::create(path);
  if (!file) return tl::unexpected{file.error()};
  auto got = pass_on(api, from, 0, [&](std::string_view bytes) { return file->write(bytes); });
  if (!got) return tl::unexpected{got.error()};
  return file->commit();
}

result<openai::batch_object> follow_results(api_client& api, const std::string& id,
                                            bool failed_only, const signals& interrupts) {
  log_reader ok;
  log_reader bad;
  watch_options quiet;
  quiet.progress = false;
  return watch_batch(api, id, interrupts, quiet,
                     [&](const openai::batch_object& b) -> result<void> {
                       if (!failed_only) {
                         if (auto r = ok.read_on(api, b.output_file_id); !r) return r;
                       }
                       return bad.read_on(api, b.error_file_id);
                     });
}

} // namespace perennial::tool
