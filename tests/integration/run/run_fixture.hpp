// `perennial run` against a perennial-sim: what a test of the tool starts, and how it reads what
// came of it.
#pragma once

#include "tests/support/eventually.hpp"
#include "tests/support/run_case.hpp"
#include "tests/support/serve_process.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::test {

/// Runs the case's job file to the command's end. -o, --base-url and --json are given already.
ended_command run_to_end(run_case& c, const std::string& url, std::vector<std::string> flags = {},
                         std::map<std::string, std::string> env = {});

/// The lines of a result file; none where there is no file.
std::vector<nlohmann::json> read_results(const std::filesystem::path& file);

/// The text that the sim answered a line with; empty for a line that failed.
std::string answer_of(const nlohmann::json& result);

/// An OpenAI line for prompt `i` with a model of its own.
std::string job_line(uint64_t i, std::string_view model);

/// How often `part` stands in `text`.
size_t count(std::string_view text, std::string_view part);
inline bool has(std::string_view text, std::string_view part) { return count(text, part) > 0; }

/// Until the sim has answered so many prompts and has so many in hand.
bool sim_has(const sim_process& sim, uint64_t answered, uint64_t in_flight);

} // namespace perennial::test
