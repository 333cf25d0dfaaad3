// Starts a program, listens to what it says and makes sure that it is gone in the end.
//
// What the child writes is drained by a thread, so that it never blocks on a full pipe, and can be
// waited for. The kernel kills the child when the thread that started it ends, however that comes
// about: start children on a thread that outlives them. Functions throw where a test cannot go on.
#pragma once

#include "protocol/base/unique_fd.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace perennial::test {

/// The directory of the built programs.
std::filesystem::path bin_dir();

struct child_options {
  std::filesystem::path program = {};
  std::vector<std::string> args = {};
  std::map<std::string, std::string> env =
    {};                                   ///< beside the environment of the test, and before it
  std::filesystem::path cwd = {};         ///< empty: the test's
  std::filesystem::path stdin_file = {};  ///< empty: /dev/null
  std::filesystem::path stdout_file = {}; ///< written there instead of captured
  std::filesystem::path stderr_file = {};
};

/// How a child ended: by its own exit, or by a signal.
struct exit_status {
  int code = 0;   ///< meaningful where `signal` is 0
  int signal = 0; ///< 0: it exited

  bool ok() const { return code == 0 && signal == 0; }
  friend bool operator==(const exit_status&, const exit_status&) = default;
};

class child_process {
public:
  /// Long enough for anything that is not broken, under sanitizers and on a busy machine.
  static constexpr std::chrono::seconds patience{120};

  explicit child_process(const child_options& options);
  /// Kills it, if it runs, and waits for its end.
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  /// Sends a signal; does nothing once it has ended.
  void kill(int signal);

  /// Waits for its end; nothing if the deadline passes first.
  std::optional<exit_status> wait(std::chrono::milliseconds deadline = patience);

  /// What it wrote so far; after `wait`, all of it. Empty where a file was named.
  std::string output();
  std::string errors();

  /// Waits until its output (or its errors) contains `text`, it closes them, or the deadline
  /// passes; whether the text is there.
  bool wait_for_output(std::string_view text, std::chrono::milliseconds deadline = patience);
  bool wait_for_errors(std::string_view text, std::chrono::milliseconds deadline = patience);

private:
  /// One captured stream.
  struct stream {
    unique_fd pipe;
    std::string text;
    bool closed = false;
  };

  void drain();
  bool wait_for(stream& s, std::string_view text, std::chrono::milliseconds deadline);

  pid_t pid_ = -1;
  unique_fd pidfd_;
  std::optional<exit_status> status_;
  stream out_;
  stream err_;
  std::mutex mutex_; ///< of the streams' text and closed
  std::condition_variable grew_;
  unique_fd stop_; ///< closing it is not seen by poll: an eventfd that ends `drain`
  std::thread drainer_;
};

} // namespace perennial::test
