// What the edge costs, beside cpp-httplib's own server. No test of correctness, so it runs only
// when asked for:  integration_edge --run_test=edge_measures
#include "edge_fixture.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/unique_fd.hpp"
#include "protocol/http/multipart.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace perennial;
using namespace perennial::test;

namespace {

constexpr uint64_t upload_bytes = 1 * gib;
const std::string boundary = "------------------------d74496d66958873e";

double seconds_since(steady_time begin) {
  return std::chrono::duration<double>(steady_now() - begin).count();
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

class file_sink {
public:
  explicit file_sink(const std::filesystem::path& path)
    : fd_(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600)) {}
  bool write(const char* data, size_t size) {
    while (size > 0) {
      const auto n = ::write(fd_.get(), data, size);
      if (n <= 0) return false;
      data += n;
      size -= static_cast<size_t>(n);
      written += static_cast<uint64_t>(n);
    }
    return true;
  }
  bool sync() { return ::fdatasync(fd_.get()) == 0; }
  uint64_t written = 0;

private:
  unique_fd fd_;
};

struct form_to_file : http::part_handler {
  explicit form_to_file(file_sink& sink)
    : file(sink) {}
  result<void> part_begin(const http::part_head&) override { return {}; }
  result<void> part_data(std::string_view bytes) override {
    if (!file.write(bytes.data(), bytes.size())) return fail(errc::io_error, "write");
    return {};
  }
  result<void> part_end() override { return {}; }
  file_sink& file;
};

/// Lines of a job file, 1 MiB of them.
std::string job_lines() {
  const std::string line =
    R"({"custom_id":"request-1","method":"POST","url":"/v1/chat/completions","body":{"x":")" +
    std::string(900, 'p') + "\"}}\n";
  std::string out;
  while (out.size() + line.size() <= mib) out += line;
  return out + std::string(mib - out.size(), '\n');
}

/// Sends the upload as a form or as it is; the seconds until it is acknowledged.
double send_upload(uint16_t port, const std::string& path, bool form) {
  const auto piece = job_lines();
  const auto head = form ? "--" + boundary +
                             "\r\nContent-Disposition: form-data; name=\"file\"; "
                             "filename=\"a.jsonl\"\r\n\r\n"
                         : std::string{};
  const auto tail = form ? "\r\n--" + boundary + "--\r\n" : std::string{};
  const auto type = form ? "multipart/form-data; boundary=" + boundary : "application/jsonl";
  raw_client client{port};
  const auto begin = steady_now();
  client.send(fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Type: {}\r\nContent-Length: "
                          "{}\r\n\r\n{}",
                          path, type, upload_bytes + head.size() + tail.size(), head));
  for (uint64_t sent = 0; sent < upload_bytes; sent += piece.size())
    if (!client.send(piece)) throw std::runtime_error("the upload was cut");
  client.send(tail);
  const auto answer = client.answer();
  if (answer.status != 200 || answer.body != std::to_string(upload_bytes))
    throw std::runtime_error("the upload failed: " + answer.body);
  return seconds_since(begin);
}

