// SPDX-License-Identifier: Apache-2.0
//
// GNU make's jobserver: a pipe that holds a byte, a token, for each job that may run beside the
// first of everybody who takes part. Who starts a job takes one, and puts it back when that ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "errand/base/result.h"
#include "errand/concurrency/runtime.h"
#include "errand/io/unique_fd.h"
#include "errand/process/jobserver/make_flags.h"

namespace errand {

// The pipe, and how those we start reach it.
struct JobserverPipe {
  UniqueFd take, give;  // ours alone, do not block
  // What those we start inherit as 3 and 4; none where they find a named pipe.
  UniqueFd shared[2];
};

// The two descriptors that a process inherits for the jobserver, in MAKEFLAGS.
inline constexpr std::string_view kInheritedJobserver = "--jobserver-auth=3,4";

// What surely fits into a pipe.
inline constexpr unsigned kJobserverJobsMax = 4096;

// The pipe of somebody else's jobserver. The error says why it cannot be used.
Result<JobserverPipe> join_jobserver(const JobserverAddress& address);
// A pipe of our own for `jobs` jobs, from 1 to kJobserverJobsMax: unnamed, because make before 4.4
// knows no other.
Result<JobserverPipe> make_jobserver(unsigned jobs);

// Takes tokens for this process and what it starts. The first is always there: it is the one that
// this process runs with. Belongs to the loop's thread; the destructor gives all of them back.
class Jobserver {
 public:
  // A pool of others.
  Jobserver(Runtime& runtime, JobserverPipe pipe);
  // Our own pool of `jobs`. Whoever is killed cannot give back what it took, so the pool is filled
  // up again whenever nobody is left who could hold a token: no process between started() and
  // ended(), and none taken here.
  Jobserver(Runtime& runtime, JobserverPipe pipe, unsigned jobs);
  ~Jobserver();
  Jobserver(const Jobserver&) = delete;
  Jobserver& operator=(const Jobserver&) = delete;

  // One more job may start. Never blocks.
  bool try_take();
  // One that try_take() gave. It is in the pipe again when the loop has turned; until then the next
  // try_take() gets it without a system call.
  void give_back();
  // Calls `notify` once on the loop when a token may be there again. A second call replaces it;
  // empty: forget it.
  void when_available(std::function<void()> notify);

  // What a process is to have as its descriptors 3 and 4; -1: nothing.
  int shared(int index) const;
  // A process that may hold tokens.
  void started();
  void ended();

 private:
  struct State;
  std::shared_ptr<State> state_;  // the loop's too: its handlers may run after our end
};

}  // namespace errand
