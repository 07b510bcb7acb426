// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "errand/base/result.h"
#include "errand/base/unique_fd.h"

namespace errand {

// What the child could not do before it became its program.
struct SpawnFailure {
  enum class Step : std::uint8_t { none, setup, chdir, exec };
  Step step = Step::none;
  int number = 0;  // errno
};

// Everything that is pointed to lives until the child has been reaped: it reads our memory until it
// has become its program.
struct SpawnRequest {
  const char* path = nullptr;  // for execve
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  const char* dir = nullptr;  // null: stays here
  // What the child's 0, 1, 2 are to be; -1: ours. None of them below 3. (No std::array: the child
  // may not call its operator[], which sanitizers instrument.)
  int stdio[3] = {-1, -1, -1};
  SpawnFailure* failure = nullptr;  // read it once the child has been reaped
};

// Starts processes without copying page tables: a clone that shares our memory, on a small stack of
// its own, and does not even make us wait for its execve. The child leads a new process group, dies
// with the thread that spawned it, has no signal blocked, none caught, SIGPIPE not ignored, and no
// descriptor but 0, 1, 2. One thread only.
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

 private:
  struct Slot;
  Slot& free_slot();
  void lower_stdio(SpawnRequest& request) const;
  void release_low() const;
  long start(Slot& slot);
  static void run(void* slot);
  static int run_vforked(void* slot);

  std::unique_ptr<std::array<Slot, kSlots>> slots_;
  // Three low numbers, where a child that shares our table finds what is to be its 0, 1, 2.
  UniqueFd null_device_;
  UniqueFd low_[3];
  bool can_share_table_ = false;
  std::size_t next_ = 0;
  bool has_clone3_ = true;
};

}  // namespace errand
