// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>

#include "errand/concurrency/semaphore.h"
#include "simulation/group_watch.h"

namespace errand::simulation {

// The work of leaves, with what must hold for each kind.
class GroupLeaves {
 public:
  GroupLeaves(VirtualRuntime& runtime, Trace& trace) : runtime_(runtime), trace_(trace) {}

  awaitable<Error> run(GroupWatch& watch, ChildWatch& child, const Node& node, Context context);
  // Nothing is ready in this instant any more.
  void check_settled() const;
  void check_end() const;

 private:
  static constexpr std::int64_t kCapacity = 2;
  struct Ticket {
    Context context;
    std::int64_t weight;
  };

  awaitable<Error> work(GroupWatch& watch, ChildWatch& child, const Node& node, Context context);
  awaitable<Error> sleep(const Fate& fate, ChildWatch& child, const Node& node, Context context);
  awaitable<Error> follow(GroupWatch& watch, ChildWatch& child, const Node& node, Context context);
  awaitable<Error> share(const Fate& fate, ChildWatch& child, const Node& node, Context context);
  awaitable<Error> try_often(ChildWatch& child, const Node& node, Context context);
  awaitable<Error> hedged(ChildWatch& child, const Node& node, Context context);
  awaitable<Error> all_of(ChildWatch& child, const Node& node, Context context);
  awaitable<Error> any_of(ChildWatch& child, const Node& node, Context context);
  void expect(bool holds, std::string_view what, const ChildWatch& child) {
    trace_.expect(holds, what, child.name);
  }

  VirtualRuntime& runtime_;
  Trace& trace_;
  Semaphore semaphore_{kCapacity};
  std::int64_t held_ = 0;
  std::deque<Ticket*> waiting_;
};

}  // namespace errand::simulation
