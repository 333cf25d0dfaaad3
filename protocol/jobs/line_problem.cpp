#include "protocol/jobs/line_problem.hpp"

#include "protocol/jobs/json_text.hpp"

#include <fmt/format.h>

namespace perennial::jobs {

line_problem duplicate_custom_id(uint64_t number, uint64_t offset, std::string_view custom_id,
                                 uint64_t first_number) {
  line_problem p;
  p.number = number;
  p.offset = offset;
  p.code = problem_code::duplicate_custom_id;
  p.message = fmt::format(
    "the custom_id {} is there already, on {}; give each line one of its own", in_quotes(custom_id),
    first_number == 0 ? std::string{"an earlier line"} : fmt::format("line {}", first_number));
  p.custom_id = custom_id;
  return p;
}

line_problem empty_file() {
  line_problem p;
  p.code = problem_code::empty_file;
  p.message = "the file has no lines to run; put one request on each line";
  return p;
}

void problem_list::add(line_problem problem) {
  ++total_;
  if (kept_.size() < limit) kept_.push_back(std::move(problem));
}

} // namespace perennial::jobs
