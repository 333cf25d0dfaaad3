#include "edge_fixture.hpp"

#include "protocol/base/hash.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace perennial::test {

running_edge::running_edge(http::edge_limits limits)
  : server(std::make_unique<http::edge_server>(limits)) {
  add_routes();
  const auto started = server->start("127.0.0.1", 0);
  if (!started) throw std::runtime_error(started.error().message);
}

running_edge::~running_edge() {
  at_wait.open();
  server->stop(std::chrono::milliseconds{0});
}

void running_edge::add_routes() {
  auto& s = *server;
  s.Get("/ok", [](const httplib::Request&, httplib::Response& answer) {
    answer.set_content("fine", "text/plain");
  });
  const auto echo = [](const httplib::Request& request, httplib::Response& answer) {
    nlohmann::json out{{"method", request.method},
                       {"path", request.path},
                       {"body", request.body},
                       {"remote", request.remote_addr}};
    for (const auto& [name, value] : request.headers) out["headers"][name] = value;
    for (const auto& [name, value] : request.params) out["params"][name] = value;
    using json = nlohmann::json;
    answer.set_content(out.dump(-1, ' ', false, json::error_handler_t::replace),
                       "application/json");
  };
  s.Get("/echo.*", echo);
  s.Post("/echo", echo);
  s.Delete("/echo", echo);
  s.Post("/read", [](const httplib::Request&, httplib::Response& answer,
                     const httplib::ContentReader& read) {
    auto body = std::make_shared<std::string>();
    read([body](const char* data, size_t size) {
      body->append(data, size);
      return true;
    });
    answer.set_content(*body, "text/plain");
  });
  s.Get("/throw", [](const httplib::Request&, httplib::Response&) {
    throw std::runtime_error("secret\r\nX-Evil: 1");
  });
  s.Get("/teapot", [](const httplib::Request&, httplib::Response& answer) { answer.status = 418; });
  s.Get("/wait", [this](const httplib::Request&, httplib::Response& answer) {
    at_wait.pass();
    answer.set_content("done", "text/plain");
  });
  s.slow("GET", "/wait");
  s.Get("/large", [](const httplib::Request& request, httplib::Response& answer) {
    const auto size = std::stoul(request.get_param_value("bytes"));
    answer.set_content(std::string(size, 'L'), "text/plain");
  });
  s.Get("/provider", [](const httplib::Request& request, httplib::Response& answer) {
    const auto size = std::stoul(request.get_param_value("bytes"));
    answer.set_content_provider(size, "text/plain",
                                [](size_t offset, size_t length, httplib::DataSink& sink) {
                                  const std::string piece(std::min<size_t>(length, 100'000),
                                                          static_cast<char>('a' + offset % 26));
                                  return sink.write(piece.data(), piece.size());
                                });
  });
  s.Get("/endless", [](const httplib::Request&, httplib::Response& answer) {
    answer.set_chunked_content_provider("text/plain", [](size_t, httplib::DataSink& sink) {
      const std::string piece(100'000, 'e');
      return sink.write(piece.data(), piece.size());
    });
  });
  s.Get("/chunks", [](const httplib::Request&, httplib::Response& answer) {
    answer.set_chunked_content_provider("text/plain", [](size_t offset, httplib::DataSink& sink) {
      if (offset >= 10) {
        sink.done();
        return true;
      }
      return sink.write("ab", 2);
    });
  });
  s.Get("/broken-provider", [](const httplib::Request&, httplib::Response& answer) {
    answer.set_content_provider(1000, "text/plain",
                                [](size_t offset, size_t, httplib::DataSink& sink) {
                                  return offset < 100 && sink.write("0123456789", 10);
                                });
  });
  const auto upload = [this](const httplib::Request&, http::body_reader& body,
                             httplib::Response& answer) { take_upload(body, answer); };
  s.stream("POST", "/upload", upload);
  s.stream("POST", "/upload-10/{name}", upload, 10);
  s.stream("POST", "/upload-wait",
           [this](const httplib::Request&, http::body_reader& body, httplib::Response& answer) {
             at_wait.pass();
             take_upload(body, answer);
           });
  s.stream("POST", "/upload-refused",
           [](const httplib::Request& request, http::body_reader&, httplib::Response& answer) {
             answer.status = request.has_param("quiet") ? -1 : 401;
           });
  s.stream("POST", "/upload-throws",
           [](const httplib::Request&, http::body_reader& body, httplib::Response&) {
             if (body.next()) throw std::runtime_error("secret");
           });
}

void running_edge::take_upload(http::body_reader& body, httplib::Response& answer) {
  upload_record record;
  sha256_stream hash;
  for (;;) {
    const auto piece = body.next();
    if (!piece) {
      record.error = to_string(piece.error().kind);
      break;
    }
    if (piece->empty()) break;
    ++record.pieces;
    record.bytes += piece->size();
    hash.update(*piece);
  }
  record.sha256 = to_hex(hash.finish());
  if (record.error.empty())
    answer.set_content(nlohmann::json{{"bytes", record.bytes}, {"sha256", record.sha256}}.dump(),
                       "application/json");
  const std::lock_guard lock{mutex_};
  uploads_.push_back(record);
  uploaded_.notify_all();
}

upload_record running_edge::wait_for_upload() {
  std::unique_lock lock{mutex_};
  if (!uploaded_.wait_for(lock, std::chrono::seconds{60}, [this] { return !uploads_.empty(); }))
    throw std::runtime_error("no upload came to its end");
  const auto out = uploads_.front();
  uploads_.erase(uploads_.begin());
  return out;
}

raw_answer running_edge::ask(const std::string& text) const {
  auto client = connect();
  client.send(text);
  return client.answer(text.starts_with("HEAD"));
}

nlohmann::json error_of(const raw_answer& answer) {
  BOOST_TEST(answer.headers.at("content-type") == "application/json");
  BOOST_TEST(!answer.headers.at("x-request-id").empty());
  auto error = nlohmann::json::parse(answer.body).at("error");
  BOOST_TEST(!error.at("message").get<std::string>().empty());
  BOOST_TEST(error.contains("type"));
  BOOST_TEST(error.contains("param"));
  BOOST_TEST(error.contains("code"));
  return error;
}

latency measure(const running_edge& edge, int rounds) {
  auto kept = edge.connect();
  std::vector<double> times;
  for (auto i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    auto status = 0;
    if (i % 2 == 0) {
      kept.send(request("GET", "/ok"));
      status = kept.answer().status;
    } else {
      status = edge.ask(request("GET", "/ok")).status;
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    BOOST_REQUIRE(status == 200);
    times.push_back(took.count());
  }
  std::ranges::sort(times);
  return {times[times.size() / 2], times.back()};
}

uint64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  uint64_t total = 0;
  uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool eventually(const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace perennial::test
