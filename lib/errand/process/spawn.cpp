// SPDX-License-Identifier: Apache-2.0
#include "errand/process/spawn.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

// The child runs in our memory beside us: no instrumentation, no stack protector, no errno.
#if defined(__clang__)
#define ERRAND_CHILD                                                              \
  __attribute__((noinline, disable_sanitizer_instrumentation, no_stack_protector, \
                 no_sanitize("all")))
#else
#define ERRAND_CHILD                                       \
  __attribute__((noinline, optimize("no-stack-protector"), \
                 no_sanitize("address", "thread", "undefined")))
#endif
#define ERRAND_CHILD_INLINE inline __attribute__((always_inline))

namespace errand {

struct alignas(64) Spawner::Slot {
  std::atomic<std::int32_t> busy{
      0};  // 1: a child runs here; the kernel clears it at execve or exit
  SpawnRequest request;
  pid_t parent = 0;
  pid_t child = 0;
  bool reset_handlers = false;
  int share_below =
      0;  // the child shares our table and is to copy what is below; 0: it has its own
  Stack* stack = nullptr;
};

namespace {

// Returns -errno. The child must not touch errno: it is ours.
#if defined(__x86_64__)
ERRAND_CHILD_INLINE long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  long result = 0;
  register long r10 asm("r10") = d;
  asm volatile("syscall"
               : "=a"(result)
               : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
               : "rcx", "r11", "memory");
  return result;
}

// clone3 for a child with a stack of its own: it calls run(argument) and never returns.
ERRAND_CHILD long clone3_call(clone_args& arguments, void (*run)(void*), void* argument) {
  long result = 0;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %[argument], %%rdi\n\t"
      "call *%[run]\n\t"
      "ud2\n"
      "1:"
      : "=a"(result)
      : "0"(static_cast<long>(SYS_clone3)), "D"(&arguments),
        "S"(sizeof arguments), [run] "r"(run), [argument] "r"(argument)
      : "rcx", "r11", "memory");
  return result;
}
#else
// Elsewhere the child is a vfork child (see start()), and sharing errno does no harm.
ERRAND_CHILD_INLINE long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  const long result = ::syscall(number, a, b, c, d);
  return result == -1 ? -errno : result;
}
#endif

ERRAND_CHILD_INLINE long address(const void* pointer) { return reinterpret_cast<long>(pointer); }

[[noreturn]] ERRAND_CHILD_INLINE void give_up(SpawnFailure& failure, SpawnFailure::Step step,
                                              long number) {
  failure.step = step;
  failure.number = static_cast<int>(-number);
  for (;;) raw(SYS_exit_group, 127);
}

struct KernelSigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask;
};

ERRAND_CHILD_INLINE void set_default(int signal) {
  const KernelSigaction action{SIG_DFL, 0, nullptr, 0};
  raw(SYS_rt_sigaction, signal, address(&action), 0, sizeof action.mask);
}

// What clone3's CLONE_CLEAR_SIGHAND does: what is ignored stays ignored.
ERRAND_CHILD_INLINE void set_caught_to_default() {
  for (int signal = 1; signal <= 64; ++signal) {
    KernelSigaction action{};
    raw(SYS_rt_sigaction, signal, 0, address(&action), sizeof action.mask);
    if (action.handler != SIG_DFL && action.handler != SIG_IGN) set_default(signal);
  }
}

ERRAND_CHILD_INLINE void set_descriptors(const SpawnRequest& request) {
  for (int fd = 0; fd < 5; ++fd) {
    const int source = request.descriptors[fd];
    if (source < 0) continue;
    const long rc = raw(SYS_dup3, source, fd, 0);
    if (rc < 0) give_up(*request.failure, SpawnFailure::Step::setup, rc);
  }
  // Ours are CLOEXEC already; this is for what we were born with. Kernels before 5.11 do without.
  raw(SYS_close_range, request.descriptors[3] < 0 ? 3 : 5, ~0U, CLOSE_RANGE_CLOEXEC);
}

