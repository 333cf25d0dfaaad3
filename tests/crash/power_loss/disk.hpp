// A disk that may lose its power: knows which bytes of which files, and which names in which
// directories, were synced, and can make the directory tree that is left after a cut.
//
//   bytes   a file's bytes count from its last sync; after a cut a random part of the rest is
//           there, whole, torn or followed by zeros, or none of it
//   names   making, renaming, linking and deleting count from the directory's next sync; after a
//           cut a random first part of what was not synced has happened all the same
//
// The live tree is a real directory, which the process sees as if nothing could be lost. A second
// link to every file (in the vault) keeps the bytes of those that it deletes.
#pragma once

#include "tests/unit/storage/seeded.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace perennial::test {

class disk {
public:
  struct inode {
    std::string kept; ///< Its link in the vault; empty for a directory.
    uint64_t size = 0;
    uint64_t synced = 0;
  };
  using file = std::shared_ptr<inode>;

  /// Everything in `root` is taken as synced. `vault` is made.
  disk(std::string root, std::string vault, uint64_t seed);

  /// Loses the power at the `n`-th change from now.
  void cut_after(uint64_t n);
  /// Syncs of files whose name ends so do nothing: what a wrong setting would do.
  void swallow_syncs_of(std::string ending) { swallowed_ = std::move(ending); }
  /// The same for directories.
  void swallow_directory_syncs() { swallow_directories_ = true; }

  bool is_cut() const;
  /// Counts a change that is about to be made; false when there is no power for it.
  bool step();

  file made(const std::string& path);
  void made_directory(const std::string& path);
  void removed(const std::string& path);
  void renamed(const std::string& from, const std::string& to);
  void linked(const std::string& from, const std::string& to);
  void synced_directory(const std::string& path);

  /// The file with this name; made known when it is not.
  file find(const std::string& path);
  void grew(inode& f, uint64_t bytes);
  void truncated(inode& f, uint64_t size);
  void synced(inode& f, const std::string& path);

  /// Makes in `into` what is left after the cut.
  void rebuild(const std::string& into);

private:
  /// A change of a directory's names: first take one out, then put one in.
  struct change {
    std::string out;
    std::string in;
    file what;
  };
  using names = std::map<std::string, file>;

  static std::string normal(const std::string& path);
  static std::string directory_of(const std::string& path);
  static void apply(const change& c, names& to);
  void note(change c);
  file keep(const std::string& path, uint64_t size);
  void write_left(const inode& f, const std::string& to);

  mutable std::mutex mutex_;
  const std::string root_;
  const std::string vault_;
  seeded random_;
  uint64_t steps_left_ = ~uint64_t{0};
  std::string swallowed_;
  bool swallow_directories_ = false;
  uint64_t made_files_ = 0;
  names live_;
  names durable_;
  std::map<std::string, std::vector<change>> unsynced_; ///< By directory, in order.
};

} // namespace perennial::test
