// SPDX-License-Identifier: Apache-2.0
//
// Looks at one group of the library while it runs, and knows from the rules alone what must be so.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "errand/concurrency/group.h"
#include "errand/concurrency/virtual_runtime.h"
#include "simulation/fate.h"
#include "simulation/task_tree.h"
#include "simulation/trace.h"

namespace errand::simulation {

struct ChildWatch {
  std::string name;
  std::optional<std::size_t> index;  // none: the group did not take it
  bool surely_starts = false;        // had its slot before the context ended
  bool refused = false;              // must not start any more
  bool waits_for_slot = false;
  bool begun = false;
  bool ended = false;
  Error error;
  std::optional<Group::Handle> handle;
};

class GroupWatch {
 public:
  GroupWatch(VirtualRuntime& runtime, Trace& trace, const Node& node, std::string name,
             Fate& around);
  GroupWatch(const GroupWatch&) = delete;
  GroupWatch& operator=(const GroupWatch&) = delete;

  // `context` is what the library says where fate says what is right.
  void opened(Group& group);

  ChildWatch& add_child(std::string child_name);
  void took(ChildWatch& child) { child.index = next_index_++; }
  void give_back(ChildWatch& child) {
    if (child.index) --next_index_;
    child.index.reset();
  }
  // The one started last before `child` that has a handle.
  const ChildWatch* handled_before(const ChildWatch& child) const;
  Error refusal() const { return waited_ ? GroupClosed : LimitIsZero; }
  bool takes() const { return limit_ != 0 && !waited_; }
  void set_limit(std::optional<std::size_t> limit) { limit_ = limit; }
  bool full() const { return limit_ && active_ >= *limit_; }

  void begins(ChildWatch& child, const Context& context);
  void returns(ChildWatch& child, const Error& error);  // just before it does
  void raises(ChildWatch& child);
  void learn_exception(const Failure& failure);
  bool should_stop(const Progress& progress);
  // Somebody cancels the group, or its timer is about to.
  void end(const Error& err, const Error& cause);

  // Nothing is ready in this instant any more.
  void check_settled();
  // wait() has returned `result`. False: children live on.
  bool check_joined(const Error& result);
  // The same where the group is gone already: with_group(), whose body returned `body_error`.
  void check_scope_left(const Error& result, const Error& body_error);

  Fate fate;
  const Node& node;
  const std::string name;
  Group* group = nullptr;

 private:
  struct Ending {
    const ChildWatch* child;
    Error error;
    bool echo;
  };
  void expect(bool holds, std::string_view what) { trace_.expect(holds, what, name); }
  void record_end(ChildWatch& child, const Error& error);
  void remember_starting();
  void check_children();
  void check_failures();
  void check_progress();
  void check_outcomes();
  Error expected_result() const;

  VirtualRuntime& runtime_;
  Trace& trace_;
  std::optional<std::size_t> limit_;
  std::deque<ChildWatch> children_;
  std::size_t next_index_ = 0;
  std::size_t active_ = 0;
  std::size_t first_not_begun_ = 0;  // smaller indexes have had their turn
  std::vector<Ending> failures_;
  std::size_t succeeded_ = 0;
  bool waited_ = false;
};

}  // namespace errand::simulation
