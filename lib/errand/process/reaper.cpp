// SPDX-License-Identifier: Apache-2.0
#include "errand/process/reaper.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <asio/signal_set.hpp>
#include <cerrno>
#include <climits>
#include <utility>

#include "errand/concurrency/event.h"
#include "errand/process/process_tree.h"
#include "errand/process/suspension.h"

namespace errand {
namespace {

constexpr Duration kStraysTime = std::chrono::seconds(2);

// The rest is for reports, output that goes to files, and looking around in /proc.
int descriptors_for_tasks() {
  constexpr rlim_t kReserve = 16;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return INT_MAX;
  return static_cast<int>(
      std::min<rlim_t>(limit.rlim_cur - std::min(kReserve, limit.rlim_cur / 4), INT_MAX));
}

void unblock(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

// 0: there are such children; `info` names one that has ended, if any.
int find_dead_child(idtype_t type, id_t id, siginfo_t& info) {
  int rc = 0;
  do {
    rc = ::waitid(type, id, &info, WEXITED | WNOHANG | WNOWAIT);
  } while (rc != 0 && errno == EINTR);
  return rc;
}

}  // namespace

// Shared with the handler that waits for the next signal, which may come after the reaper's end.
struct Reaper::Signals {
  explicit Signals(const asio::any_io_executor& executor) : set(executor, SIGCHLD) {}
  asio::signal_set set;
  Reaper* reaper = nullptr;
};

Reaper::Reaper(Runtime& runtime)
    : runtime_(runtime),
      spawn_queue_(runtime),
      descriptors_max_(descriptors_for_tasks()),
      read_buffer_(std::make_unique_for_overwrite<char[]>(kReadBufferBytes)),
      signals_(std::make_shared<Signals>(runtime.executor())) {
  ::prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper_);
  adopts_orphans_ = ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
  // Nobody's blocking call is to fail because a child ended. Stopped children tell, too, for
  // suspend().
  struct sigaction action{};
  ::sigaction(SIGCHLD, nullptr, &action);
  action.sa_flags |= SA_RESTART;
  ::sigaction(SIGCHLD, &action, nullptr);
  unblock(SIGCHLD);  // whoever started us may have left it blocked: no end would ever be told
  signals_->reaper = this;
  wait_for_signal();
}

Reaper::~Reaper() {
  signals_->reaper = nullptr;
  signals_->set.cancel();
  ::prctl(PR_SET_CHILD_SUBREAPER, was_subreaper_);
}

bool Reaper::has_handles() { return process_handle(::getpid()).get() >= 0; }

void Reaper::wait_for_signal() {
  signals_->set.async_wait([signals = signals_](const std::error_code& error, int) {
    if (error || !signals->reaper) return;
    signals->reaper->wait_for_signal();
    signals->reaper->reap();
  });
}

Result<pid_t> Reaper::start(SpawnRequest request, Watch& watch) {
  if (guardian_) request.id = guardian_->reserve_entry();
  Result<pid_t> pid = spawner_.spawn(request);
  if (pid) started_.emplace(*pid, &watch);
  if (pid && guardian_) guardian_->add_group(*pid);
  return pid;
}

void Reaper::watch_group(pid_t pgid, Watch& watch) {
  watched_groups_.insert_or_assign(pgid, &watch);
}

void Reaper::watch_process(pid_t pid, Watch& watch) {
  watched_processes_.insert_or_assign(pid, &watch);
}

void Reaper::abandon(pid_t pid) { started_.erase(pid); }

bool Reaper::group_exists(pid_t pgid) {
  siginfo_t info{};
  return find_dead_child(P_PGID, static_cast<id_t>(pgid), info) == 0;
}

void Reaper::reap() {
  while (reap_one() > 0) {
  }
  if (after_reaping_) after_reaping_();
  notify_stops();
  if (!suspension_) notify_terminal_wanted();
  if (suspension_) suspension_->check_stopped();
}

pid_t Reaper::reap_one() {
  int status = 0;
  rusage usage{};
  pid_t pid = -1;
  pid_t group = 0;
  if (!watched_groups_.empty()) {  // then look at the group before it is gone
    siginfo_t info{};
    if (find_dead_child(P_ALL, 0, info) != 0 || info.si_pid == 0) return 0;
    group = ::getpgid(info.si_pid);
    pid = info.si_pid;
  }
  const pid_t wanted = pid;
  do {
    pid = ::wait4(wanted, &status, WNOHANG, &usage);
  } while (pid < 0 && errno == EINTR);
  if (pid > 0) reaped(pid, group, status, usage);
  return pid;
}

void Reaper::reaped(pid_t pid, pid_t group, int wait_status, const rusage& usage) {
  given_up_.erase(pid);
  if (const auto own = started_.find(pid); own != started_.end()) {
    Watch* const watch = own->second;
    started_.erase(own);
    if (suspension_) std::erase(suspension_->groups, pid);  // the id may be another's from now on
    watch->on_exit(wait_status, usage);
    return;
  }
  if (const auto watched_process = watched_processes_.find(pid);
      watched_process != watched_processes_.end()) {
    Watch* const watch = watched_process->second;
    watched_processes_.erase(watched_process);
    watch->on_relative_reaped();
  }
  if (const auto watched_group = watched_groups_.find(group);
      watched_group != watched_groups_.end()) {
    watched_group->second->on_relative_reaped();
  }
}

std::vector<pid_t> Reaper::children() const {
  std::vector<pid_t> found = children_of(::getpid());
  if (guardian_) std::erase(found, guardian_->pid());
  return found;
}

std::vector<pid_t> Reaper::strays() const {
  std::vector<pid_t> found = children();
  std::erase_if(found, [this](pid_t pid) { return started_.contains(pid); });
  const std::size_t own = found.size();
  for (std::size_t i = 0; i < own && found.size() < kProcessTreeMax; ++i) {
    const std::vector<pid_t> below = descendants_of(found[i]);
    found.insert(found.end(), below.begin(), below.end());
  }
  return found;
}

std::string Reaper::describe(pid_t pid) const { return errand::describe(pid, *masker_); }

// False when there is nobody left.
bool Reaper::kill_remaining(std::set<pid_t>& seen, std::vector<std::string>& killed) {
  siginfo_t info{};
  if (find_dead_child(P_ALL, 0, info) != 0) return false;
  bool dying = false;
  for (const pid_t pid : children()) {  // ours and not reaped: the ids are safe
    if (given_up_.contains(pid)) continue;
    const std::string description = seen.contains(pid) ? std::string() : describe(pid);
    if (::kill(pid, SIGKILL) != 0 && errno == EPERM) {
      given_up_.insert(pid);
      refused_.push_back(description);
      continue;
    }
    dying = true;
    if (seen.insert(pid).second) killed.push_back(description);
  }
  return dying || given_up_.empty();  // /proc does not tell of children everywhere
}

awaitable<std::vector<std::string>> Reaper::kill_strays() {
  std::vector<std::string> killed;
  std::set<pid_t> seen;
  Parking parking(runtime_);
  bool time_is_up = false;
  Timer timer(runtime_, [&] {
    time_is_up = true;
    parking.wake();
  });
  timer.set_after(kStraysTime);
  after_reaping_ = [&parking] { parking.wake(); };
  reap();
  while (!time_is_up && kill_remaining(seen, killed)) co_await parking.park();
  after_reaping_ = nullptr;
  co_return killed;
}

Result<int> Reaper::null_device() {
  if (!null_device_) null_device_ = UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_device_) return std::unexpected(Error::system("open '/dev/null'", errno));
  if (null_device_.get() < 3) {
    null_device_ = UniqueFd(::fcntl(null_device_.get(), F_DUPFD_CLOEXEC, 3));
  }
  return null_device_.get();
}

}  // namespace errand