// Every signal is blocked meanwhile: a group in the background that asks for the foreground would
// be stopped by SIGTTOU. The mask is emptied before execve.
ERRAND_CHILD_INLINE void take_foreground(const SpawnRequest& request) {
  const unsigned long all = ~0UL;
  raw(SYS_rt_sigprocmask, SIG_SETMASK, address(&all), 0, sizeof all);
  const int group = static_cast<int>(raw(SYS_getpid));
  const long rc = raw(SYS_ioctl, request.extras->foreground_of, TIOCSPGRP, address(&group));
  if (rc < 0) give_up(*request.failure, SpawnFailure::Step::foreground, rc);
}

ERRAND_CHILD_INLINE void set_limits(const SpawnRequest& request) {
  using Step = SpawnFailure::Step;
  const SpawnExtras& extras = *request.extras;
  if (extras.has_nice) {
    const long rc = raw(SYS_setpriority, PRIO_PROCESS, 0, extras.nice);
    if (rc < 0) give_up(*request.failure, Step::nice, rc);
  }
  for (std::size_t i = 0; i < extras.limit_count; ++i) {
    const SpawnExtras::Limit& limit = extras.limits[i];
    const std::uint64_t values[2] = {limit.soft, limit.hard};
    const long rc = raw(SYS_prlimit64, 0, limit.resource, address(values), 0);
    request.failure->resource = limit.resource;
    if (rc < 0) give_up(*request.failure, Step::limit, rc);
  }
}

}  // namespace

ERRAND_CHILD static void run_child(const SpawnRequest& request, pid_t parent, bool reset_handlers,
                                   int share_below) {
  using Step = SpawnFailure::Step;
  SpawnFailure& failure = *request.failure;
  long rc = 0;
  if (share_below > 0) {  // before anything else touches the table: it is still the parent's
    rc = raw(SYS_close_range, share_below, ~0U, CLOSE_RANGE_UNSHARE);
    if (rc < 0) give_up(failure, Step::setup, rc);
  }
  if (reset_handlers) set_caught_to_default();
  set_default(
      SIGPIPE);  // programs that ignore it for themselves must not make their children do so
  const bool own_terminal = request.extras && request.extras->own_terminal;
  rc = own_terminal ? raw(SYS_setsid) : raw(SYS_setpgid, 0, 0);
  if (rc < 0) give_up(failure, Step::setup, rc);
  raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (raw(SYS_getppid) != parent)
    give_up(failure, Step::setup, -ESRCH);  // it died before the line above
  if (request.extras && request.extras->foreground_of >= 0) take_foreground(request);
  set_descriptors(request);
  if (own_terminal) {
    rc = raw(SYS_ioctl, 1, TIOCSCTTY, 0);
    if (rc < 0) give_up(failure, Step::terminal, rc);
  }
  if (request.dir) {
    rc = raw(SYS_chdir, address(request.dir));
    if (rc < 0) give_up(failure, Step::chdir, rc);
  }
  if (request.extras) set_limits(request);
  const unsigned long none = 0;
  raw(SYS_rt_sigprocmask, SIG_SETMASK, address(&none), 0, sizeof none);
  rc = raw(SYS_execve, address(request.path), address(request.argv), address(request.envp));
  give_up(failure, Step::exec, rc);
}

// The stacks are left as they are, and apart from what is written: each page of them that is
// touched costs a page fault.
Spawner::Spawner()
    : stacks_(std::make_unique_for_overwrite<std::array<Stack, kSlots>>()),
      slots_(std::make_unique<std::array<Slot, kSlots>>()),
      self_(::getpid()) {
  for (std::size_t i = 0; i < kSlots; ++i) (*slots_)[i].stack = &(*stacks_)[i];
#if defined(__x86_64__)
  null_device_ = UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  can_share_table_ = ::syscall(SYS_close_range, ~0U, ~0U, 0) == 0;
  for (UniqueFd& low : low_) {
    low = UniqueFd(::fcntl(null_device_.get(), F_DUPFD_CLOEXEC, 5));
    can_share_table_ = can_share_table_ && low;
  }
#endif
}

Spawner::~Spawner() {
  for (std::size_t i = 0; i < kSlots; ++i) free_slot();
}

