// The rules by which a batch's lines are read, from its definition.
#pragma once

#include "protocol/jobs/job_line.hpp"
#include "storage/records.hpp"

namespace perennial::actors {

inline jobs::job_rules rules_of(const storage::batch_definition& d) {
  jobs::job_rules r;
  r.format =
    d.format == storage::line_format::text ? jobs::job_format::text : jobs::job_format::jsonl;
  r.endpoint = d.endpoint;
  r.model = d.model;
  r.max_line_bytes = d.max_line_bytes;
  return r;
}

} // namespace perennial::actors
