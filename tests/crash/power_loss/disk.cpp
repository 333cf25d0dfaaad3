#include "tests/crash/power_loss/disk.hpp"

#include <filesystem>
#include <fstream>

namespace perennial::test {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t sector_bytes = 512;

} // namespace

disk::disk(std::string root, std::string vault, uint64_t seed)
  : root_(normal(root))
  , vault_(std::move(vault))
  , random_(seed) {
  fs::create_directories(vault_);
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    const auto path = normal(entry.path());
    if (entry.is_directory()) {
      live_[path] = std::make_shared<inode>();
    } else {
      live_[path] = keep(path, entry.file_size());
      live_[path]->synced = entry.file_size();
    }
  }
  durable_ = live_;
}

std::string disk::normal(const std::string& path) {
  auto out = fs::path{path}.lexically_normal().string();
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

std::string disk::directory_of(const std::string& path) {
  return fs::path{path}.parent_path().string();
}

disk::file disk::keep(const std::string& path, uint64_t size) {
  auto out = std::make_shared<inode>();
  out->kept = vault_ + "/" + std::to_string(made_files_++);
  out->size = size;
  fs::create_hard_link(path, out->kept);
  return out;
}

void disk::cut_after(uint64_t n) {
  const std::lock_guard lock{mutex_};
  steps_left_ = n;
}

bool disk::is_cut() const {
  const std::lock_guard lock{mutex_};
  return steps_left_ == 0;
}

bool disk::step() {
  const std::lock_guard lock{mutex_};
  if (steps_left_ > 0) --steps_left_;
  return steps_left_ > 0;
}

void disk::apply(const change& c, names& to) {
  if (!c.out.empty()) to.erase(c.out);
  if (!c.in.empty()) to[c.in] = c.what;
}

void disk::note(change c) {
  apply(c, live_);
  unsynced_[directory_of(c.in.empty() ? c.out : c.in)].push_back(std::move(c));
}

disk::file disk::made(const std::string& path) {
  const std::lock_guard lock{mutex_};
  auto f = keep(normal(path), 0);
  note({{}, normal(path), f});
  return f;
}

void disk::made_directory(const std::string& path) {
  const std::lock_guard lock{mutex_};
  if (!live_.contains(normal(path))) note({{}, normal(path), std::make_shared<inode>()});
}

void disk::removed(const std::string& path) {
  const std::lock_guard lock{mutex_};
  if (live_.contains(normal(path))) note({normal(path), {}, {}});
}

void disk::renamed(const std::string& from, const std::string& to) {
  const std::lock_guard lock{mutex_};
  const auto found = live_.find(normal(from));
  if (found == live_.end()) return;
  const auto f = found->second;
  note({normal(from), normal(to), f}); // always within one directory
}

void disk::linked(const std::string& from, const std::string& to) {
  const std::lock_guard lock{mutex_};
  const auto found = live_.find(normal(from));
  if (found != live_.end()) note({{}, normal(to), found->second});
}

void disk::synced_directory(const std::string& path) {
  const std::lock_guard lock{mutex_};
  if (swallow_directories_) return;
  for (const auto& c : unsynced_[normal(path)]) apply(c, durable_);
  unsynced_.erase(normal(path));
}

disk::file disk::find(const std::string& path) {
  const std::lock_guard lock{mutex_};
  const auto found = live_.find(normal(path));
  if (found != live_.end()) return found->second;
  auto f = keep(normal(path), fs::file_size(path));
  note({{}, normal(path), f});
  return f;
}

void disk::grew(inode& f, uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  f.size += bytes;
}

void disk::truncated(inode& f, uint64_t size) {
  const std::lock_guard lock{mutex_};
  f.size = size;
  f.synced = std::min(f.synced, size);
}

void disk::synced(inode& f, const std::string& path) {
  const std::lock_guard lock{mutex_};
  if (swallowed_.empty() || !path.ends_with(swallowed_)) f.synced = f.size;
}

void disk::rebuild(const std::string& into) {
  const std::lock_guard lock{mutex_};
  for (const auto& [directory, changes] : unsynced_) {
    const auto happened = random_.coin() ? 0 : random_.below(changes.size() + 1);
    for (size_t i = 0; i < happened; ++i) apply(changes[i], durable_);
  }
  fs::create_directories(into);
  for (const auto& [path, f] : durable_) { // in order: a directory before what is in it
    const auto to = into + path.substr(root_.size());
    if (f->kept.empty())
      fs::create_directory(to);
    else if (fs::is_directory(fs::path{to}.parent_path()))
      write_left(*f, to);
  }
}

void disk::write_left(const inode& f, const std::string& to) {
  fs::copy_file(f.kept, to);
  auto left = f.synced + (random_.coin() ? 0 : random_.below(f.size - f.synced + 1));
  // Zeros: the file's size had reached the disk, the bytes of its last sectors had not.
  const bool zeros = left < f.size && random_.below(4) == 0;
  if (zeros) left = std::max(f.synced, left / sector_bytes * sector_bytes);
  fs::resize_file(to, left);
  if (zeros) fs::resize_file(to, f.size);
}

} // namespace perennial::test
