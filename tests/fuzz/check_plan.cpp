// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "errand/taskfile/fields/values.h"
#include "fuzz/check.h"
#include "taskfile/read_support.h"

namespace errand::fuzz {
namespace {

constexpr Duration kZero = Duration::zero();

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

void check_text(std::string_view text) { promise(!has_nul(text), "no text has a NUL"); }

void check_run(const Run& run) {
  if (const auto* script = std::get_if<Script>(&run)) {
    check_text(script->text);
    promise(script->text.find_first_not_of(" \t\r\n") != std::string::npos,
            "a script is not blank");
  }
  if (const auto* argv = std::get_if<Argv>(&run)) {
    promise(!argv->empty() && !argv->front().empty(), "an argv names a program");
    for (const std::string& word : *argv) check_text(word);
  }
}

void check_codes(const std::vector<int>& codes) {
  promise(std::ranges::is_sorted(codes), "exit codes are sorted");
  for (const int code : codes) promise(code >= 0 && code <= 255, "an exit code is 0 to 255");
}

void check_retry(const RetryRule& rule) {
  promise(rule.count <= task_file::kCountMax, "tries are counted");
  promise(rule.delay >= kZero && rule.max_delay >= rule.delay, "delays are in order");
  promise(rule.multiplier >= 1 && std::isfinite(rule.multiplier), "a multiplier does not shrink");
  check_codes(rule.on_exit);
}

void check_ready(const ReadyRule& rule) {
  promise(rule.timeout > kZero, "ready has time");
  if (const auto* log = std::get_if<ReadyRule::Log>(&rule.check)) {
    promise(!log->text.empty() && log->text.find('\n') == std::string::npos, "log is in a line");
  }
  if (const auto* exec = std::get_if<ReadyRule::Exec>(&rule.check)) {
    promise(exec->run.index() != 0, "ready has something to run");
    check_run(exec->run);
  }
  if (const auto* tcp = std::get_if<ReadyRule::Tcp>(&rule.check)) {
    promise(!tcp->host.empty() && !tcp->port.empty(), "tcp has host and port");
  }
}

void check_locks(const std::vector<Lock>& locks) {
  for (std::size_t i = 0; i < locks.size(); ++i) {
    promise(i == 0 || locks[i - 1].limit < locks[i].limit, "locks are sorted, each once");
    promise(locks[i].count >= 1, "a lock takes something");
  }
}

bool is_delay(const HedgeDelay& delay) {
  if (const auto* fixed = std::get_if<Duration>(&delay)) return *fixed >= kZero;
  const unsigned percentile = std::get<Percentile>(delay).value;
  return percentile >= 1 && percentile <= 99;
}

void check_group_policy(const Task& task) {
  const Policy& policy = *task.policy;
  promise(policy.then.empty() && !policy.hedge && !policy.service && policy.locks.empty(),
          "a group has a group's policy");
  if (policy.halt) {
    promise(policy.halt->count >= 1 && (!policy.halt->percent || policy.halt->count <= 100),
            "halt counts");
  }
  if (policy.rate) promise(policy.rate->count >= 1 && policy.rate->per > kZero, "a rate is one");
  if (policy.breaker) {
    promise(policy.breaker->failures >= 1 && policy.breaker->delay > kZero, "a breaker closes");
  }
}

void check_task_policy(const Task& task) {
  const Policy& policy = *task.policy;
  promise(!policy.halt && !policy.rate && !policy.breaker, "a task has a task's policy");
  for (const Run& run : policy.then) {
    promise(run.index() != 0, "each of cmds is something to run");
    check_run(run);
  }
  check_codes(policy.allow_failure.exit_codes);
  check_codes(policy.success_exit_codes);
  promise(!policy.success_exit_codes.empty(), "a task can succeed");
  check_retry(policy.retry);
  if (policy.hedge) {
    promise(policy.hedge->max_attempts >= 2 && is_delay(policy.hedge->delay), "a hedge is one");
    check_codes(policy.hedge->non_fatal_exit);
  }
  promise(!policy.deadline || *policy.deadline > kZero, "a deadline is later");
  check_locks(policy.locks);
  promise(policy.weight >= 1, "a task weighs something");
  promise(policy.service || !policy.ready, "only a service is ready");
  promise(!policy.service || policy.when == When::on_success, "a service is not late");
  promise(!policy.interactive || (!policy.tty && !policy.service && !policy.hedge),
          "an interactive task has the terminal alone");
  if (policy.ready) check_ready(*policy.ready);
  promise(policy.input.kind != Input::Kind::file || !policy.input.path.empty(), "stdin has a path");
  promise(!policy.nice || (*policy.nice >= -20 && *policy.nice <= 19), "nice has a range");
  promise(!policy.memory_bytes_max || *policy.memory_bytes_max > 0, "memory is not none");
  for (const ResourceLimit& limit : policy.resource_limits) {
    promise(!resource_name(limit.resource).empty(), "a resource has a name");
  }
}

void check_environment(const Task& task) {
  promise(task.shell && !task.shell->empty() && !task.shell->front().empty(), "there is a shell");
  for (const std::string& word : *task.shell) check_text(word);
  promise(task.env != nullptr, "there is an environment");
  for (const auto& [name, value] : *task.env) {
    promise(task_file::is_variable_name(name) && !has_nul(name), "a variable has a name");
    check_text(value.value_or(""));
  }
  promise(task.masker != nullptr, "there is a masker");
}

// A vertex for each task's start and one for its end, and one for the end of its children that are
// not late; an edge to what waits for it. Removes what waits for nothing until nothing is left.
class Order {
 public:
  explicit Order(const Plan& plan) : plan_(plan), after_(3 * plan.tasks().size()) {
    for (const Task& task : plan.tasks()) add_edges_of(task);
  }

