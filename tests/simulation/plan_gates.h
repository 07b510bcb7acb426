// SPDX-License-Identifier: Apache-2.0
//
// What keeps attempts from starting: job slots, locks, the terminal, rates, breakers, tokens. Kept
// by the rules alone, beside the runner's own accounts.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "errand/concurrency/virtual_runtime.h"
#include "errand/run/runner.h"
#include "simulation/plan_tree.h"
#include "simulation/trace.h"

namespace errand::simulation {

// A jobserver's.
class FewTokens final : public Tokens {
 public:
  FewTokens(Trace& trace, unsigned count) : trace_(trace), left_(count), count_(count) {}
  bool try_take() override { return left_ > 0 && left_-- > 0; }
  void give_back() override {
    ++left_;
    trace_.expect(left_ <= count_, "a token was given back twice", "tokens");
    if (notify_) std::exchange(notify_, {})();
  }
  void when_available(std::function<void()> notify) override { notify_ = std::move(notify); }
  bool none_left() const { return left_ == 0; }
  bool all_back() const { return left_ == count_; }

 private:
  Trace& trace_;
  unsigned left_, count_;
  std::function<void()> notify_;
};

class GateWatch {
 public:
  GateWatch(VirtualRuntime& runtime, Trace& trace, const PlanSpec& spec, const BuiltPlan& built,
            const FewTokens* tokens);

  void attempt_started(const Task& task, int attempt, int slot);
  void attempt_ended(const Task& task, const AttemptEnded& event, int slot);
  // Its turn has been used, also where a breaker then refused the attempt.
  void take_turn(const Task& task);
  // Of the executor.
  void begins(const Task& task);
  void returns(const Task& task);
  // Is there a reason in the rules why this task waits? `others` may wait too.
  bool held_up(const Task& task, const std::vector<const Task*>& others) const;
  // In this instant, though its trial may be over since.
  bool breaker_refuses(const Task& task) const;
  void check_end() const;

 private:
  struct Breaker {
    unsigned in_a_row = 0;
    std::optional<TimePoint> open_until, trial_over_at;
    bool on_trial = false;
    unsigned generation = 0;  // counts changes
  };
  struct GroupGate {
    unsigned used = 0;  // slots
    std::optional<TimePoint> last_start, last_turn;
    Breaker breaker;
  };
  struct TaskGate {
    unsigned running = 0;  // attempts
    // By attempt: the generations of the breakers around it.
    std::map<int, std::vector<std::pair<TaskId, unsigned>>> permits;
  };

  TimePoint now() const { return runtime_.now(); }
  const PlanNode& node(const Task& task) const { return *nodes_[task.id]; }
  void expect(bool holds, std::string_view what, const Task& task) {
    trace_.expect(holds, what, task.full_name);
  }
  template <class Visit>
  void for_each_group(const Task& task, Visit visit) const;
  bool fits(const Task& group, unsigned weight) const;
  bool locks_free(const Task& task) const;
  bool too_early(const Task& task) const;
  bool has_limit(const Task& group) const { return group.jobs.has_value(); }
  bool refuses(const Task& group) const;
  void admit(const Task& task, int attempt);
  void judge(const Task& group, unsigned generation, TaskState state);

  VirtualRuntime& runtime_;
  Trace& trace_;
  const Plan& plan_;
  const std::vector<const PlanNode*>& nodes_;
  const std::optional<Duration> delay_;
  const FewTokens* tokens_;
  bool has_hedges_ = false;
  std::vector<GroupGate> groups_;
  std::vector<TaskGate> tasks_;
  std::vector<unsigned> locks_;
  unsigned terminals_ = 0;
  std::optional<TimePoint> last_start_, last_turn_;
  std::set<int> slots_;
};

template <class Visit>
void GateWatch::for_each_group(const Task& task, Visit visit) const {
  for (const Task* at = &task; at->id != 0;) {
    at = &plan_.task(at->parent);
    visit(*at);
  }
}

}  // namespace errand::simulation
