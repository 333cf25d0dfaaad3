#include "tests/integration/disk/disk_fixture.hpp"

#include "tests/support/raw_client.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <httplib.h>

#include <fstream>

namespace perennial::test {

namespace {

/// Before `main`, while there is one thread.
const std::string no_mount = enter_mount_namespace();

} // namespace

bool can_mount() {
  if (no_mount.empty()) return true;
  BOOST_TEST_MESSAGE("NOT TESTED: no file system can be mounted here (" << no_mount
                                                                        << "); run it as root");
  return false;
}

std::string jobs_of(uint64_t prompts) { return read_file(run_case{prompts}.jobs()); }

void served_disk::start(const std::string& concurrency) {
  serve = std::make_unique<serve_process>(std::vector<std::string>{
    "--data", (disk / "data").string(), "--base-url", sim.url(), "--concurrency", concurrency});
}

nlohmann::json served_disk::get(const std::string& path) const {
  httplib::Client client{"127.0.0.1", serve->port()};
  auto r = client.Get(path);
  // 503 while the store is being opened again.
  const bool answered = eventually([&] {
    if (!r || r->status != 503) return true;
    r = client.Get(path);
    return false;
  });
  if (!answered || !r) {
    throw std::runtime_error{"no answer to GET " + path + ": " + serve->process().errors()};
  }
  BOOST_TEST(r->status == 200, path << ": " << r->body);
  return nlohmann::json::parse(r->body);
}

nlohmann::json served_disk::ready() const {
  httplib::Client client{"127.0.0.1", serve->port()};
  const auto r = client.Get("/readyz");
  if (!r) throw std::runtime_error{"no answer: " + serve->process().errors()};
  return nlohmann::json::parse(r->body);
}

bool served_disk::level_becomes(const std::string& level) const {
  return eventually([&] { return disk_state().at("level") == level; });
}

served_disk::answer served_disk::upload(const std::string& text) const {
  // By hand: a refusal comes before the end of the text, which cpp-httplib's client does not read.
  const auto body = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
                    "--b\r\nContent-Disposition: form-data; name=\"file\"; "
                    "filename=\"jobs.jsonl\"\r\n\r\n" +
                    text + "\r\n--b--\r\n";
  raw_client client{serve->port()};
  client.send(
    request("POST", "/v1/files", "Content-Type: multipart/form-data; boundary=b\r\n", body));
  const auto r = client.answer();
  if (!r.whole) return {r.status, {}};
  return {r.status, nlohmann::json::parse(r.body)};
}

std::string served_disk::create(const std::string& text) const {
  const auto file = upload(text);
  BOOST_REQUIRE_MESSAGE(file.status == 200, file.body.dump());
  httplib::Client client{"127.0.0.1", serve->port()};
  const nlohmann::json wanted{{"input_file_id", file.body.at("id")},
                              {"endpoint", "/v1/chat/completions"},
                              {"completion_window", "24h"}};
  const auto r = client.Post("/v1/batches", wanted.dump(), "application/json");
  BOOST_REQUIRE(r);
  BOOST_REQUIRE_MESSAGE(r->status == 200, r->body);
  return nlohmann::json::parse(r->body).at("id");
}

uint64_t served_disk::results_of(const std::string& batch) const {
  const auto counts = get("/v1/batches/" + batch).at("request_counts");
  return counts.at("completed").get<uint64_t>() + counts.at("failed").get<uint64_t>();
}

bool served_disk::completes(const std::string& batch) const {
  return eventually([&] { return get("/v1/batches/" + batch).at("status") == "completed"; });
}

std::vector<std::string> served_disk::check_results(const std::string& batch,
                                                    uint64_t prompts) const {
  const temp_dir out;
  const auto file = (out / "results").string();
  const auto got = run_command({"results", batch, "-o", file, "--url", serve->url()});
  if (!got.status.ok()) return {"results: " + got.errors};
  std::vector<std::string> wrong;
  uint64_t i = 0;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line); ++i) {
    const auto j = nlohmann::json::parse(line);
    const auto want = prompt_text(i);
    const bool mine = j.at("custom_id") == want && j.at("response").at("status_code") == 200 &&
                      line.find("echo: " + want) != std::string::npos;
    if (!mine) wrong.push_back(fmt::format("line {}: {}", i, line.substr(0, 200)));
  }
  if (i != prompts) wrong.push_back(fmt::format("{} results for {} lines", i, prompts));
  return wrong;
}

bool served_disk::log_has(const std::string& text) const {
  return serve->process().errors().find(text) != std::string::npos;
}

} // namespace perennial::test
