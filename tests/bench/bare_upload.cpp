// What an upload into `serve` is measured against: cpp-httplib's own server and content reader,
// writing the same bytes to a file and syncing them, and nothing else.
//   bench_bare_upload FILE      prints its port, ends with its standard input
#include <httplib.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

namespace {

bool write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const auto n = ::write(fd, data, size);
    if (n <= 0) return false;
    data += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_bare_upload FILE\n");
    return 2;
  }
  const std::string path = argv[1];
  httplib::Server server;
  server.Post("/v1/files", [path](const httplib::Request&, httplib::Response& answer,
                                  const httplib::ContentReader& read) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool ok =
      fd >= 0 && read([](const httplib::MultipartFormData&) { return true; },
                      [fd](const char* data, size_t size) { return write_all(fd, data, size); });
    answer.status = ok && ::fdatasync(fd) == 0 ? 200 : 500;
    if (fd >= 0) ::close(fd);
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread serving{[&] { server.listen_after_bind(); }};
  while (!server.is_running()) std::this_thread::yield();
  std::printf("%d\n", port);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  server.stop();
  serving.join();
  return 0;
}