Spawner::Slot& Spawner::free_slot() {
  Slot& slot = (*slots_)[next_++ % kSlots];
  while (slot.busy.load(std::memory_order_acquire) != 0) {
    ::syscall(SYS_futex, &slot.busy, FUTEX_WAIT, 1, nullptr, nullptr, 0);
  }
  return slot;
}

ERRAND_CHILD void Spawner::run(void* slot) {
  const Slot& own = *static_cast<const Slot*>(slot);
  run_child(own.request, own.parent, own.reset_handlers, own.share_below);
}

ERRAND_CHILD int Spawner::run_vforked(void* slot) {
  run(slot);
  return 0;
}

long Spawner::start(Slot& slot) {
#if defined(__x86_64__)
  if (has_clone3_) {
    clone_args arguments{};
    arguments.flags = CLONE_VM | CLONE_CHILD_CLEARTID | CLONE_CLEAR_SIGHAND;
    if (slot.share_below > 0) arguments.flags |= CLONE_FILES | CLONE_VFORK;
    arguments.child_tid = reinterpret_cast<std::uintptr_t>(&slot.busy);
    if (slot.request.id) {
      arguments.flags |= CLONE_PARENT_SETTID;
      arguments.parent_tid = reinterpret_cast<std::uintptr_t>(slot.request.id);
    }
    arguments.exit_signal = SIGCHLD;
    arguments.stack = reinterpret_cast<std::uintptr_t>(slot.stack->data());
    arguments.stack_size = kStackBytes;
    slot.reset_handlers = false;
    slot.busy.store(1, std::memory_order_relaxed);
    const long rc = clone3_call(arguments, run, &slot);
    if (rc > 0) return rc;
    slot.busy.store(0, std::memory_order_relaxed);
    if (rc != -ENOSYS && rc != -EPERM && rc != -EINVAL) return rc;
    has_clone3_ = false;  // an old kernel, or a container's filter
  }
#endif
  // vfork's way: we wait for the child's execve. Signals are blocked, because our handlers are the
  // child's until it has reset them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  slot.reset_handlers = true;
  slot.share_below = 0;
  const int set_parent_tid = slot.request.id ? CLONE_PARENT_SETTID : 0;
  const long pid =
      ::clone(run_vforked, slot.stack->data() + kStackBytes,
              CLONE_VM | CLONE_VFORK | set_parent_tid | SIGCHLD, &slot, slot.request.id);
  const long result = pid < 0 ? -errno : pid;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

void Spawner::lower(SpawnRequest& request) const {
  for (int i = 0; i < 5; ++i) {
    if (request.descriptors[i] < 0) continue;
    ::dup3(request.descriptors[i], low_[i].get(), O_CLOEXEC);
    request.descriptors[i] = low_[i].get();
  }
}

// A pipe's write end that we went on holding would keep its reader from ever seeing the end.
void Spawner::release_low(const SpawnRequest& request) const {
  for (int i = 0; i < 5; ++i) {
    if (request.descriptors[i] >= 0) ::dup3(null_device_.get(), low_[i].get(), O_CLOEXEC);
  }
}

int Spawner::highest_low() const {
  return std::ranges::max_element(low_, {}, &UniqueFd::get)->get();
}

Result<pid_t> Spawner::spawn(const SpawnRequest& request) {
  Slot& slot = free_slot();
  slot.request = request;
  slot.parent = self_;
  // Whoever is to have the foreground needs our terminal's descriptor too.
  const bool lowered = !request.extras || request.extras->foreground_of < 0;
  const int highest = *std::ranges::max_element(request.descriptors);
  const bool share = can_share_table_ && has_clone3_ && lowered && highest > kManyDescriptors;
  slot.share_below = share ? highest_low() + 1 : 0;
  if (share) lower(slot.request);
  const long rc = start(slot);
  if (share) release_low(request);
  if (rc < 0) return std::unexpected(Error::system("clone", static_cast<int>(-rc)));
  slot.child = static_cast<pid_t>(rc);
  return slot.child;
}

bool Spawner::program_runs(pid_t child) const {
  return std::ranges::none_of(*slots_, [child](const Slot& slot) {
    return slot.child == child && slot.busy.load(std::memory_order_acquire) != 0;
  });
}

}  // namespace errand
