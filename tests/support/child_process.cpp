#include "tests/support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>

extern char** environ; // NOLINT: POSIX's

namespace perennial::test {

namespace {

/// Whoever tests a child with cpp-httplib's client writes to connections that the child may have
/// closed, where the kernel sends SIGPIPE.
[[maybe_unused]] const auto sigpipe_before = std::signal(SIGPIPE, SIG_IGN);

[[noreturn]] void give_up(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// An end of a child's stream: a file, or our pipe. `ours` is the end to read from, if any.
struct stream_ends {
  unique_fd childs;
  unique_fd ours;
};

stream_ends open_output(const std::filesystem::path& file) {
  if (!file.empty()) {
    unique_fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) give_up("cannot write " + file.string());
    return {std::move(fd), {}};
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) give_up("pipe");
  return {unique_fd(ends[1]), unique_fd(ends[0])};
}

/// "NAME=value" of all variables, ours before the inherited.
std::vector<std::string> environment(const std::map<std::string, std::string>& ours) {
  std::vector<std::string> out;
  for (const auto& [name, value] : ours) out.emplace_back(name).append("=").append(value);
  for (char** e = environ; *e != nullptr; ++e) {
    const std::string_view entry = *e;
    if (!ours.contains(std::string(entry.substr(0, entry.find('='))))) out.emplace_back(entry);
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& t : texts) out.push_back(t.data());
  out.push_back(nullptr);
  return out;
}

/// The child's side, between fork and exec: only calls that are safe there. Reports errno.
[[noreturn]] void become(const child_options& options, char** argv, char** envp, pid_t parent,
                         const int (&streams)[3], int report) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127); // it died before prctl
  for (int i = 0; i < 3; ++i) ::dup2(streams[i], i);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL); // what the test ignores is not to be inherited
  if (options.cwd.empty() || ::chdir(options.cwd.c_str()) == 0)
    ::execve(options.program.c_str(), argv, envp);
  const int problem = errno;
  [[maybe_unused]] const ssize_t n = ::write(report, &problem, sizeof problem);
  ::_exit(127);
}

int as_ms(std::chrono::steady_clock::time_point until) {
  const auto left = until - std::chrono::steady_clock::now();
  return static_cast<int>(
    std::max<int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(left).count()));
}

} // namespace

std::filesystem::path bin_dir() { return PERENNIAL_BIN_DIR; }

child_process::child_process(const child_options& options) {
  stream_ends out = open_output(options.stdout_file);
  stream_ends err = open_output(options.stderr_file);
  const std::string in_name =
    options.stdin_file.empty() ? "/dev/null" : options.stdin_file.string();
  const unique_fd in(::open(in_name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) give_up("cannot read " + in_name);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) give_up("pipe");
  const unique_fd report_in(report[0]);
  unique_fd report_out(report[1]);

  std::vector<std::string> args = options.args;
  args.insert(args.begin(), options.program.string());
  std::vector<std::string> env = environment(options.env);
  std::vector<char*> argv = pointers(args);
  std::vector<char*> envp = pointers(env);
  const pid_t self = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) give_up("fork");
  if (pid_ == 0)
    become(options, argv.data(), envp.data(), self, {in.get(), out.childs.get(), err.childs.get()},
           report_out.get());

  report_out.reset();
  int problem = 0;
  if (::read(report_in.get(), &problem, sizeof problem) == sizeof problem) {
    ::waitpid(pid_, nullptr, 0);
    errno = problem;
    give_up("cannot start " + options.program.string());
  }
  pidfd_ = unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  out_.pipe = std::move(out.ours);
  err_.pipe = std::move(err.ours);
  stop_ = unique_fd(::eventfd(0, EFD_CLOEXEC));
  drainer_ = std::thread([this] { drain(); });
}

child_process::~child_process() {
  kill(SIGKILL);
  wait();
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(stop_.get(), &one, sizeof one);
  if (drainer_.joinable()) drainer_.join();
}

/// Reads both streams until they are closed, or until the owner ends while a grandchild holds them.
void child_process::drain() {
  std::array<char, 65536> buffer;
  for (;;) {
    pollfd fds[3] = {
      {out_.pipe.get(), POLLIN, 0}, {err_.pipe.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (out_.pipe || err_.pipe) ::poll(fds, 3, -1);
    for (int i = 0; i < 2; ++i) {
      stream& s = i == 0 ? out_ : err_;
      if (!s.pipe || fds[i].revents == 0) continue;
      const ssize_t n = ::read(s.pipe.get(), buffer.data(), buffer.size());
      std::lock_guard lock(mutex_);
      if (n > 0)
        s.text.append(buffer.data(), static_cast<size_t>(n));
      else
        s.pipe.reset();
    }
    const bool stopped = fds[2].revents != 0;
    {
      std::lock_guard lock(mutex_);
      out_.closed = stopped || !out_.pipe;
      err_.closed = stopped || !err_.pipe;
      grew_.notify_all();
      if (out_.closed && err_.closed) return;
    }
  }
}

void child_process::kill(int signal) {
  if (!status_ && pidfd_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

bool child_process::running() { return !wait(std::chrono::milliseconds{0}); }

std::optional<exit_status> child_process::wait(std::chrono::milliseconds deadline) {
  if (status_) return status_;
  const auto until = std::chrono::steady_clock::now() + deadline;
  pollfd end{pidfd_.get(), POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&end, 1, as_ms(until));
  while (ready < 0 && errno == EINTR);
  if (ready <= 0) return std::nullopt;
  int raw = 0;
  ::waitpid(pid_, &raw, 0);
  status_ = WIFSIGNALED(raw) ? exit_status{0, WTERMSIG(raw)} : exit_status{WEXITSTATUS(raw), 0};
  // What it wrote last may still be in the pipes.
  std::unique_lock lock(mutex_);
  grew_.wait_for(lock, std::chrono::seconds{5}, [&] { return out_.closed && err_.closed; });
  return status_;
}

std::string child_process::output() {
  std::lock_guard lock(mutex_);
  return out_.text;
}

std::string child_process::errors() {
  std::lock_guard lock(mutex_);
  return err_.text;
}

bool child_process::wait_for(stream& s, std::string_view text, std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  const auto there = [&] { return s.text.find(text) != std::string::npos; };
  grew_.wait_for(lock, deadline, [&] { return s.closed || there(); });
  return there();
}

bool child_process::wait_for_output(std::string_view text, std::chrono::milliseconds deadline) {
  return wait_for(out_, text, deadline);
}

bool child_process::wait_for_errors(std::string_view text, std::chrono::milliseconds deadline) {
  return wait_for(err_, text, deadline);
}

} // namespace perennial::test
