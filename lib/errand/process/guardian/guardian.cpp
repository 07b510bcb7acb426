// SPDX-License-Identifier: Apache-2.0
#include "errand/process/guardian/guardian.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "errand/process/guardian/guardian_process.h"

namespace errand {

Result<std::unique_ptr<Guardian>> Guardian::start() {
  // Pages of it take memory once they are written.
  void* const memory = ::mmap(nullptr, sizeof(GuardedGroups), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return std::unexpected(Error::system("mmap", errno));
  // Not constructed: fresh pages are zero, which is what the constructor would write.
  auto& shared = *static_cast<GuardedGroups*>(memory);
  std::unique_ptr<Guardian> guardian(new Guardian(shared));
  const pid_t self = ::getpid();
  // A fork, because a guardian that shared our memory would be killed with us when memory runs out;
  // and without an exit signal, so that waiting for any child does not find it.
  const long pid = ::syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) detail::run_guardian(self, shared);
  if (pid < 0) return std::unexpected(Error::system("start a guardian", errno));
  guardian->pid_ = static_cast<pid_t>(pid);
  return guardian;
}

void Guardian::dismiss() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);  // its id stays its own until we have waited for it
}

void Guardian::end() {
  dismiss();
  if (pid_ > 0) {
    while (::waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) continue;
  }
  pid_ = 0;
}

Guardian::~Guardian() {
  end();
  ::munmap(&shared_, sizeof shared_);
}

void Guardian::set_mark(std::string_view entry) {
  const std::size_t size = std::min(entry.size(), GuardedGroups::kMarkBytesMax);
  std::memcpy(shared_.mark, entry.data(), size);
  shared_.mark_bytes.store(static_cast<std::uint32_t>(size), std::memory_order_release);
  wait_until_ready();
}

// Mostly it is ready long before, for it starts while we read the plan.
void Guardian::wait_until_ready() const {
  const timespec look_again{0, 100'000'000};  // whether somebody has killed it
  while (shared_.ready.load(std::memory_order_acquire) == 0 && alive()) {
    ::syscall(SYS_futex, &shared_.ready, FUTEX_WAIT, 0, &look_again, nullptr, 0);
  }
}

pid_t* Guardian::reserve_entry() {
  static_assert(sizeof(std::atomic<pid_t>) == sizeof(pid_t) &&
                std::atomic<pid_t>::is_always_lock_free);
  if (!reserved_entry_) {
    const std::uint32_t unused = shared_.used.load(std::memory_order_relaxed);
    if (!free_entries_.empty()) {
      reserved_entry_ = free_entries_.back();
      free_entries_.pop_back();
    } else if (unused < GuardedGroups::kGroupsMax) {
      reserved_entry_ = unused;
      shared_.used.store(unused + 1, std::memory_order_release);
    }
  }
  return reserved_entry_ ? reinterpret_cast<pid_t*>(&shared_.groups[*reserved_entry_]) : nullptr;
}

void Guardian::add_group(pid_t group) {
  if (!reserved_entry_) return;
  shared_.groups[*reserved_entry_].store(group, std::memory_order_release);
  entries_.insert_or_assign(group, *reserved_entry_);
  reserved_entry_.reset();
}

void Guardian::remove_group(pid_t group) {
  const auto found = entries_.find(group);
  if (found == entries_.end()) return;
  shared_.groups[found->second].store(0, std::memory_order_release);
  free_entries_.push_back(found->second);
  entries_.erase(found);
}

bool Guardian::alive() const {
  siginfo_t info{};
  const int flags = WEXITED | WNOHANG | WNOWAIT | __WALL;
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, flags) == 0 && info.si_pid == 0;
}

}  // namespace errand
