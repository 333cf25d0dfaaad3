#include "tests/support/sim_process.hpp"

#include <httplib.h>

#include <stdexcept>
#include <thread>

namespace perennial::test {

namespace {

child_options options_for(std::vector<std::string> flags) {
  flags.emplace_back("--quiet");
  return {.program = bin_dir() / "perennial-sim", .args = std::move(flags)};
}

} // namespace

sim_process::sim_process(std::vector<std::string> flags)
  : process_(options_for(std::move(flags))) {
  if (!process_.wait_for_output("\n")) {
    process_.kill(SIGKILL);
    process_.wait();
    throw std::runtime_error("perennial-sim did not start: " + process_.errors());
  }
  const auto ready = nlohmann::json::parse(process_.output());
  port_ = ready.at("port").get<uint16_t>();
  url_ = ready.at("url").get<std::string>();
  control_url_ = ready.at("control_url").get<std::string>();
}

/// A GET, or a POST where there is a body.
nlohmann::json sim_process::call(const std::string& path, const nlohmann::json* body) const {
  httplib::Client client(control_url_);
  client.set_tcp_nodelay(true);
  const auto reply =
    body == nullptr ? client.Get(path) : client.Post(path, body->dump(), "application/json");
  if (!reply)
    throw std::runtime_error("perennial-sim: " + path + ": " + httplib::to_string(reply.error()));
  if (reply->status != 200) throw std::runtime_error("perennial-sim: " + path + ": " + reply->body);
  return nlohmann::json::parse(reply->body);
}

nlohmann::json sim_process::stats() const { return call("/stats", nullptr); }

void sim_process::reset_stats() const {
  const nlohmann::json nothing = nlohmann::json::object();
  call("/stats/reset", &nothing);
}

nlohmann::json sim_process::control(const nlohmann::json& changes) const {
  const nlohmann::json in_force = call("/control", &changes);
  while (!stats().at("settled").get<bool>()) std::this_thread::yield();
  return in_force;
}

} // namespace perennial::test
