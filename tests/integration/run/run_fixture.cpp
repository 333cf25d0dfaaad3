#include "run_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

namespace perennial::test {

ended_command run_to_end(run_case& c, const std::string& url, std::vector<std::string> flags,
                         std::map<std::string, std::string> env) {
  auto p = c.start(url, std::move(flags), std::move(env));
  const auto ended = p->wait();
  if (!ended) throw std::runtime_error{"run does not end: " + p->errors()};
  return {*ended, p->output(), p->errors()};
}

std::vector<nlohmann::json> read_results(const std::filesystem::path& file) {
  std::vector<nlohmann::json> out;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) out.push_back(nlohmann::json::parse(line));
  return out;
}

std::string answer_of(const nlohmann::json& result) {
  const auto& response = result.at("response");
  if (!response.is_object() || response.value("status_code", 0) != 200) return {};
  return response.at("body").at("choices").at(0).at("message").at("content").get<std::string>();
}

std::string job_line(uint64_t i, std::string_view model) {
  return fmt::format(R"({{"custom_id":"{0}","method":"POST","url":"/v1/chat/completions",)"
                     R"("body":{{"model":"{1}","messages":[{{"role":"user","content":"{0}"}}]}}}})"
                     "\n",
                     prompt_text(i), model);
}

size_t count(std::string_view text, std::string_view part) {
  size_t n = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

bool sim_has(const sim_process& sim, uint64_t answered, uint64_t in_flight) {
  nlohmann::json last;
  const bool there = eventually([&] {
    last = sim.stats();
    return last.at("answered_ok") == answered && last.at("in_flight") == in_flight;
  });
  if (!there) BOOST_TEST_MESSAGE("the sim has " << last.dump());
  return there;
}

} // namespace perennial::test
