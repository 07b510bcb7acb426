// SPDX-License-Identifier: Apache-2.0
//
// Services: tasks that run as long as others need them.
#include <algorithm>

#include "errand/events/failure.h"
#include "errand/run/execution.h"
#include "errand/run/readiness.h"

namespace errand::detail {
namespace {

constexpr Duration kProbeDelay = std::chrono::milliseconds(50);  // doubles up to the next
constexpr Duration kProbeDelayMax = std::chrono::seconds(1);
// How long the end of a service may become known after that of a task that failed because of it: it
// loses its connections first, and then may have much memory to give back.
constexpr Duration kServiceDeathTime = std::chrono::milliseconds(50);

}  // namespace

Error ReadySink::write(StdStream stream, std::string_view bytes) {
  if (!readiness_.seen().is_set()) {
    const std::string& text = readiness_.log_text();
    std::string& joined = ends_[stream == StdStream::out ? 0 : 1];
    joined += bytes;
    if (joined.find(text) != std::string::npos) {
      readiness_.seen().set();
      joined.clear();
    } else if (joined.size() >= text.size()) {
      joined.erase(0, joined.size() - text.size() + 1);
    }
  }
  return next_.write(stream, bytes);
}

// One attempt of a service, and beside it the watch for its readiness.
awaitable<void> Execution::serve(TaskExecution& task_execution, Context context) {
  auto [own, stop] = with_cancel(context);
  std::optional<Readiness> readiness;
  if (task_execution.policy().ready)
    readiness.emplace(context.runtime(), *task_execution.policy().ready, stop);
  GroupOptions options;
  options.name = task_execution.task.full_name;
  options.on_failure = OnFailure::keep_going;
  Group watch(own, std::move(options));
  if (readiness) {
    auto watching = [this, &task_execution, &readiness](Context inner) {
      return watch_readiness(task_execution, *readiness, std::move(inner));
    };
    watch.go("ready", std::move(watching));
  }
  co_await attempt(task_execution, task_execution.last, own, false,
                   readiness ? &*readiness : nullptr);
  watch.cancel();
  (void)co_await watch.wait();
  if (own.cause().as<ServiceDone>()) task_execution.last.verdict = {};
}

awaitable<Error> Execution::watch_readiness(TaskExecution& task_execution, Readiness& readiness,
                                            Context context) {
  const Duration timeout = readiness.rule().timeout;
  Context limited = with_timeout(context, timeout).first;
  Error last;
  if (readiness.watches_log()) {
    last = co_await readiness.seen().wait(limited);
  } else {
    last = co_await probe_until_ready(task_execution, limited);
  }
  if (!last) {
    became_ready(task_execution.run);
  } else if (!context.done()) {
    const bool says_more = !readiness.watches_log() && !last.is(DeadlineExceeded);
    readiness.give_up(Error::make(NotReady{timeout, says_more ? last.message() : ""}));
  }
  co_return Error();
}

// What the last check said, when the time is over.
awaitable<Error> Execution::probe_until_ready(TaskExecution& task_execution, Context context) {
  Duration delay = kProbeDelay;
  Error last = Error::text("the check did not end");
  for (;;) {
    const Attempt described{&task_execution.task, task_execution.attempts, 0, options_.id};
    Error error = co_await executor_.probe(context, force_stop_, described);
    if (!error) co_return error;
    if (!context.done()) last = std::move(error);
    if (context.done() || co_await context.sleep(delay)) co_return last;
    delay = std::min(delay * 2, kProbeDelayMax);
  }
}

void Execution::became_ready(TaskRun& run) {
  if (run.phase != TaskRun::Phase::running || std::exchange(run.ready, true)) return;
  if (run.task->policy->ready) notice(Notice::Level::info, run.task, "ready");
  notify_dependents(run, Stage::ready);
  fulfill(run);
}

// ---- services that die

// A service that `run` or a group around it needs and that has failed since; null: none.
const TaskRun* Execution::dead_service(const TaskRun& run) const {
  if (is_stream_) return nullptr;
  for (const TaskRun* at = &run; at->parent; at = &at->parent->run) {
    for (const Need& need : at->task->needs) {
      const TaskRun& service = runs_[need.task];
      if (!service.task->policy->service || need.condition == Condition::done) continue;
      const bool ended = service.phase == TaskRun::Phase::ended;
      if (ended && !at->is_last() && !service.serves_needs && !service.excluded) return &service;
    }
  }
  return nullptr;
}

bool Execution::needs_services(const TaskRun& run) const {
  if (is_stream_) return false;
  for (const TaskRun* at = &run; at->parent; at = &at->parent->run) {
    for (const Need& need : at->task->needs) {
      if (runs_[need.task].task->policy->service) return true;
    }
  }
  return false;
}

// Is the end of a service that `run` needs, directly or through other services, still to come?
// `exited_only`: only if its process has ended already.
bool Execution::awaits_service(const TaskRun& run, bool exited_only) const {
  for (const TaskRun* at = &run; at->parent; at = &at->parent->run) {
    for (const Need& need : at->task->needs) {
      const TaskRun& service = runs_[need.task];
      // The group of one that has ended may be gone.
      if (!service.task->policy->service || service.phase != TaskRun::Phase::running) continue;
      const bool dies = service.ready && (service.exited || !exited_only);
      if (dies || awaits_service(service, exited_only)) return true;
    }
  }
  return false;
}

// A service that dies takes the tasks that need it along. Its end is told first, because it is why
// they failed.
awaitable<void> Execution::await_dying_services(TaskRun& run) {
  const Context& group = run.parent->group.context();
  Parking parking(group.runtime());
  bool late = false;
  Timer timer(group.runtime(), [&late, &parking] {
    late = true;
    parking.wake();
  });
  timer.set_after(kServiceDeathTime);
  const CancelHook canceled(group, [&parking] { parking.wake(); });
  awaiting_services_.push_back(&parking);
  while (!group.done() && awaits_service(run, late)) co_await parking.park();
  std::erase(awaiting_services_, &parking);
}

void Execution::service_exited(TaskRun& service) {
  service.exited = true;
  wake_awaiting_services();
}

void Execution::wake_awaiting_services() {
  for (Parking* const parking : awaiting_services_) parking->wake();
}

// ---- groups with services

// From the inside out: children have larger ids than their group.
void Execution::describe_groups(const Plan& plan) {
  const auto tasks = plan.tasks();
  for (std::size_t i = tasks.size(); i-- > 0;) {
    TaskRun& run = runs_[i];
    if (run.task->policy->service && !runs_last(run)) ++services_ahead_;
    if (i == 0 || run.is_last()) continue;
    TaskRun& group = runs_[run.task->parent];
    ++group.unfulfilled;
    if (run.task->policy->service || run.has_services) group.has_services = true;
  }
  for (std::size_t i = tasks.size(); i-- > 0;) {
    TaskRun& run = runs_[i];
    if (!run.task->is_group || !run.has_services) continue;
    run.only_services = std::ranges::none_of(
        run.task->children, [this](TaskId child) { return runs_[child].is_work(); });
  }
}

// Is it in a group that runs last?
bool Execution::runs_last(const TaskRun& run) const {
  for (TaskId id = run.task->id; id != 0; id = runs_[id].task->parent) {
    if (runs_[id].is_last()) return true;
  }
  return false;
}

bool Execution::has_users(const TaskRun& run) const {
  const TaskId id = run.task->id;
  return std::any_of(
      dependents_.begin() + static_cast<std::ptrdiff_t>(dependents_at_[id]),
      dependents_.begin() + static_cast<std::ptrdiff_t>(dependents_at_[id + 1]),
      [&](const Dependent& dependent) { return keeps_services(*run.task, dependent.condition); });
}

// Nothing that needs it is left. One that nothing ever needed runs beside the work of its group.
bool Execution::is_unneeded(const TaskRun& service) const {
  if (service.users > 0 || is_held_by_group(service)) return false;
  return has_users(service) || !is_beside_work(service);
}

// Does something need a group around it, which is still to become or to stay ready?
bool Execution::is_held_by_group(const TaskRun& service) const {
  for (const TaskRun* at = &service; at->task->id != 0 && !at->is_last();) {
    at = &runs_[at->task->parent];
    if (at->users > 0 && !at->spoiled) return true;
  }
  return false;
}

// A group of services alone lives as one that nothing needs; a run of services alone, or a group of
// them that runs last, until all of them have been ready.
bool Execution::is_beside_work(const TaskRun& service) const {
  for (const GroupRun* group = service.parent; group; group = group->run.parent) {
    if (group->work > 0) return true;
    if (!group->run.only_services) return false;
    if (!group->run.parent) return services_ahead_ > 0;
    if (group->run.is_last()) return !group->run.ready && !group->run.spoiled;
    if (has_users(group->run)) return false;
  }
  return true;  // its group has not begun
}

// A service is ready, a task is over and well, a group is both in all that it has.
void Execution::fulfill(TaskRun& run) {
  if (is_stream_ || std::exchange(run.fulfilled, true)) return;
  if (run.task->policy->service) count_service(run);
  if (run.task->is_group && run.phase == TaskRun::Phase::running) {
    run.ready = true;
    notify_dependents(run, Stage::ready);
    if (run.is_last()) stop_unneeded_services(run);
  }
  if (run.task->id == 0 || run.is_last()) return;
  TaskRun& group = runs_[run.task->parent];
  --group.unfulfilled;
  if (may_be_ready(group)) fulfill(group);
}

// A race ends by itself when it is won, so that nothing has to start before its end.
bool Execution::may_be_ready(const TaskRun& group) {
  const bool is_race = group.task->mode == Mode::race && !group.only_services;
  return group.has_services && !is_race && !group.spoiled && group.unfulfilled == 0 &&
         group.phase == TaskRun::Phase::running;
}

// What needs a group around `run` will not have it, and hears so at once: the end of the group may
// wait for services that are kept for what waits for the group.
void Execution::spoil_groups(const TaskRun& run) {
  for (const TaskRun* at = &run; at->task->id != 0 && !at->is_last();) {
    TaskRun& group = runs_[at->task->parent];
    const GroupRun* running = group.group.get();
    const bool may_be_won =
        running && (running->tally.won || (group.task->mode == Mode::race && running->work > 0));
    if (may_be_won || std::exchange(group.spoiled, true)) return;
    if (group.has_services && group.phase < TaskRun::Phase::ending) {
      group.told_spoiled = true;
      notify_dependents(group, Stage::spoiled);
      stop_unneeded_services(group);
    }
    at = &group;
  }
}

void Execution::count_service(const TaskRun& run) {
  if (!run.task->policy->service || runs_last(run)) return;
  if (--services_ahead_ == 0 && runs_.front().only_services) stop_unneeded_services(runs_.front());
}

void Execution::user_ended(TaskRun& needed) {
  if (needed.users > 0) --needed.users;
  if (needed.users > 0) return;
  if (needed.has_services) stop_unneeded_services(needed);
  if (needed.stop && is_unneeded(needed)) stop_service(needed);
}

void Execution::stop_unneeded_services(TaskRun& group) {
  if (group.phase != TaskRun::Phase::running) return;  // not begun, or over
  for (const TaskId child : group.task->children) {
    TaskRun& run = runs_[child];
    if (run.has_services) stop_unneeded_services(run);
    if (run.stop && is_unneeded(run)) stop_service(run);
  }
}

void Execution::stop_service(TaskRun& service) {
  if (service.stop) (*service.stop)(Error::make(ServiceDone{}));
}

}  // namespace errand::detail
