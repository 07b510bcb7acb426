// SPDX-License-Identifier: Apache-2.0
#include "support/cli.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "support/watchdog.h"

namespace errand::test {
namespace {

// Longer than kErrandTimeout, which ends one errand with a message of its own.
const TestLimit kLimit{std::chrono::seconds(60)};

void require(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

std::pair<UniqueFd, UniqueFd> make_pipe() {
  std::array<int, 2> ends{};
  require(::pipe2(ends.data(), O_CLOEXEC) == 0, "pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Bytes arrive as they were written; Ctrl-C still works.
std::pair<UniqueFd, UniqueFd> make_terminal() {
  int master = -1;
  int slave = -1;
  termios settings{};
  ::cfmakeraw(&settings);
  settings.c_lflag |= ISIG;
  settings.c_cflag |= CS8 | CREAD;
  settings.c_cc[VINTR] = 3;
  settings.c_cc[VSUSP] = 26;
  settings.c_cc[VMIN] = 1;
  winsize size{24, 80, 0, 0};
  require(::openpty(&master, &slave, nullptr, &settings, &size) == 0, "openpty");
  ::fcntl(master, F_SETFD, FD_CLOEXEC);
  ::fcntl(slave, F_SETFD, FD_CLOEXEC);
  return {UniqueFd(master), UniqueFd(slave)};
}

void make_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

// Processes that outlive their errand become children of this one.
std::vector<pid_t> children() {
  std::ifstream file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  return {std::istream_iterator<pid_t>(file), {}};
}

std::string describe(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(stat, line);
  return line;
}

std::string shown(std::string_view text) {
  constexpr std::size_t kBytesMax = 1200;
  if (text.size() <= kBytesMax) return std::string(text);
  return std::string(text.substr(0, kBytesMax / 2)) + "\n[...]\n" +
         std::string(text.substr(text.size() - kBytesMax / 2));
}

}  // namespace

std::string Ended::how() const {
  return signal != 0 ? "signal " + std::to_string(signal) : "exit " + std::to_string(code);
}

// ---- Errand

Errand::Errand(CliTest& test, const Call& call)
    : test_(test),
      deadline_(std::chrono::steady_clock::now() + kErrandTimeout),
      reads_out_(call.reads_out) {
  start(call);
}

Errand::~Errand() {
  if (reaped_) return;
  for (std::vector<pid_t> left; !(left = children()).empty();) {
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    ::waitpid(left.front(), nullptr, 0);
  }
}

void Errand::start(const Call& call) {
  UniqueFd in, out, err;
  if (call.streams == Streams::terminal) {
    std::tie(out_fd_, out) = make_terminal();
    in.reset(::dup(out.get()));
    err.reset(::dup(out.get()));
  } else {
    std::tie(out_fd_, out) = make_pipe();
    if (call.streams == Streams::apart)
      std::tie(err_fd_, err) = make_pipe();
    else
      err.reset(::dup(out.get()));
    if (call.input || call.input_stays_open)
      std::tie(in, in_fd_) = make_pipe();
    else
      in.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  if (!call.out_file.empty())
    out.reset(::open(call.out_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  pid_ = ::fork();
  require(pid_ >= 0, "fork");
  if (pid_ == 0) become(call, in.get(), out.get(), err.get());
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  require(bool(pidfd_), "pidfd_open");
  for (const UniqueFd* fd : {&out_fd_, &err_fd_}) {
    if (*fd) make_nonblocking(fd->get());
  }
  in.reset();
  if (call.input) send(*call.input);
  if (!call.input_stays_open && call.streams != Streams::terminal) close_input();
}

void Errand::become(const Call& call, int in, int out, int err) const {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_DFL);
  if (call.streams == Streams::terminal) {
    ::setsid();
    ::ioctl(out, TIOCSCTTY, 0);
  } else {
    ::setpgid(0, 0);
  }
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  for (const int fd : call.closed) ::close(fd);
  if (::chdir((test_ / call.folder).c_str()) != 0) ::_exit(90);
  std::vector<std::string> words = call.prefix;
  const char* const other = std::getenv("ERRAND_UNDER_TEST");
  words.emplace_back(other ? other : ERRAND_BINARY);
  words.insert(words.end(), call.args.begin(), call.args.end());
  std::vector<std::string> env = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                                  "HOME=" + test_.path(),
                                  "LANG=C.UTF-8",
                                  "TMPDIR=" + test_.path(),
                                  "MARKS=" + (test_ / "marks.fifo"),
                                  "HELD=" + (test_ / "held.fifo"),
                                  "AWAIT_SIGNAL=while :; do sleep 0.1 || :; done"};
  for (const char* passed :
       {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"}) {
    if (const char* value = std::getenv(passed)) env.push_back(std::string(passed) + "=" + value);
  }
  for (const std::string& entry : call.env) {
    const std::string name = entry.substr(0, entry.find('=') + 1);
    std::erase_if(env, [&](const std::string& other) { return other.starts_with(name); });
    env.push_back(entry);
  }
  std::vector<char*> argv, environment;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& entry : env) environment.push_back(entry.data());
  argv.push_back(nullptr);
  environment.push_back(nullptr);
  ::execvpe(argv[0], argv.data(), environment.data());
  ::_exit(91);
}

void Errand::signal(int number) const { require(::kill(pid_, number) == 0, "kill"); }

void Errand::type(std::string_view keys) {
  require(::write(out_fd_.get(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()),
          "type");
}

void Errand::resize(unsigned short columns) {
  const winsize size{24, columns, 0, 0};
  require(::ioctl(out_fd_.get(), TIOCSWINSZ, &size) == 0, "resize");
}

// For input of more than a pipe holds errand has to read: it is written while the output is read.
void Errand::send(std::string_view input) {
  make_nonblocking(in_fd_.get());
  while (!input.empty()) {
    const ssize_t size = ::write(in_fd_.get(), input.data(), input.size());
    if (size > 0) {
      input.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EPIPE) {
      return;
    } else {
      bool writable = false;
      pump("errand to read its input", [&] {
        pollfd poll{in_fd_.get(), POLLOUT, 0};
        writable = ::poll(&poll, 1, 10) > 0;
        return writable || ended_;
      });
      if (!writable) return;
    }
  }
}

void Errand::close_input() { in_fd_.reset(); }
void Errand::close_out() { out_fd_.reset(); }
void Errand::hang_up() { out_fd_.reset(); }

void Errand::read_from(UniqueFd& fd, std::string& into) {
  static std::array<char, 65536> buffer;
  const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
  if (size > 0)
    into.append(buffer.data(), static_cast<std::size_t>(size));
  else if (size == 0 || errno == EIO)
    fd.reset();  // EIO: a terminal that nobody has open
}

template <class Enough>
void Errand::pump(const char* what, Enough enough) {
  while (!enough()) {
    const auto left = deadline_ - std::chrono::steady_clock::now();
    const auto left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
    if (left_ms <= 0) give_up(std::string("waited too long for ") + what);
    if (ended_) give_up(std::string("errand ended before ") + what);
    std::array<pollfd, 4> polls = {{{reads_out_ && out_fd_ ? out_fd_.get() : -1, POLLIN, 0},
                                    {err_fd_ ? err_fd_.get() : -1, POLLIN, 0},
                                    {pidfd_.get(), POLLIN, 0},
                                    {test_.marks_fd_.get(), POLLIN, 0}}};
    ::poll(polls.data(), polls.size(), static_cast<int>(std::min<long>(left_ms, 1000)));
    if (polls[0].revents != 0) read_from(out_fd_, out_);
    if (polls[1].revents != 0) read_from(err_fd_, err_);
    if (polls[3].revents != 0) test_.read_marks();
    ended_ = polls[2].revents != 0;
  }
}

std::string Errand::mark() {
  std::optional<std::string> line;
  pump("a mark", [&] { return (line = test_.take_mark()).has_value(); });
  return *line;
}

void Errand::await_mark(std::string_view expected) {
  const std::string line = mark();
  if (line != expected) give_up("mark '" + line + "' instead of '" + std::string(expected) + "'");
}

void Errand::await_output(std::string_view text) {
  pump("output", [&] { return contains(out_, text) || contains(err_, text); });
}

Ended Errand::reap() {
  reads_out_ = true;
  pump("its end", [this] { return ended_; });
  // All it wrote is in the pipes now.
  const auto drain = [this](UniqueFd& fd, std::string& into) {
    for (std::size_t before = into.size() + 1; fd && before != into.size();) {
      before = into.size();
      read_from(fd, into);
    }
  };
  drain(out_fd_, out_);
  drain(err_fd_, err_);
  int status = 0;
  rusage usage{};
  require(::wait4(pid_, &status, 0, &usage) == pid_, "wait4");
  reaped_ = true;
  Ended end;
  end.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  end.out = out_;
  end.err = err_;
  end.peak_kib = usage.ru_maxrss;
  test_.remember("errand ended with " + end.how() + "\nout: " + shown(out_) +
                 "\nerr: " + shown(err_));
  return end;
}

Ended Errand::finish() {
  Ended end = reap();
  for (const pid_t survivor : children()) FAIL_CHECK("left behind: " << describe(survivor));
  const bool output_held = out_fd_ || err_fd_;
  CHECK_FALSE(output_held);
  return end;
}

Ended Errand::finish_unread() {
  pump("its end", [this] { return ended_; });
  return finish();
}

Ended Errand::finish_killed() {
  Ended end = reap();
  while (::waitpid(-1, nullptr, 0) > 0)
    continue;  // the limit of the test program is the limit here
  return end;
}

void Errand::give_up(const std::string& why) {
  test_.remember(why + "\nout: " + shown(out_) + "\nerr: " + shown(err_));
  FAIL(why);
  throw std::logic_error(why);
}

// ---- CliTest

CliTest::CliTest() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::signal(SIGPIPE, SIG_IGN);
  require(::mkfifo((*this / "marks.fifo").c_str(), 0666) == 0, "mkfifo");
  require(::mkfifo((*this / "held.fifo").c_str(), 0666) == 0, "mkfifo");
  marks_fd_.reset(::open((*this / "marks.fifo").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  held_fd_.reset(::open((*this / "held.fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

CliTest::~CliTest() = default;

Ended CliTest::run(const Call& call) { return start(call)->finish(); }

Ended CliTest::run_yaml(std::string_view yaml, std::vector<std::string> options) {
  return start_yaml(yaml, std::move(options))->finish();
}

std::unique_ptr<Errand> CliTest::start_yaml(std::string_view yaml,
                                            std::vector<std::string> options) {
  write("errand.yaml", yaml);
  options.insert(options.begin(), "run");
  return start(Call{std::move(options)});
}

bool CliTest::held() const {
  char byte = 0;
  return ::read(held_fd_.get(), &byte, 1) != 0;
}

void CliTest::make_gate(std::string_view name) {
  require(::mkfifo((*this / name).c_str(), 0666) == 0, "mkfifo");
  gates_.emplace(name, UniqueFd(::open((*this / name).c_str(), O_RDWR | O_CLOEXEC)));
}

void CliTest::open_gate(std::string_view name) {
  require(::write(gates_.find(name)->second.get(), "\n", 1) == 1, "gate");
}

void CliTest::read_marks() {
  std::array<char, 4096> buffer{};
  ssize_t size = 0;
  while ((size = ::read(marks_fd_.get(), buffer.data(), buffer.size())) > 0) {
    marks_.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

std::optional<std::string> CliTest::take_mark() {
  const std::size_t end = marks_.find('\n');
  if (end == std::string::npos) return {};
  std::string line = marks_.substr(0, end);
  marks_.erase(0, end + 1);
  return line;
}

std::vector<std::string> CliTest::marks() {
  read_marks();
  std::vector<std::string> all;
  while (auto line = take_mark()) all.push_back(*line);
  return all;
}

void CliTest::remember(const std::string& text) {
  messages_.clear();
  messages_.push_back(std::make_unique<Catch::ScopedMessage>(
      Catch::MessageBuilder("INFO", CATCH_INTERNAL_LINEINFO, Catch::ResultWas::Info) << text));
}

}  // namespace errand::test