  bool ends() {
    std::vector<std::size_t> waits_for(after_.size());
    for (const auto& later : after_) {
      for (const std::size_t vertex : later) ++waits_for[vertex];
    }
    std::vector<std::size_t> free;
    for (std::size_t vertex = 0; vertex < after_.size(); ++vertex) {
      if (waits_for[vertex] == 0) free.push_back(vertex);
    }
    std::size_t removed = 0;
    for (; !free.empty(); ++removed) {
      const std::size_t vertex = free.back();
      free.pop_back();
      for (const std::size_t later : after_[vertex]) {
        if (--waits_for[later] == 0) free.push_back(later);
      }
    }
    return removed == after_.size();
  }

 private:
  static std::size_t start(TaskId id) { return 3 * std::size_t{id}; }
  static std::size_t end(TaskId id) { return 3 * std::size_t{id} + 1; }
  static std::size_t most_ended(TaskId id) { return 3 * std::size_t{id} + 2; }
  void edge(std::size_t from, std::size_t to) { after_[from].push_back(to); }

  void add_edges_of(const Task& task) {
    edge(start(task.id), end(task.id));
    for (const Need& need : task.needs) {
      const bool waits = need.condition == Condition::success || need.condition == Condition::done;
      edge(waits ? end(need.task) : start(need.task), start(task.id));
      if (plan_.task(need.task).policy->service) edge(end(task.id), end(need.task));
    }
    if (task.id == 0) return;
    edge(start(task.parent), start(task.id));
    edge(end(task.id), end(task.parent));
    const bool in_time = task.policy->when == When::on_success;
    if (in_time) edge(end(task.id), most_ended(task.parent));
    if (!in_time && task.needs.empty()) edge(most_ended(task.parent), start(task.id));
  }

  const Plan& plan_;
  std::vector<std::vector<std::size_t>> after_;
};

void check_place(const Plan& plan, const Task& task) {
  const Task& parent = plan.task(task.parent);
  promise(parent.is_group && task.parent < task.id, "a group comes before its tasks");
  promise(std::ranges::count(parent.children, task.id) == 1, "a group knows its tasks");
  promise(!task.name.empty() && task.name.find('/') == std::string::npos, "a name has no slash");
  const std::string outer = parent.full_name.empty() ? "" : parent.full_name + "/";
  promise(task.full_name == outer + task.name, "a full name is made of names");
}

void check_needs(const Plan& plan, const Task& task) {
  for (std::size_t i = 0; i < task.needs.size(); ++i) {
    const Need& need = task.needs[i];
    promise(need.task > 0 && need.task < plan.tasks().size(), "what is needed exists");
    promise(need.task != task.id, "no task needs itself");
    promise(i == 0 || task.needs[i - 1].task < need.task, "needs are sorted, each task once");
    const Task& needed = plan.task(need.task);
    promise(need.condition != Condition::ready || needed.policy->service, "a service is ready");
  }
}

}  // namespace

std::size_t fingerprint(const Plan& plan) {
  constexpr std::size_t factor = 1'000'003;
  std::size_t all = plan.tasks().size();
  for (const Task& task : plan.tasks()) {
    all = all * factor + std::hash<std::string>()(dump(task));
  }
  return all;
}

void check_task(const Task& task) {
  check_text(task.name);
  check_text(task.description);
  check_text(task.dir);
  promise(task.policy != nullptr, "a task has a policy");
  promise(task.is_group == (task.run.index() == 0), "a task runs something, a group does not");
  promise(task.is_group || task.children.empty(), "only a group has tasks");
  check_run(task.run);
  check_environment(task);
  promise(!task.timeout || *task.timeout > kZero, "a timeout is later");
  promise(task.grace >= kZero, "grace is not negative");
  promise(task.kill_signal >= 1 && task.kill_signal <= 64, "a signal has a number");
  if (task.jobs) promise((task.jobs->kind == Jobs::Kind::count) <= (task.jobs->value > 0), "jobs");
  task.is_group ? check_group_policy(task) : check_task_policy(task);
}

void check_plan(const Plan& plan) {
  promise(!plan.tasks().empty(), "a plan has a root");
  const Task& root = plan.root();
  promise(root.id == 0 && root.parent == 0 && root.is_group && root.full_name.empty(), "the root");
  std::set<std::string_view> names;
  std::size_t children = 0;
  for (const Task& task : plan.tasks()) {
    promise(task.id == &task - plan.tasks().data(), "an id is an index");
    if (task.id != 0) check_place(plan, task);
    promise(task.id == 0 || names.insert(task.full_name).second, "a full name is of one task");
    promise(std::ranges::is_sorted(task.children), "tasks stand in file order");
    children += task.children.size();
    check_task(task);
    check_needs(plan, task);
    for (const Lock& lock : task.policy->locks) {
      promise(lock.limit < plan.limits().size(), "a lock's limit exists");
      promise(lock.count <= plan.limits()[lock.limit].count, "a lock can be had");
    }
  }
  promise(children + 1 == plan.tasks().size(), "each task stands in one group");
  promise(Order(plan).ends(), "nobody waits for ever");
}

}  // namespace errand::fuzz
