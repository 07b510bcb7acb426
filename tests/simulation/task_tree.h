// SPDX-License-Identifier: Apache-2.0
//
// A random tree of groups and leaves: what each does, when, and who stops it. Data only; running it
// is group_world's business.
#pragma once

#include <rapidcheck/Gen.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "errand/base/time.h"
#include "errand/concurrency/group.h"

namespace errand::simulation {

enum class Work : std::uint8_t { sleep, follow, semaphore, retry, hedge, all, any, group };
enum class Start : std::uint8_t { go, go_wait, try_go };
// pretend: an error that says "canceled" although perhaps nobody canceled anything. raise_at_once:
// the function throws before it returns a coroutine.
enum class End : std::uint8_t { succeed, fail, pretend, raise, raise_at_once };

struct Node {
  unsigned number = 0;  // in depth-first order
  Work work = Work::sleep;
  Start start = Start::go;
  End end = End::succeed;
  Duration before{};    // its spawner waits before it starts this
  Duration takes{};     // a leaf; each attempt of a pattern
  Duration lingers{};   // a leaf goes on for so long after its context's end
  unsigned spoilt = 0;  // how many attempts of a pattern fail first
  unsigned weight = 1;  // of a semaphore's user
  // Of a group; of a leaf: siblings that it starts in its own group when its work is done.
  std::vector<Node> children;

  // Groups only.
  std::optional<std::size_t> limit;
  std::optional<std::size_t> new_limit;  // asked for once children are there
  OnFailure on_failure = OnFailure::cancel_siblings;
  Report report = Report::first;
  bool skip_queued = false;
  bool keep_outcomes = false;
  bool scoped = false;                    // by with_group(), whose body ends as `end` says
  bool patient = false;                   // the spawner does not hear that the context ended
  std::optional<std::size_t> stop_after;  // stop_when so many have ended
  std::optional<Duration> timeout;        // the group's own
  std::optional<Duration> timeout_around;
  std::optional<Duration> cancel_after;  // somebody cancels the group
  std::optional<Duration> cancel_around_after;
};

rc::Gen<Node> task_trees();
// One line a node, numbered as the trace names them.
std::string describe(const Node& root);

}  // namespace errand::simulation
