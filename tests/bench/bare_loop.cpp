// The bare loop that `run` is measured against: reads the job file, calls with the same HTTP client
// on as many threads, and nothing else: no store, no actors, no checks, no results. The clock runs
// from the start of the program, as that of `run` does.
//   bench_bare_loop BASE_URL JOBS.jsonl THREADS [CA_FILE]
#include "protocol/jobs/line_splitter.hpp"
#include "protocol/jobs/slicer.hpp"
#include "protocol/provider/connection.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace perennial;

int main(int argc, char** argv) {
  const auto started = std::chrono::steady_clock::now();
  std::signal(SIGPIPE, SIG_IGN);
  if (argc < 4) {
    std::fprintf(stderr, "usage: bench_bare_loop BASE_URL JOBS.jsonl THREADS [CA_FILE]\n");
    return 2;
  }
  const auto size = std::filesystem::file_size(argv[2]);
  std::string text;
  text.reserve(size + 64); // simdjson reads past the end
  text.resize(size);
  std::ifstream{argv[2], std::ios::binary}.read(text.data(), static_cast<std::streamsize>(size));
  jobs::line_splitter splitter;
  jobs::slicer slicer{{}};
  std::vector<std::string> bodies;
  splitter.feed(text);
  for (jobs::line l; splitter.next(l);) {
    if (auto job = slicer.slice(l.bytes, l.ordinal)) bodies.emplace_back(job->body());
  }
  provider_settings settings;
  auto base = parse_base_url(argv[1]);
  if (!base) return 2;
  settings.base_url = *base;
  settings.trust = trust_from_environment(argc > 4 ? argv[4] : "");
  auto client = provider_client::make(settings);
  if (!client) {
    std::fprintf(stderr, "%s\n", client.error().message.c_str());
    return 2;
  }
  std::atomic<size_t> next{0};
  std::atomic<size_t> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < std::atoi(argv[3]); ++t) {
    threads.emplace_back([&] {
      const auto connection = (*client)->new_connection();
      for (size_t i = next++; i < bodies.size(); i = next++) {
        auto report = connection->call("/v1/chat/completions", bodies[i]);
        if (!report || report->status != 200) ++failed;
      }
    });
  }
  for (auto& t : threads) t.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf("{\"lines\":%zu,\"failed\":%zu,\"wall_seconds\":%.3f,\"lines_per_second\":%.1f}\n",
              bodies.size(), failed.load(), took.count(),
              static_cast<double>(bodies.size()) / took.count());
}
