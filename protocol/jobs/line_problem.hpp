// What is wrong with a line of a job file, said to people: where, a code, and a sentence with what
// to do. Never holds the text of a prompt.
#pragma once

#include "protocol/jobs/line_splitter.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::jobs {

/// Codes of problems. Users see and match them: never change one. The first block is OpenAI's.
namespace problem_code {
inline constexpr std::string_view invalid_json_line = "invalid_json_line";
inline constexpr std::string_view duplicate_custom_id = "duplicate_custom_id";
inline constexpr std::string_view url_mismatch = "url_mismatch";
inline constexpr std::string_view empty_file = "empty_file";

inline constexpr std::string_view line_too_long = "line_too_long";
inline constexpr std::string_view invalid_utf8 = "invalid_utf8";
inline constexpr std::string_view nul_byte = "nul_byte";
inline constexpr std::string_view not_an_object = "not_an_object";
inline constexpr std::string_view duplicate_member = "duplicate_member";
inline constexpr std::string_view missing_custom_id = "missing_custom_id";
inline constexpr std::string_view invalid_custom_id = "invalid_custom_id";
inline constexpr std::string_view missing_method = "missing_method";
inline constexpr std::string_view invalid_method = "invalid_method";
inline constexpr std::string_view missing_url = "missing_url";
inline constexpr std::string_view missing_body = "missing_body";
inline constexpr std::string_view invalid_body = "invalid_body";
inline constexpr std::string_view missing_prompt = "missing_prompt";
inline constexpr std::string_view invalid_prompt = "invalid_prompt";
inline constexpr std::string_view invalid_model = "invalid_model";
inline constexpr std::string_view invalid_system = "invalid_system";
inline constexpr std::string_view conflicting_member = "conflicting_member";
inline constexpr std::string_view stream_not_supported = "stream_not_supported";
} // namespace problem_code

struct line_problem {
  uint64_t number = 0; ///< Of the line, from 1, blank lines counted; 0: of the file as a whole.
  uint64_t offset = 0; ///< Of the line's first byte.
  std::string code;
  std::string message;
  std::string custom_id; ///< As far as it could be read; empty otherwise.

  friend bool operator==(const line_problem&, const line_problem&) = default;
};

/// Two lines with one custom_id: the problem of the later one, at `number` and `offset`. A
/// `first_number` of 0 stands for "an earlier line".
line_problem duplicate_custom_id(uint64_t number, uint64_t offset, std::string_view custom_id,
                                 uint64_t first_number = 0);

/// A file without a single line that is not blank.
line_problem empty_file();

/// The first 1,000 problems, and how many there were.
class problem_list {
public:
  static constexpr size_t limit = 1000;

  void add(line_problem problem);
  /// How many were added, kept or not.
  uint64_t total() const { return total_; }
  bool empty() const { return total_ == 0; }
  const std::vector<line_problem>& kept() const { return kept_; }

private:
  std::vector<line_problem> kept_;
  uint64_t total_ = 0;
};

} // namespace perennial::jobs
