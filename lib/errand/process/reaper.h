// SPDX-License-Identifier: Apache-2.0
//
// The one place where children are started, counted and reaped.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "errand/base/masker.h"
#include "errand/base/result.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/runtime.h"
#include "errand/io/unique_fd.h"
#include "errand/process/guardian/guardian.h"
#include "errand/process/spawn.h"
#include "errand/process/spawn_queue.h"

namespace errand {

// Owns SIGCHLD of its loop, and makes this process the one that orphaned descendants are handed to
// (PR_SET_CHILD_SUBREAPER), so that whoever escapes from a task can still be found. Reaps every
// child of this process, also those it did not start. One at a time; belongs to the loop's thread,
// whose end the children do not survive. Keeps the loop running while it exists. Outlives its
// processes.
class Reaper {
 public:
  // Told about one process and its group, from inside the reaping.
  class Watch {
   public:
    // Reaped; its group may live on.
    virtual void on_exit(int wait_status, const rusage& usage) = 0;
    // A process was reaped for which watch_group() or watch_process() asked.
    virtual void on_relative_reaped() = 0;
    // For whom watch_stops() asked, after each change of some child: is it stopped now?
    virtual void on_stop_state(bool stopped) = 0;
    // The same, from resume(), before the others are continued.
    virtual void on_resume() = 0;
    // Stopped by `signal`, SIGTTIN or SIGTTOU: it wants the terminal, whose foreground it is not.
    // May come again.
    virtual void on_terminal_wanted(int signal) = 0;

   protected:
    ~Watch() = default;
  };

  explicit Reaper(Runtime& runtime);
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  Runtime& runtime() const { return runtime_; }
  // False where the kernel did not make us the one that orphans are handed to: who escapes from a
  // task by a double fork is not found then.
  bool adopts_orphans() const { return adopts_orphans_; }

  // False where the kernel has no handles of processes (pidfd): who has left its group is not
  // killed with it then.
  static bool has_handles();

  // Before anything is started: `guardian` is told of every group, and outlives this.
  void set_guardian(Guardian& guardian) { guardian_ = &guardian; }

  // Starts a process; `watch` hears of its end.
  Result<pid_t> start(SpawnRequest request, Watch& watch);
  // From now on `watch` also hears of members of group `pgid` that become our children and die.
  void watch_group(pid_t pgid, Watch& watch);
  // The same for one process by its id.
  void watch_process(pid_t pid, Watch& watch);
  // Ends what watch_group() and watch_process() began.
  void unwatch_group(pid_t pgid) { watched_groups_.erase(pgid); }
  void unwatch_process(pid_t pid) { watched_processes_.erase(pid); }
  // Nobody is left in a group that start() began: its id may be another's from now on.
  void group_gone(pid_t pgid) {
    if (guardian_) guardian_->remove_group(pgid);
  }
  // For one that start() began.
  void watch_stops(pid_t pid, Watch& watch) { stops_.insert_or_assign(pid, &watch); }
  void unwatch_stops(pid_t pid) { stops_.erase(pid); }
  // For a watch that ends before its process: the process is left to kill_strays().
  void abandon(pid_t pid);
  // It does not die, or may not be signaled: kill_strays() does not wait for it, nor tell of it.
  void give_up(pid_t pid) { given_up_.insert(pid); }
  bool program_runs(pid_t pid) const { return spawner_.program_runs(pid); }
  // Is one of our children, dead or alive, in this group? Then its id cannot be reused before we
  // reap.
  static bool group_exists(pid_t pgid);

  // Stops the group of every process that runs, politely (SIGTSTP), and those that do not stop with
  // SIGSTOP a second later; then calls `stopped`, once. Until resume() nothing is to be started.
  // A second call does nothing.
  void suspend(std::function<void()> stopped);
  // Continues what suspend() has stopped. The time since then has not passed on the runtime's
  // clock.
  void resume();
  bool suspended() const { return suspension_ != nullptr; }
  // Waits while nothing is to be started, or until the context is done.
  awaitable<void> may_start(Context context);

  // Our children that we did not start, and their descendants.
  std::vector<pid_t> strays() const;
  // Kills all children of this process that are left, and theirs, until none is; gives up after
  // kStraysTime. "COMMAND (pid N)" for each. For the end of a program: nothing may be started any
  // more.
  awaitable<std::vector<std::string>> kill_strays();
  // Whom kill_strays() would have killed, but may not signal.
  const std::vector<std::string>& refused() const { return refused_; }

  // What must not be shown of the command lines of processes; nothing until it is set.
  void set_masker(std::shared_ptr<const Masker> masker) { masker_ = std::move(masker); }
  // "sleep 300 (pid 7)", masked.
  std::string describe(pid_t pid) const;

  std::size_t processes() const { return started_.size(); }

  // What all processes share.
  SpawnQueue& spawn_queue() { return spawn_queue_; }
  // A descriptor from here on leaves too few for errand itself.
  int descriptors_max() const { return descriptors_max_; }
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBufferBytes}; }
  Result<int> null_device();

 private:
  static constexpr std::size_t kReadBufferBytes = std::size_t{256} * 1024;
  struct Signals;
  struct Suspension;
  void wait_for_signal();
  void notify_stops();
  void notify_terminal_wanted();
  void reap();
  pid_t reap_one();
  void reaped(pid_t pid, pid_t group, int wait_status, const rusage& usage);
  bool kill_remaining(std::set<pid_t>& seen, std::vector<std::string>& killed);
  // Without the guardian, which is ours but nobody's leftover.
  std::vector<pid_t> children() const;

  Runtime& runtime_;
  std::shared_ptr<const Masker> masker_ = std::make_shared<const Masker>();
  Guardian* guardian_ = nullptr;
  Spawner spawner_;
  SpawnQueue spawn_queue_;
  int descriptors_max_;
  std::unique_ptr<char[]> read_buffer_;  // not written before it is used: pages cost time
  UniqueFd null_device_;
  int was_subreaper_ = 0;
  bool adopts_orphans_ = false;
  std::unordered_map<pid_t, Watch*> started_;
  std::unordered_map<pid_t, Watch*> watched_groups_;  // by group
  std::unordered_map<pid_t, Watch*> watched_processes_;
  std::unordered_map<pid_t, Watch*> stops_;
  std::set<pid_t> given_up_;
  std::vector<std::string> refused_;
  std::function<void()> after_reaping_;
  std::shared_ptr<Signals> signals_;
  std::shared_ptr<Suspension> suspension_;  // null: nothing is suspended
};

}  // namespace errand
