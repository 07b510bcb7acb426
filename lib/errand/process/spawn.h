// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "errand/base/result.h"
#include "errand/io/unique_fd.h"

namespace errand {

// What the child could not do before it became its program.
struct SpawnFailure {
  enum class Step : std::uint8_t { none, setup, terminal, foreground, nice, limit, chdir, exec };
  Step step = Step::none;
  int number = 0;    // errno
  int resource = 0;  // of a limit
};

// What only few children want; each costs them a system call.
struct SpawnExtras {
  struct Limit {
    int resource = 0;
    std::uint64_t soft = 0, hard = 0;  // as prlimit64(2) reads them
  };
  bool own_terminal = false;  // what is to be its 1 is to control a session of its own
  int foreground_of = -1;     // our descriptor of the terminal whose foreground group it is to be
  bool has_nice = false;
  int nice = 0;
  const Limit* limits = nullptr;
  std::size_t limit_count = 0;
};

// Everything that is pointed to lives until the child has been reaped: it reads our memory until it
// has become its program.
struct SpawnRequest {
  const char* path = nullptr;  // for execve
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  const char* dir = nullptr;  // null: stays here
  // What the child's 0, 1, 2 are to be; -1: ours. None of them below 3. (No std::array: the child
  // may not call its operator[], which sanitizers instrument.) Then what its 3 and 4 are to be,
  // both or none: none below 5.
  int descriptors[5] = {-1, -1, -1, -1, -1};
  const SpawnExtras* extras = nullptr;
  SpawnFailure* failure = nullptr;  // read it once the child has been reaped
  pid_t* id = nullptr;  // where the kernel writes the child's id before the child runs; may be null
};

// Starts processes without copying page tables: a clone that shares our memory, on a small stack of
// its own, and does not even make us wait for its execve. The child leads a new process group, dies
// with the thread that spawned it, has no signal blocked, none caught, SIGPIPE not ignored, and no
// descriptor but those that the request names. One thread only.
class Spawner {
 public:
  // How many children may be on their way to execve at once.
  static constexpr std::size_t kSlots = 8;
  static constexpr std::size_t kStackBytes = 32 * 1024;
  // Above this number a pipe's descriptor means that copying our table of descriptors, only for
  // execve to close them all, costs more than to wait for the child.
  static constexpr int kManyDescriptors = 500;

  Spawner();
  ~Spawner();  // waits for children on their way to execve
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // The child's id. An error ("clone: Resource temporarily unavailable") when there is no child;
  // when there is one, it may still fail: then it exits and says why in request.failure.
  Result<pid_t> spawn(const SpawnRequest& request);
  // False: the child reads its request still.
  bool program_runs(pid_t child) const;

 private:
  struct Slot;
  struct alignas(16) Stack : std::array<std::byte, kStackBytes> {};
  Slot& free_slot();
  void lower(SpawnRequest& request) const;
  void release_low(const SpawnRequest& request) const;
  int highest_low() const;
  long start(Slot& slot);
  static void run(void* slot);
  static int run_vforked(void* slot);

  std::unique_ptr<std::array<Stack, kSlots>> stacks_;
  std::unique_ptr<std::array<Slot, kSlots>> slots_;
  const pid_t self_;  // who forks has to make a Spawner of its own
  // Low numbers, where a child that shares our table finds what is to be its 0 to 4.
  UniqueFd null_device_;
  UniqueFd low_[5];
  bool can_share_table_ = false;
  std::size_t next_ = 0;
  bool has_clone3_ = true;
};

}  // namespace errand
