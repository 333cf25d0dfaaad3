// The tests of this folder know the `store` interface only, and run over every implementation
// named here. Each test has a directory of its own.
#pragma once

#include "storage/store.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <tuple>
#include <vector>

namespace perennial::storage {

struct on_rocksdb {
  static result<std::unique_ptr<store>> open(const std::string& dir) {
    return open_store({dir, uint64_t{32} << 20});
  }
};

using implementations = std::tuple<on_rocksdb>;

/// The value, or the test ends with the error's message.
template <class T>
T must(result<T>&& r) {
  BOOST_REQUIRE_MESSAGE(r.has_value(), (r ? std::string{} : r.error().message));
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

template <class T>
errc kind(const result<T>& r) {
  BOOST_REQUIRE(!r.has_value());
  return r.error().kind;
}

inline wall_time at(uint64_t ms) { return from_unix_ms(ms); }

/// `count` short lines.
inline std::string lines(uint64_t count) {
  std::string out;
  for (uint64_t i = 0; i < count; ++i) out += fmt::format("line {}\n", i);
  return out;
}

inline line_result ok_result(batch_id batch, line_no line, std::string text = {}) {
  line_result r;
  r.batch = batch;
  r.line = line;
  r.code = 200;
  r.attempts = 1;
  r.text = text.empty() ? fmt::format("result of {}\n", line) : std::move(text);
  return r;
}

inline line_result error_result(batch_id batch, line_no line, uint16_t code) {
  auto r = ok_result(batch, line, fmt::format("error of {}\n", line));
  r.kind = output_kind::error;
  r.code = code;
  return r;
}

template <class Implementation>
struct world {
  test::temp_dir dir;
  std::unique_ptr<store> db = must(Implementation::open(dir.text()));

  /// As a process that ends and starts again.
  void restart() {
    db.reset();
    db = must(Implementation::open(dir.text()));
  }

  file_record upload(std::string_view text, const std::string& name = "jobs.jsonl") {
    auto up = must(db->begin_upload({name, file_purpose::batch, at(1000), {}}));
    must(up->append(text));
    return must(up->finish());
  }

  /// Distinct requests unless told otherwise: the hash is of a counter.
  batch_record create(file_id file, batch_id retry_of = 0, const std::string& retry_only = {}) {
    batch_definition d;
    d.file = file;
    d.created = at(1000);
    d.endpoint = "/v1/chat/completions";
    d.retry_of = retry_of;
    d.retry_only = retry_only;
    return must(db->create_batch(d, {{}, sha256(std::to_string(requests++))})).batch;
  }

  /// A batch in progress over a new file of `count` lines.
  batch_record running(uint64_t count) {
    const auto batch = create(upload(lines(count)).id);
    return must(db->end_validation({batch.id, 0, {}, false, false, at(2000)}));
  }

  batch_record set_status(batch_id id, batch_status status) {
    auto state = must(db->get_batch(id)).state;
    state.status = status;
    return must(db->set_state(id, state));
  }

  std::vector<batch_counts> commit(std::vector<line_result> results) {
    commit_group group;
    group.results = std::move(results);
    return must(db->commit(group));
  }

  batch_progress progress(batch_id id) { return must(db->get_batch(id)).progress; }

  std::string log(batch_id id, output_kind kind) {
    std::string out;
    for (;;) {
      const auto more = must(db->read_output(id, kind, out.size(), 1000));
      if (more.empty()) return out;
      out += more;
    }
  }

  /// Counts equal rows.
  void check(batch_id id) {
    for (const auto& finding : must(db->check(id))) BOOST_ERROR(finding);
  }

  int requests = 0;
};

} // namespace perennial::storage
