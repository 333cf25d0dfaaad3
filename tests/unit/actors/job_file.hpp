// Batches over real job files in a store of their own, for tests of what reads and validates them.
#pragma once

#include "storage/batch_life.hpp"
#include "tests/unit/storage/suite/world.hpp"

#include <string>
#include <string_view>

namespace perennial::actors {

/// A job line in the short form.
inline std::string job(std::string_view id, std::string_view prompt = "hello") {
  return fmt::format("{{\"id\":\"{}\",\"prompt\":\"{}\"}}\n", id, prompt);
}

/// `count` of them, with the ids "c0" and so on.
inline std::string jobs_text(uint64_t count) {
  std::string out;
  for (uint64_t i = 0; i < count; ++i) out += job(fmt::format("c{}", i));
  return out;
}

struct job_world : storage::world<storage::on_rocksdb> {
  storage::batch_definition definition(storage::file_id file) {
    storage::batch_definition d;
    d.file = file;
    d.created = storage::at(1000);
    d.endpoint = "/v1/chat/completions";
    d.max_line_bytes = 1 << 20;
    return d;
  }

  storage::batch_record make(const storage::batch_definition& d) {
    return storage::must(db->create_batch(d, {{}, sha256(std::to_string(requests++))})).batch;
  }

  /// In progress, over a new file.
  storage::batch_record run(std::string_view text) {
    const auto batch = make(definition(upload(text).id));
    return storage::must(db->end_validation({batch.id, 0, {}, false, true, storage::at(2000)}));
  }

  /// A retry of everything that failed or never ran, in progress.
  storage::batch_record retry(const storage::batch_record& parent) {
    auto d = parent.definition;
    d.retry_of = parent.id;
    const auto batch = make(d);
    std::optional<uint32_t> segment = 0;
    while (segment) segment = storage::must(db->select_failed(batch.id, *segment));
    return storage::must(db->end_validation({batch.id, 0, {}, false, false, storage::at(3000)}));
  }

  storage::batch_record get(storage::batch_id id) { return storage::must(db->get_batch(id)); }

  storage::batch_record change(storage::batch_id id, storage::batch_change what) {
    const auto next = storage::must(storage::apply(get(id), what, {}, storage::at(4000)));
    return storage::must(db->set_state(id, next));
  }
};

} // namespace perennial::actors
