// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/remaining_tasks.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace errand {
namespace {

std::shared_ptr<const EarlierResult> make_earlier_result(const PriorResults& earlier,
                                                         bool succeeded, const std::string& why) {
  return std::make_shared<const EarlierResult>(EarlierResult{earlier.id, succeeded, why});
}

std::shared_ptr<const EarlierResult> succeeded_in(const PriorResults& earlier) {
  return make_earlier_result(earlier, true, "succeeded in run " + earlier.id);
}

std::shared_ptr<const EarlierResult> not_failed_in(const PriorResults& earlier) {
  return make_earlier_result(earlier, false, "did not fail in run " + earlier.id);
}

// False: none is left.
bool take_one(std::unordered_map<std::uint64_t, unsigned>& counts, std::uint64_t of) {
  const auto found = counts.find(of);
  return found != counts.end() && found->second > 0 && found->second-- > 0;
}

// Changed or not; what is called by its place in a list is known by what it does alone.
bool has_failed(const PriorResults& earlier, const Task& task, std::uint64_t fingerprint) {
  return earlier.failed.contains(fingerprint) ||
         (!is_named_by_number(task) && earlier.failed_names.contains(task.full_name));
}

// Marks what runs, beginning with what the earlier run has left to do.
class RemainingTaskMarker {
 public:
  RemainingTaskMarker(const Plan& plan, const PriorResults& earlier, RerunScope scope,
                      Fingerprints fingerprints)
      : plan_(plan), earlier_(earlier), scope_(scope), marks_(plan.tasks().size()) {
    auto successes = earlier.succeeded;
    for (const Task& task : plan.tasks()) {
      const std::uint64_t fingerprint = fingerprints.of(task);
      Marks& marks = marks_[task.id];
      marks.succeeded = take_one(successes, fingerprint);
      marks.failed = !marks.succeeded && has_failed(earlier, task, fingerprint);
      marks.known = earlier.known.contains(fingerprint);
      marks.decided = task.id != 0 && is_inside_decided(plan.task(task.parent)) &&
                      (task.is_group || marks.known);
      for (const Need& need : task.needs) dependents_.emplace(need.task, task.id);
    }
    for (const Task& task : plan.tasks()) {
      if (!task.excluded.empty()) exclude(task.id);
    }
  }

  void mark() {
    for (const Task& task : plan_.tasks()) {
      if (is_left(task)) run(task.id);
      const bool is_other_service = task.policy->service && !marks_[task.id].known;
      if (is_other_service && scope_ == RerunScope::unfinished) run_changed(task.id);
      if (scope_ == RerunScope::failed && failed_by_itself(task)) run_rest(task.id);
    }
    while (!open_.empty()) {
      const TaskId id = open_.back();
      open_.pop_back();
      propagate(plan_.task(id));
    }
  }

  // Null: it runs, or the file itself leaves it out.
  std::shared_ptr<const EarlierResult> earlier_result_of(const Task& task) const {
    const Marks& marks = marks_[task.id];
    if (marks.runs || marks.excluded) return nullptr;
    // Of a group in which nothing is left only the end may be missing in the log.
    const bool is_done = marks.succeeded || (task.is_group && scope_ == RerunScope::unfinished);
    if (is_done && !task.policy->service) return succeeded_;
    if (marks.decided) return decided_;
    if (scope_ == RerunScope::unfinished || task.policy->service || comes_last(task))
      return not_needed_;
    return not_failed_;
  }

 private:
  struct Marks {
    bool excluded = false;  // by the file, or needs what is
    bool succeeded = false;
    bool failed = false;
    bool known = false;    // as it is now
    bool decided = false;  // has not succeeded, in a group that could do without
    bool changed = false;  // of a service: what needs it is to run again
    bool runs = false;     // of a group: something in it
    bool whole = false;    // all that is in it
    bool rest = false;     // and what has not succeeded
  };

  bool is_inside_decided(const Task& group) const {
    const auto& halt = group.policy->halt;
    const bool could_do_without =
        group.mode == Mode::race || (halt && halt->trigger != Halt::Trigger::fail);
    return marks_[group.id].decided || (marks_[group.id].succeeded && could_do_without);
  }

  // With all in it, and what will be skipped because of it.
  void exclude(TaskId first) {
    std::vector<TaskId> open = {first};
    while (!open.empty()) {
      const TaskId id = open.back();
      open.pop_back();
      if (std::exchange(marks_[id].excluded, true)) continue;
      const std::vector<TaskId>& children = plan_.task(id).children;
      open.insert(open.end(), children.begin(), children.end());
      const auto [first_dependent, last_dependent] = dependents_.equal_range(id);
      for (auto at = first_dependent; at != last_dependent; ++at) {
        if (needs_more_than_an_end(plan_.task(at->second), id)) open.push_back(at->second);
      }
    }
  }
  static bool needs_more_than_an_end(const Task& task, TaskId need) {
    if (task.policy->when != When::on_success) return false;
    return std::ranges::any_of(task.needs, [need](const Need& one) {
      return one.task == need && one.condition != Condition::done;
    });
  }

  // Of the task and the groups around it.
  template <class Is>
  bool any_around(const Task& task, Is is) const {
    for (const Task* at = &task; at->id != 0; at = &plan_.task(at->parent)) {
      if (is(at->policy->when)) return true;
    }
    return false;
  }
  bool comes_last(const Task& task) const {
    return any_around(task, [](When when) { return when != When::on_success; });
  }
  bool waits_for_failure(const Task& task) const {
    return any_around(task, [](When when) { return when == When::on_failure; });
  }

