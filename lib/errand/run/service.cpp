// SPDX-License-Identifier: Apache-2.0
//
// Services: tasks that run as long as others need them.
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

// Others needed it, and all of them have ended.
bool Execution::outlived_users(const TaskRun& service) const {
  const TaskId id = service.task->id;
  return service.users == 0 && !is_stream_ && dependents_at_[id] != dependents_at_[id + 1];
}

bool Execution::unneeded(const TaskRun& service) const {
  return outlived_users(service) || (service.users == 0 && service.parent->work == 0);
}

void Execution::user_ended(TaskRun& service) {
  if (service.users > 0) --service.users;
  if (service.users == 0 && service.task->policy->service) stop_service(service);
}

void Execution::stop_service(TaskRun& service) {
  if (service.stop) (*service.stop)(Error::make(ServiceDone{}));
}

}  // namespace errand::detail
