// The whole service in one object: opens the data directory, spawns the tree, ends it in order.
// `run` and `serve` both stand on it; so do the integration tests.
//
// An actor that dies unasked is told of by `failure`: then the owner stops this service and starts
// another one on the same directory.
//
//   start:  lock, store, in-flight file → store actor → memory, disk → dispatcher → supervisors, go
//
//   stop:   no new calls → calls in flight end, or are aborted at the deadline → results on disk
//           → dispatcher → supervisors → memory → disk → store actor → database
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/disk_room.hpp"
#include "actors/service/config.hpp"
#include "actors/service/file_expiry.hpp"
#include "actors/service/reload_plan.hpp"
#include "actors/service/root_actor.hpp"
#include "actors/work/call_key.hpp"
#include "protocol/provider/connection.hpp"
#include "storage/inflight.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace perennial::actors {

class service {
public:
  /// errc::conflict where another process has the data directory; errc::invalid_input for what is
  /// wrong in the configuration (a variable that is not set, a URL that is none).
  /// errc::no_space where the disk has no room for what a start must make. `open` is for tests.
  using store_opener =
    std::function<result<std::unique_ptr<storage::store>>(const storage::open_options&)>;
  static result<std::unique_ptr<service>> start(service_config config,
                                                const store_opener& open = storage::open_store);

  /// Stops at once where `stop` was not called.
  ~service();
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  /// Ends the service. Waits for calls in flight until `deadline`, then aborts them: their lines
  /// run again after the next start. Idempotent.
  void stop(std::chrono::milliseconds deadline);
  /// After `stop`: whether all of its threads have ended, or do within `patience`. One whose call
  /// does not come back, not even after an abort, has not, and the destructor waits for it.
  bool threads_ended(std::chrono::milliseconds patience);
  /// From a signal handler's thread: a `stop` that waits for calls waits no longer.
  void hurry() { hurry_ = true; }

  /// Which of the actors died, in words; nothing while all live. Any thread.
  std::optional<std::string> failure() const;
  /// Reads this provider's key files again; a key that has changed is used from here on, and no
  /// longer parked. errc::invalid_input: a file is wrong; then all stays as it was.
  result<void> reload_keys(uint32_t provider);

  /// Takes over the limits of `fresh` and reads all key files again; what else differs is logged,
  /// since it needs a restart. errc::invalid_input: what could not be taken over of a provider.
  result<void> reload(const service_config& fresh);

  const service_config& config() const { return config_; }
  storage::store& db() { return *db_; }
  caf::actor_system& system() { return system_; }
  const dispatcher_actor& dispatcher() const { return dispatcher_; }
  const store_actor& writer() const { return writer_; }
  const memory_actor& memory() const { return memory_; }
  disk_room& disk() const { return *disk_; }
  const disk_actor& disk_watch() const { return disk_watch_; }
  const expiry_actor& expiry() const { return expiry_; }
  const std::vector<supervisor_actor>& supervisors() const { return supervisors_; }

private:
  explicit service(service_config config);
  void spawn(std::vector<std::shared_ptr<const provider_client>> clients,
             std::vector<std::vector<provider_key>> keys);
  void watch();

  struct system_config : caf::actor_system_config {
    system_config();
  };

  service_config config_;
  system_config system_config_;
  std::shared_ptr<storage::store> db_;
  std::shared_ptr<storage::inflight> calls_out_;
  std::shared_ptr<disk_room> disk_;
  caf::actor_system system_;
  store_actor writer_;
  memory_actor memory_;
  disk_actor disk_watch_;
  dispatcher_actor dispatcher_;
  expiry_actor expiry_;
  std::vector<supervisor_actor> supervisors_;
  root_actor root_;
  mutable std::mutex failure_mutex_;
  std::optional<std::string> failure_;
  std::mutex reloading_;
  std::vector<provider_limits> limits_; ///< In force, by provider; guarded by `reloading_`.
  std::atomic<bool> hurry_{false};
  bool stopped_ = false;
};

} // namespace perennial::actors
