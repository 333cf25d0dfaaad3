// What the paths on a command line must be, found out before anything is spent or thrown away. It
// only looks: nothing is made, and what is there is not touched.
#pragma once

#include "protocol/base/error.hpp"

#include <string>

namespace perennial::tool {

/// The job file can be read; "-" is standard input. errc::not_found, invalid_input.
result<void> check_job_file(const std::string& jobs);

/// A whole file can appear at `output` by rename: its folder is there and may be written to,
/// nothing but a regular file has its name, and that one is not the job file (nor is the file that
/// is written beside it until the end). Empty or "-" is standard output, which is always good.
/// `jobs` may be empty: there is none. errc::invalid_input.
result<void> check_output(const std::string& output, const std::string& jobs = {});

/// The data directory is one, or can be made. errc::invalid_input.
result<void> check_data_dir(const std::string& dir);

} // namespace perennial::tool
