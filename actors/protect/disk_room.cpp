#include "actors/protect/disk_room.hpp"

#include "protocol/base/log.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace perennial::actors {

namespace {

/// An upload looks at the disk whenever so much more of it has come.
constexpr uint64_t look_every_bytes = mib;

} // namespace

disk_room::disk_room(std::string data_dir, disk_config config, looking look)
  : data_dir_(std::move(data_dir))
  , look_(std::move(look))
  , ballast_((std::filesystem::path{data_dir_} / "ballast").string())
  , budget_(config) {}

void disk_room::look_here() {
  // What cannot be looked at is as it was: a write will tell.
  if (const auto seen = look_(data_dir_)) {
    budget_.on_look(*seen, {calls_, results_.bytes(), long_results_.bytes()});
  }
}

disk_status disk_room::look(uint64_t calls) {
  const std::lock_guard lock{mutex_};
  calls_ = calls;
  look_here();
  const auto wanted = budget_.floors().ballast;
  if (store_writes_ && ballast_.bytes() < wanted && budget_.has_room_for_ballast()) {
    if (auto made = ballast_.make(wanted); !made) logging::warn("{}", made.error().message);
    look_here();
  }
  return status_here();
}

disk_status disk_room::status() const {
  const std::lock_guard lock{mutex_};
  return status_here();
}

disk_status disk_room::status_here() const {
  disk_status s{budget_.level(),  store_writes_,    budget_.seen(),
                budget_.floors(), ballast_.bytes(), {}};
  const auto free = format_bytes(s.seen.free);
  const auto goes_on_at = format_bytes(budget_.goes_on_at());
  if (!store_writes_) {
    s.says = fmt::format("the disk of {} cannot be written to ({}; {} free); what was given to the "
                         "store is kept until it can, no new calls go out meanwhile",
                         data_dir_, why_not_, free);
  } else if (s.level == disk_level::full) {
    s.says = fmt::format(
      "the disk of {} is nearly full: {} free, and {} are kept for the results of the {} calls "
      "that are out and for the store's own files; no new calls go out until {} are free, uploads "
      "are refused until {} are, results are still written",
      data_dir_, free, format_bytes(s.floors.for_results), calls_, goes_on_at,
      format_bytes(budget_.uploads_go_on_at()));
  } else if (s.level == disk_level::tight) {
    s.says = fmt::format("the disk of {} is short of room: {} free, and {} are kept for results; "
                         "uploads are refused (507) until {} are free, calls go on",
                         data_dir_, free, format_bytes(s.floors.for_uploads), goes_on_at);
  }
  return s;
}

void disk_room::write_failed(const error& why) {
  std::function<void()> tell;
  {
    const std::lock_guard lock{mutex_};
    look_here();
    store_writes_ = false;
    why_not_ = why.message;
    const bool short_of_room =
      why.kind == errc::no_space || budget_.seen().free < budget_.floors().for_results;
    if (short_of_room) {
      if (const auto had = ballast_.let_go(); had > 0) {
        logging::warn("The disk of {} is full: the ballast of {} is let go of, so that the store "
                      "can write what it holds.",
                      data_dir_, format_bytes(had));
      }
    }
    tell = tell_;
  }
  if (tell) tell();
}

void disk_room::writes_again() {
  std::function<void()> tell;
  {
    const std::lock_guard lock{mutex_};
    store_writes_ = true;
    why_not_.clear();
    tell = tell_;
  }
  if (tell) tell();
}

void disk_room::on_results(uint64_t count, uint64_t bytes, uint64_t long_bytes) {
  const std::lock_guard lock{mutex_};
  results_.on_results(count, bytes);
  long_results_.on_results(count, long_bytes);
}

void disk_room::when_store_changes(std::function<void()> tell) {
  const std::lock_guard lock{mutex_};
  tell_ = std::move(tell);
}

error disk_room::refusal(std::optional<uint64_t> bytes) const {
  const auto kept = format_bytes(budget_.floors().for_uploads);
  if (bytes && budget_.is_too_long_for_disk(*bytes)) {
    return {
      errc::no_space,
      fmt::format("a file of {} does not fit on the service's disk, which has {} in all, of "
                  "which {} are kept for results; split it, or give the service a larger disk",
                  format_bytes(*bytes), format_bytes(budget_.seen().size), kept)};
  }
  return {errc::no_space,
          fmt::format("the service's disk is short of room: {} free, of which {} are kept for "
                      "results{}. Delete files that are not needed, or make room on that disk, and "
                      "upload it again; batches go on",
                      format_bytes(budget_.seen().free), kept,
                      bytes ? fmt::format(", and this file has {}", format_bytes(*bytes))
                            : std::string{})};
}

result<disk_room::upload> disk_room::begin_upload(std::optional<uint64_t> bytes) {
  const std::lock_guard lock{mutex_};
  look_here();
  if (!budget_.has_room_for_upload(bytes.value_or(0), promised_)) {
    return tl::unexpected{refusal(bytes)};
  }
  if (!store_writes_) {
    return fail(errc::unavailable,
                "the service's disk cannot be written to now; try again in a moment");
  }
  return upload{*this, bytes};
}

bool disk_room::can_ever_hold(uint64_t bytes) const {
  const std::lock_guard lock{mutex_};
  return !budget_.is_too_long_for_disk(bytes);
}

disk_room::upload::upload(disk_room& room, std::optional<uint64_t> bytes)
  : room_(&room)
  , bytes_(bytes) {
  promise(bytes.value_or(0));
}

disk_room::upload::upload(upload&& other) noexcept
  : room_(std::exchange(other.room_, nullptr))
  , bytes_(other.bytes_)
  , promised_(std::exchange(other.promised_, 0))
  , looked_at_(other.looked_at_) {}

disk_room::upload::~upload() {
  if (room_ == nullptr) return;
  const std::lock_guard lock{room_->mutex_};
  promise(0);
}

void disk_room::upload::promise(uint64_t bytes) {
  room_->promised_ = room_->promised_ - promised_ + bytes;
  promised_ = bytes;
}

result<void> disk_room::upload::grew(uint64_t received) {
  if (received - looked_at_ < look_every_bytes) return {};
  const std::lock_guard lock{room_->mutex_};
  promise(bytes_ ? *bytes_ - std::min(received, *bytes_) : 0);
  room_->look_here();
  if (!room_->budget_.upload_may_go_on()) return tl::unexpected{room_->refusal(bytes_)};
  looked_at_ = received;
  return {};
}

error disk_room::upload::refusal() const {
  const std::lock_guard lock{room_->mutex_};
  room_->look_here();
  return room_->refusal(bytes_);
}

} // namespace perennial::actors