  // Does the earlier run itself leave it to do?
  bool is_left(const Task& task) const {
    if (task.is_group) return false;
    const bool only_failed =
        scope_ == RerunScope::failed || task.policy->service || waits_for_failure(task);
    if (marks_[task.id].decided) return false;
    return only_failed ? marks_[task.id].failed : !marks_[task.id].succeeded;
  }

  // A group, and none of its tasks: of its own timeout, say.
  bool failed_by_itself(const Task& group) const {
    return group.is_group && marks_[group.id].failed &&
           std::ranges::none_of(group.children, [this](TaskId id) { return marks_[id].failed; });
  }

  void run(TaskId id) {
    if (marks_[id].runs || marks_[id].excluded) return;
    marks_[id].runs = true;
    open_.push_back(id);
  }
  void run_whole(TaskId id) {
    if (std::exchange(marks_[id].whole, true)) return;
    const Task& task = plan_.task(id);
    if (task.policy->service) return run_changed(id);
    if (!task.is_group) return run(id);
    for (const TaskId child : task.children) run_whole(child);
  }
  // A service, and what needs it.
  void run_changed(TaskId id) {
    if (marks_[id].excluded || std::exchange(marks_[id].changed, true)) return;
    marks_[id].runs = true;
    open_.push_back(id);
  }
  // What has not succeeded; services and what comes last come along by themselves.
  void run_rest(TaskId id) {
    const Task& task = plan_.task(id);
    const bool is_done = marks_[id].succeeded || marks_[id].decided;
    if (is_done || std::exchange(marks_[id].rest, true)) return;
    if (task.policy->service || task.policy->when != When::on_success) return;
    if (!task.is_group) return run(id);
    for (const TaskId child : task.children) run_rest(child);
  }

  // What it means for others that this task runs, or something in this group.
  void propagate(const Task& task) {
    for (const Need& need : task.needs) {
      if (plan_.task(need.task).policy->service) {
        run(need.task);
      } else {
        run_rest(need.task);
      }
    }
    const auto [first, last] = dependents_.equal_range(task.id);
    for (auto dependent = first; dependent != last; ++dependent) propagate(task, dependent->second);
    if (task.is_group) open(task);
    if (task.id != 0) run(task.parent);
  }
  void propagate(const Task& need, TaskId dependent) {
    const bool is_last = plan_.task(dependent).policy->when != When::on_success;
    const bool is_new = !need.policy->service || marks_[need.id].changed;
    if (is_last || (scope_ == RerunScope::unfinished && is_new)) {
      run_whole(dependent);
    } else if (need.policy->service && marks_[need.id].failed) {
      run_rest(dependent);  // it could do nothing without
    }
  }
  void open(const Task& group) {
    if (group.mode == Mode::race) run_whole(group.id);
    for (const TaskId child : group.children) {
      const Task& task = plan_.task(child);
      const bool is_last = task.policy->when != When::on_success;
      const bool is_for_all = task.policy->service && !dependents_.contains(child);
      if ((is_last && task.needs.empty()) || is_for_all) run_whole(child);
    }
  }

  const Plan& plan_;
  const PriorResults& earlier_;
  const RerunScope scope_;
  std::vector<Marks> marks_;
  std::vector<TaskId> open_;
  std::unordered_multimap<TaskId, TaskId> dependents_;
  const std::shared_ptr<const EarlierResult> succeeded_ = succeeded_in(earlier_);
  const std::shared_ptr<const EarlierResult> not_failed_ = not_failed_in(earlier_);
  const std::shared_ptr<const EarlierResult> decided_ =
      make_earlier_result(earlier_, false, "its group succeeded without it in run " + earlier_.id);
  const std::shared_ptr<const EarlierResult> not_needed_ =
      make_earlier_result(earlier_, false, "nothing that runs again calls for it");
};

}  // namespace

Plan mark_remaining_tasks(Plan plan, const PriorResults& earlier, RerunScope scope,
                          Fingerprints fingerprints) {
  RemainingTaskMarker marker(plan, earlier, scope, std::move(fingerprints));
  marker.mark();
  std::vector<std::shared_ptr<const EarlierResult>> results;
  for (const Task& task : plan.tasks()) results.push_back(marker.earlier_result_of(task));
  const std::vector<Limit> limits = plan.limits();
  std::vector<Task> tasks = plan.take_tasks();
  for (Task& task : tasks) {
    if (task.id != 0) task.earlier_result = std::move(results[task.id]);
  }
  return Plan(std::move(tasks), limits);
}

PriorResults remaining_results(PriorResults ends, const Plan& resumed, Fingerprints fingerprints) {
  for (const Task& task : resumed.tasks()) {
    if (!task.earlier_result && task.excluded.empty())
      take_one(ends.succeeded, fingerprints.of(task));
  }
  return ends;
}

// ---- tasks that arrive one after another

RemainingTasks::RemainingTasks(PriorResults earlier, RerunScope scope, Fingerprints fingerprints)
    : earlier_(std::move(earlier)),
      scope_(scope),
      fingerprints_(std::move(fingerprints)),
      succeeded_(succeeded_in(earlier_)),
      not_failed_(not_failed_in(earlier_)) {}

std::shared_ptr<const EarlierResult> RemainingTasks::earlier_result(const Task& task) {
  const std::uint64_t fingerprint = fingerprints_.of(task);
  if (take_one(earlier_.succeeded, fingerprint)) return succeeded_;
  const bool runs = scope_ == RerunScope::unfinished || has_failed(earlier_, task, fingerprint);
  return runs ? nullptr : not_failed_;
}

}  // namespace errand
