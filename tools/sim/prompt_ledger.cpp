#include "tools/sim/prompt_ledger.hpp"

namespace perennial::sim {

prompt_ledger::prompt_ledger()
  : entries_(1024) {}

uint32_t prompt_ledger::rolled(uint64_t prompt) { return at(prompt).rolls++; }

void prompt_ledger::answered(uint64_t prompt) {
  const uint32_t now = ++at(prompt).answers;
  if (now == 1) ++distinct_answered_;
  if (now == 2) ++answered_again_;
}

prompt_ledger::entry& prompt_ledger::find(std::vector<entry>& entries, uint64_t prompt) {
  const size_t mask = entries.size() - 1; // the size is a power of two
  size_t i = static_cast<size_t>(prompt) & mask;
  while (entries[i].prompt != 0 && entries[i].prompt != prompt) i = (i + 1) & mask;
  return entries[i];
}

prompt_ledger::entry& prompt_ledger::at(uint64_t prompt) {
  if (prompt == 0) prompt = 1;
  entry* found = &find(entries_, prompt);
  if (found->prompt != 0) return *found;
  if ((used_ + 1) * 4 > entries_.size() * 3) {
    std::vector<entry> larger(entries_.size() * 2);
    for (const entry& e : entries_)
      if (e.prompt != 0) find(larger, e.prompt) = e;
    entries_ = std::move(larger);
    found = &find(entries_, prompt);
  }
  found->prompt = prompt;
  ++used_;
  return *found;
}

} // namespace perennial::sim
