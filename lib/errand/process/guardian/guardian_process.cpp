// SPDX-License-Identifier: Apache-2.0
//
// The guardian's own program. It runs in a fork of one thread's program, so it may use all of it.
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "errand/process/guardian/guardian_process.h"
#include "errand/process/process_tree.h"

namespace errand::detail {
namespace {

using Time = std::chrono::steady_clock;
// Only the kernel can keep a process from dying; we do not try for ever.
constexpr std::chrono::seconds kKillTimeout{10};
constexpr std::chrono::milliseconds kPollInterval{50};
constexpr int kEmptyScans = 2;
constexpr int kDeathSignal = SIGUSR1;

void close_all_descriptors() {
  if (::syscall(SYS_close_range, 0U, ~0U, 0U) == 0) return;
  const long most = ::sysconf(_SC_OPEN_MAX);
  for (int fd = 0; fd < most; ++fd) ::close(fd);
}

// Overwrites our own arguments and environment, as /proc shows them: otherwise we would carry the
// mark of an errand around this one, whose guardian would kill us when we are needed, and be taken
// for the errand that we are not.
void set_process_title() {
  ::prctl(PR_SET_NAME, kGuardianName);
  constexpr int kFirstAfterState = 4;
  constexpr int kArgumentsBegin = 48;
  // Not on the heap, each page of which we would have to copy first.
  char buffer[4096];
  const UniqueFd file(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  const ssize_t bytes = file ? ::read(file.get(), buffer, sizeof buffer - 1) : 0;
  if (bytes <= 0) return;
  buffer[bytes] = '\0';
  const char* const name_end = std::strrchr(buffer, ')');
  if (!name_end || std::strlen(name_end) < 4) return;
  std::uintptr_t bounds[4] = {};  // of the arguments, of the environment
  const char* at = name_end + 3;
  for (int field = kFirstAfterState; field < kArgumentsBegin + 4; ++field) {
    char* end = nullptr;
    const std::uintptr_t value = std::strtoull(at, &end, 10);
    if (end == at) return;
    if (field >= kArgumentsBegin) bounds[field - kArgumentsBegin] = value;
    at = end;
  }
  const auto clear_memory = [](std::uintptr_t from, std::uintptr_t to) {
    if (from != 0 && from < to) std::memset(reinterpret_cast<void*>(from), 0, to - from);
  };
  clear_memory(bounds[0], bounds[1]);
  clear_memory(bounds[2], bounds[3]);
  const std::size_t space = bounds[1] - bounds[0];
  if (space > 1) std::strncpy(reinterpret_cast<char*>(bounds[0]), "guardian of a run", space - 1);
}

void wait_for_exit_of(pid_t guarded) {
  sigset_t death;
  ::sigemptyset(&death);
  ::sigaddset(&death, kDeathSignal);
  // Others may send the signal too; only our parent's death gives us another one.
  while (::getppid() == guarded) ::sigwaitinfo(&death, nullptr);
}

// Kills what belonged to the dead, again and again until nothing of it is left.
class OrphanKiller {
 public:
  explicit OrphanKiller(const GuardedGroups& shared)
      : mark_(shared.mark, shared.mark_bytes.load(std::memory_order_acquire)),
        death_ticks_(ticks_now()) {
    const std::uint32_t used = shared.used.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < used; ++i) {
      if (const pid_t group = shared.groups[i].load(std::memory_order_acquire))
        groups_.insert(group);
    }
  }

  void run() {
    const Time::time_point until = Time::now() + kKillTimeout;
    for (const pid_t group : groups_) kill_group(group);
    for (int empty_scans = 0; empty_scans < kEmptyScans && Time::now() < until;) {
      empty_scans = kill_found() ? 0 : empty_scans + 1;
    }
  }

 private:
  struct Found {
    pid_t pid;
    ProcessStat stat;
  };

  // An id is not given to others while a group bears it, so only a leader that is younger than the
  // death is somebody else.
  void kill_group(pid_t group) {
    const std::optional<ProcessStat> leader = process_stat(group);
    if (leader && leader->start_ticks > death_ticks_) return;
    ::kill(-group, SIGKILL);
  }

  bool belongs(pid_t pid, const ProcessStat& stat) const {
    if (groups_.contains(stat.group) && stat.start_ticks <= death_ticks_) return true;
    return !mark_.empty() && environment_has(pid, mark_);
  }

  std::vector<Found> scan() const {
    std::vector<Found> ours, others;
    for (const pid_t pid : all_processes()) {
      std::optional<ProcessStat> stat = process_stat(pid);
      if (!stat || stat->zombie || pid == ::getpid()) continue;
      (belongs(pid, *stat) ? ours : others).push_back({pid, std::move(*stat)});
    }
    std::unordered_multimap<pid_t, const Found*> by_parent;
    for (const Found& other : others) by_parent.emplace(other.stat.parent, &other);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const auto [first, last] = by_parent.equal_range(ours[i].pid);
      for (auto child = first; child != last; ++child) {
        // A guardian inside has its own to care for, and ends by itself.
        if (child->second->stat.name != kGuardianName) ours.push_back(*child->second);
      }
    }
    return ours;
  }

  // False when there was nobody.
  bool kill_found() {
    std::vector<UniqueFd> handles;
    std::vector<pollfd> dying;
    const std::vector<Found> found = scan();
    for (const Found& one : found) {
      UniqueFd handle = process_handle(one.pid);
      const std::optional<ProcessStat> now = process_stat(one.pid);
      if (!handle || !now || now->start_ticks != one.stat.start_ticks) continue;
      signal_process(handle, SIGKILL);
      dying.push_back({handle.get(), POLLIN, 0});
      handles.push_back(std::move(handle));
    }
    await_all(dying);
    return !found.empty();
  }

  static void await_all(std::vector<pollfd>& dying) {
    const Time::time_point until = Time::now() + kPollInterval;
    for (pollfd& one : dying) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Time::now());
      ::poll(&one, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    }
  }

  const std::string mark_;
  const std::uint64_t death_ticks_;
  std::set<pid_t> groups_;
};

}  // namespace

void run_guardian(pid_t guarded, GuardedGroups& shared) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  // Ctrl-C and Ctrl-Z in the terminal are not for it. Not a session: with the kernel's autogroups
  // that can take milliseconds.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, kDeathSignal);
  close_all_descriptors();
  if (::chdir("/") != 0) ::_exit(1);  // a guardian of a folder would keep it from being unmounted
  set_process_title();
  shared.ready.store(1, std::memory_order_release);
  ::syscall(SYS_futex, &shared.ready, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  wait_for_exit_of(guarded);
  OrphanKiller(shared).run();
  ::_exit(0);
}

}  // namespace errand::detail
