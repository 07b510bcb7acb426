// SPDX-License-Identifier: Apache-2.0
//
// What becomes of the tasks when this program is killed.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "errand/base/result.h"

namespace errand {

// What the guardian and this program share: written here, read there, so that a process that starts
// or ends costs no system call.
struct GuardedGroups {
  // Groups beyond this number are found by their mark alone.
  static constexpr std::size_t kGroupsMax = 65536;
  static constexpr std::size_t kMarkBytesMax = 256;

  std::atomic<std::uint32_t> ready{0};  // 1: it is on guard; a futex
  std::atomic<std::uint32_t> mark_bytes{0};
  char mark[kMarkBytesMax] = {};
  std::atomic<std::uint32_t> used{0};  // entries from here on were never written
  std::atomic<pid_t> groups[kGroupsMax] = {};
};

// A small process that does nothing but wait for the end of this one. When that comes without
// dismissal (SIGKILL, a crash) it kills every group it has been told of, everything that was
// started with the mark in its environment, and their descendants, and ends when none of it is
// left. It leads a process group of its own, holds no descriptor open and ignores every signal; no
// SIGCHLD tells of its end, and only who asks for it by its id can wait for it. When it is killed
// itself, this program goes on without it.
//
// Created early: it keeps the memory this program has at that moment. One thread only, which lives
// as long as the program.
class Guardian {
 public:
  static Result<std::unique_ptr<Guardian>> start();
  // As end().
  ~Guardian();
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  // Once nothing is left to be guarded: it begins to end.
  void dismiss();
  // Returns when it is gone. May be called by a signal handler, unless that interrupts this object.
  void end();

  // "K=V", in the environment of every process started from now on, and of nobody else's. At most
  // kMarkBytesMax bytes; once. Returns when the guardian is on guard: before, it still is in our
  // group and carries what an errand around us gave us, and would be killed with us.
  void set_mark(std::string_view entry);
  // Where the id of the next group is to stand from its very beginning, written by the kernel: when
  // clone() has returned to us, or has not, because we were killed, its first process may have run
  // already. Null when there is no place.
  pid_t* reserve_entry();
  // It has begun; as the last call to reserve_entry() was for it.
  void add_group(pid_t group);
  // To be called before the group's id can be given to others.
  void remove_group(pid_t group);

  pid_t pid() const { return pid_; }
  // False when somebody has killed it.
  bool alive() const;

 private:
  explicit Guardian(GuardedGroups& shared) : shared_(shared) {}
  void wait_until_ready() const;

  GuardedGroups& shared_;
  pid_t pid_ = 0;
  std::optional<std::uint32_t> reserved_entry_;
  std::unordered_map<pid_t, std::uint32_t> entries_;
  std::vector<std::uint32_t> free_entries_;
};

}  // namespace errand
