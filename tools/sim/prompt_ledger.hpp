// What the provider remembers of each prompt, by 64-bit hash: how often it rolled the dice and how
// often it was answered. An open-addressed table of 16-byte entries, between 21 and 43 bytes a
// prompt, so that millions of them fit beside what is being measured. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace perennial::sim {

class prompt_ledger {
public:
  prompt_ledger();

  /// Counts one roll of the prompt; returns how many there were before.
  uint32_t rolled(uint64_t prompt);

  /// Counts one 2xx answer to the prompt.
  void answered(uint64_t prompt);

  size_t distinct_seen() const { return used_; }
  size_t distinct_answered() const { return distinct_answered_; }
  /// Prompts that were answered twice or more.
  size_t answered_again() const { return answered_again_; }
  size_t memory_bytes() const { return entries_.size() * sizeof(entry); }

private:
  struct entry {
    uint64_t prompt = 0; ///< 0 is a free place
    uint32_t rolls = 0;
    uint32_t answers = 0;
  };

  entry& at(uint64_t prompt);
  static entry& find(std::vector<entry>& entries, uint64_t prompt);

  std::vector<entry> entries_;
  size_t used_ = 0;
  size_t distinct_answered_ = 0;
  size_t answered_again_ = 0;
};

} // namespace perennial::sim