/// httplib's server as it comes, with the same routes.
class stock_server {
public:
  explicit stock_server(const std::filesystem::path& file) {
    server_.set_tcp_nodelay(true);
    server_.set_keep_alive_max_count(1'000'000'000);
    server_.Get("/ok", [](const httplib::Request&, httplib::Response& answer) {
      answer.set_content("fine", "text/plain");
    });
    server_.Post("/plain", [file](const httplib::Request&, httplib::Response& answer,
                                  const httplib::ContentReader& read) {
      file_sink sink{file};
      read([&](const char* data, size_t size) { return sink.write(data, size); });
      sink.sync();
      answer.set_content(std::to_string(sink.written), "text/plain");
    });
    server_.Post("/form", [file](const httplib::Request&, httplib::Response& answer,
                                 const httplib::ContentReader& read) {
      file_sink sink{file};
      read([](const httplib::MultipartFormData&) { return true; },
           [&](const char* data, size_t size) { return sink.write(data, size); });
      sink.sync();
      answer.set_content(std::to_string(sink.written), "text/plain");
    });
    port = static_cast<uint16_t>(server_.bind_to_any_port("127.0.0.1"));
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~stock_server() {
    server_.stop();
    thread_.join();
  }
  uint16_t port = 0;

private:
  httplib::Server server_;
  std::thread thread_;
};

class our_server {
public:
  explicit our_server(const std::filesystem::path& file) {
    server_.Get("/ok", [](const httplib::Request&, httplib::Response& answer) {
      answer.set_content("fine", "text/plain");
    });
    server_.stream(
      "POST", "/plain",
      [file](const httplib::Request&, http::body_reader& body, httplib::Response& answer) {
        file_sink sink{file};
        for (auto piece = body.next(); piece && !piece->empty(); piece = body.next())
          sink.write(piece->data(), piece->size());
        sink.sync();
        answer.set_content(std::to_string(sink.written), "text/plain");
      });
    server_.stream(
      "POST", "/form",
      [file](const httplib::Request& request, http::body_reader& body, httplib::Response& answer) {
        file_sink sink{file};
        form_to_file to{sink};
        http::multipart_reader form{
          http::multipart_boundary(request.get_header_value("Content-Type")).value(), to};
        for (auto piece = body.next(); piece && !piece->empty(); piece = body.next())
          if (!form.feed(*piece)) return;
        sink.sync();
        answer.set_content(std::to_string(sink.written), "text/plain");
      });
    if (!server_.start("127.0.0.1", 0)) throw std::runtime_error("cannot listen");
    port = server_.port();
  }
  uint16_t port = 0;
  const http::edge_counters& counters() const { return server_.counters(); }

private:
  http::edge_server server_;
};

/// Requests a second of 8 clients on connections that stay.
double requests_per_second(uint16_t port, size_t clients, int each) {
  std::vector<std::thread> threads;
  const auto begin = steady_now();
  for (size_t i = 0; i < clients; ++i)
    threads.emplace_back([&] {
      raw_client client{port};
      const auto get = request("GET", "/ok");
      for (auto n = 0; n < each; ++n) {
        client.send(get);
        if (client.answer().status != 200) throw std::runtime_error("no answer");
      }
    });
  for (auto& thread : threads) thread.join();
  return static_cast<double>(clients) * each / seconds_since(begin);
}

} // namespace

BOOST_AUTO_TEST_SUITE(edge_measures, *boost::unit_test::disabled())

BOOST_AUTO_TEST_CASE(an_upload_of_1_GB_beside_httplibs_content_reader) {
  const temp_dir dir;
  for (const auto form : {false, true}) {
    const std::string path = form ? "/form" : "/plain";
    double stock = 0;
    double ours = 0;
    for (auto round = 0; round < 3; ++round) { // the best of three, in turns
      const auto a = send_upload(stock_server{dir / "stock"}.port, path, form);
      const auto b = send_upload(our_server{dir / "ours"}.port, path, form);
      stock = round == 0 ? a : std::min(stock, a);
      ours = round == 0 ? b : std::min(ours, b);
    }
    std::cout << fmt::format("1 GiB to {} with fdatasync: httplib {:.2f} s, the edge {:.2f} s, "
                             "ratio {:.2f}\n",
                             path, stock, ours, stock / ours);
    BOOST_TEST(stock / ours > 0.6);
  }
}

BOOST_AUTO_TEST_CASE(small_requests_of_8_clients) {
  const temp_dir dir;
  const stock_server stock{dir / "stock"};
  const our_server ours{dir / "ours"};
  for (auto round = 0; round < 3; ++round) {
    auto cpu = processor_seconds();
    const auto a = requests_per_second(stock.port, 8, 5000);
    const auto cpu_a = processor_seconds() - cpu;
    cpu = processor_seconds();
    const auto b = requests_per_second(ours.port, 8, 5000);
    const auto cpu_b = processor_seconds() - cpu;
    std::cout << fmt::format("GET from 8 clients: httplib {:.0f}/s ({:.1f} us of processor each), "
                             "the edge {:.0f}/s ({:.1f} us)\n",
                             a, cpu_a / 40'000 * 1e6, b, cpu_b / 40'000 * 1e6);
    BOOST_TEST(b > 1000);
  }
}

BOOST_AUTO_TEST_CASE(three_thousand_idle_connections) {
  const temp_dir dir;
  const our_server ours{dir / "ours"};
  http::raise_open_file_limit(7000);
  const auto before = resident_bytes();
  std::vector<raw_client> idle;
  for (auto i = 0; i < 3000; ++i) idle.emplace_back(ours.port);
  BOOST_TEST(eventually([&] { return ours.counters().parked == 3000U; }));
  const auto grown = resident_bytes() - before;
  const auto cpu = processor_seconds();
  std::this_thread::sleep_for(std::chrono::seconds{5});
  std::cout << fmt::format("3,000 idle connections: {:.3f} % of a core, {} of memory\n",
                           (processor_seconds() - cpu) / 5 * 100, format_bytes(grown));
}

BOOST_AUTO_TEST_SUITE_END()
