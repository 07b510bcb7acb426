// SPDX-License-Identifier: Apache-2.0
//
// One task on its way through its policies: deadline(retry(hedge(timeout(attempt)))).
#include <functional>

#include "errand/base/escape_text.h"
#include "errand/concurrency/hedge.h"
#include "errand/concurrency/retry.h"
#include "errand/events/failure.h"
#include "errand/run/execution.h"

namespace errand::detail {
namespace {

// What retry() and hedge() see of an attempt that did not succeed.
struct AttemptFailed {
  AttemptVerdict verdict;
  std::optional<ExitStatus> status;
  bool refused = false;    // by a breaker, which may have closed by the next time
  bool was_ready = false;  // a service: retry counts only until it is ready
  std::string message() const { return verdict.why.message(); }
};

// What could not be started at all will not start the next time either.
bool is_retryable(const RetryRule& rule, const AttemptFailed& failed) {
  if (failed.refused) return true;
  if (failed.was_ready) return false;
  if (failed.verdict.state == TaskState::timed_out) return rule.on_timeout;
  if (failed.verdict.state != TaskState::failed || !failed.status) return false;
  return rule.on_exit.empty() || is_in(rule.on_exit, failed.status);
}

Growth growth_of(RetryRule::Growth growth) {
  switch (growth) {
    case RetryRule::Growth::exponential:
      return Growth::exponential;
    case RetryRule::Growth::linear:
      return Growth::linear;
    case RetryRule::Growth::constant:
      return Growth::constant;
  }
  return Growth::exponential;
}

Jitter jitter_of(RetryRule::Jitter jitter) {
  switch (jitter) {
    case RetryRule::Jitter::full:
      return Jitter::full;
    case RetryRule::Jitter::equal:
      return Jitter::equal;
    case RetryRule::Jitter::none:
      return Jitter::none;
  }
  return Jitter::full;
}

RetryOptions retry_options(const RetryRule& rule, std::uint64_t seed) {
  RetryOptions options;
  options.max_attempts = static_cast<int>(rule.count) + 1;
  options.backoff.initial = rule.delay;
  options.backoff.max = std::max(rule.delay, rule.max_delay);
  options.backoff.multiplier = rule.multiplier;
  options.backoff.growth = growth_of(rule.backoff);
  options.backoff.jitter = jitter_of(rule.jitter);
  options.seed = seed;
  options.retryable = [&rule](const Error& error) {
    const auto* failed = error.as<AttemptFailed>();
    return failed && is_retryable(rule, *failed);
  };
  return options;
}

HedgeVerdict judge_hedge(const HedgeRule& rule, const AttemptOutcome& outcome) {
  if (outcome.verdict.state == TaskState::succeeded) return HedgeVerdict::win;
  if (outcome.refused) return HedgeVerdict::non_fatal;  // whatever runs may still win
  const bool ran = outcome.status || outcome.verdict.state == TaskState::timed_out;
  if (rule.non_fatal_exit.empty()) return ran ? HedgeVerdict::non_fatal : HedgeVerdict::fatal;
  return is_in(rule.non_fatal_exit, outcome.status) ? HedgeVerdict::non_fatal : HedgeVerdict::fatal;
}

void record_decision(TaskExecution& task_execution, const AttemptOutcome& outcome) {
  if (judge_hedge(*task_execution.policy().hedge, outcome) != HedgeVerdict::non_fatal)
    task_execution.decided = true;
}

// Waits for one more slot.
class SlotWaiter final : public SlotRequest {
 public:
  explicit SlotWaiter(Runtime& runtime) : parking(runtime) {}
  void granted() override { parking.wake(); }
  Parking parking;
};

// Gives a last task that names no time of its own kLastTaskTime once its group has been canceled.
class LastTaskTimeout {
 public:
  LastTaskTimeout(const Context& group, const Context& task)
      : scope_(with_cancel(task)),
        timer_(group.runtime(),
               [this] { scope_.second(Error::make(TimedOut{"", kLastTaskTime})); }),
        canceled_(group, [this] { timer_.set_after(kLastTaskTime); }) {}
  const Context& context() const { return scope_.first; }

 private:
  std::pair<Context, CancelFn> scope_;
  Timer timer_;
  CancelHook canceled_;
};

// Lines are shown without escape sequences. Without these, what stood apart may be a secret.
std::string masked_as_shown(std::string lines, const Masker& masker) {
  if (masker.empty() || lines.find('\x1b') == std::string::npos) return lines;
  std::string shown;
  for (std::string_view rest = lines; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string plain = plain_line(rest.substr(0, end));
    const std::string masked = masker.mask(plain);
    shown += masked == plain ? std::string(rest.substr(0, end)) : masked;
    if (end < rest.size()) shown += '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return shown;
}

bool needs_last_task_timeout(const TaskRun& run) {
  return run.is_last() && !run.task->policy->deadline && !run.task->timeout;
}

}  // namespace

SlotClaim Execution::claim_of(TaskRun& run) {
  const Policy& policy = *run.task->policy;
  SlotClaim claim{run.parent->limit, policy.weight, {}};
  for (const Lock& lock : policy.locks) claim.locks.emplace_back(&locks_[lock.limit], lock.count);
  for (const std::string& name : policy.lock_names) {
    claim.locks.emplace_back(&named_locks_[name], 1);
  }
  if (policy.interactive) claim.locks.emplace_back(&terminal_, 1);
  return claim;
}

// The context of all its attempts.
Context Execution::own_context(TaskRun& run, const Context& around) {
  const Policy& policy = *run.task->policy;
  Context own = around;
  if (policy.deadline) {
    const Error cause = Error::make(TimedOut{"", *policy.deadline, TimedOut::Kind::deadline});
    own = with_timeout(own, *policy.deadline, cause).first;
  }
  if (policy.service) {
    auto [serving, stop] = with_cancel(own);
    own = serving;
    run.stop = stop;
  }
  return own;
}

awaitable<Error> Execution::run_task(TaskRun& run, Context context) {
  if (const TaskRun* dead = dead_service(run)) {
    skip_for_need(run, *dead);
    slots_.release(run);
    co_return Error();
  }
  if (run.task->policy->service && !is_stream_ && is_unneeded(run)) {
    end_unstarted(run, TaskState::skipped, Error::text("nothing needs it any more"), true);
    slots_.release(run);
    co_return Error();
  }
  TaskExecution task_execution(run, now());
  Context own = run.is_last() ? last_context(*run.parent) : context;
  std::unique_ptr<LastTaskTimeout> last_task_timeout;
  if (needs_last_task_timeout(run)) {
    last_task_timeout = std::make_unique<LastTaskTimeout>(context, own);
    own = last_task_timeout->context();
  }
  own = own_context(run, own);
  if (run.task->impossible.empty()) {
    co_await run_with_retries(task_execution, own);
  } else {
    task_execution.last.verdict = {TaskState::failed, Error::text(run.task->impossible), 125};
  }
  run.stop.reset();
  task_execution.over = now();
  // A service has nothing to do with what has not run.
  const bool ran = task_execution.last.status.has_value();
  if (ran && is_failure(task_execution.last.verdict.state) && needs_services(run))
    co_await await_dying_services(run);
  const Error failure = end_task(task_execution, own);
  slots_.release(run);
  co_return failure;
}

// What few tasks want is in coroutines that others do not enter: each costs memory as long as the
// task runs.
awaitable<void> Execution::run_with_retries(TaskExecution& task_execution, Context context) {
  const bool retries = task_execution.policy().retry.count > 0;
  return retries ? retry_attempts(task_execution, std::move(context))
                 : try_once(task_execution, std::move(context));
}

// One attempt, or several that hedge each other.
awaitable<void> Execution::try_once(TaskExecution& task_execution, Context context) {
  const Policy& policy = task_execution.policy();
  task_execution.waits = false;
  if (policy.service) return serve(task_execution, std::move(context));
  const auto delay = policy.hedge ? hedge_delay(task_execution.task) : std::nullopt;
  if (delay) return run_hedged(task_execution, std::move(context), *delay);
  return attempt(task_execution, task_execution.last, std::move(context), false);
}

awaitable<void> Execution::retry_attempts(TaskExecution& task_execution, Context context) {
  const RetryRule& rule = task_execution.policy().retry;
  auto once = [this, &task_execution](Context inner, int index) {
    return run_try(task_execution, std::move(inner), index);
  };
  const std::uint64_t seed =
      options_.seed ^ std::hash<std::string>()(task_execution.task.full_name);
  RetryOptions options = retry_options(rule, seed);
  options.on_retry = [this, &task_execution](const Retrying& retrying) {
    task_execution.waits = true;
    const std::string why = retrying.error.message();
    const std::string what =
        task_execution.last.refused
            ? why
            : "attempt " + std::to_string(task_execution.attempts) + " failed (" + why + ")";
    notice(Notice::Level::info, &task_execution.task,
           what + "; the next in " + format_duration(retrying.delay));
  };
  (void)co_await retry(context, std::move(options), once);
  // A service whose next attempt never came, because nothing needs it any more, has failed: its
  // last attempt has.
  if (task_execution.waits && !context.cause().as<ServiceDone>())
    task_execution.last.verdict = judge_stopped(context);
}

awaitable<Error> Execution::run_try(TaskExecution& task_execution, Context context, int index) {
  const Policy& policy = task_execution.policy();
  if (index > 0 && !policy.service) {
    if (Error error = co_await reacquire_slot(task_execution.run, context)) co_return error;
  }
  co_await try_once(task_execution, context);
  const AttemptVerdict& verdict = task_execution.last.verdict;
  if (verdict.state == TaskState::succeeded) co_return Error();
  if (index < static_cast<int>(policy.retry.count)) slots_.release(task_execution.run);
  co_return Error::make(AttemptFailed{verdict, task_execution.last.status,
                                      task_execution.last.refused, task_execution.run.ready});
}

// `parking` is woken when the request is granted. False: the context was done first.
awaitable<bool> Execution::acquire(SlotRequest& request, Parking& parking, SlotClaim claim,
                                   Context context) {
  slots_.acquire(claim, request);
  CancelHook canceled(context, [&parking] { parking.wake(); });
  if (!request.holds_slot()) co_await parking.park();
  co_return request.holds_slot() && !context.done();
}

awaitable<Error> Execution::reacquire_slot(TaskRun& run, Context context) {
  Parking parking(context.runtime());
  run.resume = &parking;
  const bool granted = co_await acquire(run, parking, claim_of(run), context);
  run.resume = nullptr;
  if (granted) co_return Error();
  slots_.release(run);
  co_return context.done_error();
}

// ---- hedging

awaitable<void> Execution::run_hedged(TaskExecution& task_execution, Context context,
                                      Duration delay) {
  const HedgeRule& rule = *task_execution.policy().hedge;
  HedgeOptions<AttemptOutcome> options;
  options.max_attempts = static_cast<int>(rule.max_attempts);
  options.delay = delay;
  options.classify = [&rule](const Result<AttemptOutcome>& outcome) {
    return outcome ? judge_hedge(rule, *outcome) : HedgeVerdict::fatal;
  };
  task_execution.original.reset();
  task_execution.decided = false;
  auto one = [this, &task_execution](Context inner, int index) {
    return hedge_attempt(task_execution, std::move(inner), index);
  };
  Result<AttemptOutcome> outcome = co_await hedge<AttemptOutcome>(context, std::move(options), one);
  if (!outcome) {
    AttemptOutcome stopped;
    stopped.verdict = context.done() ? judge_stopped(context)
                                     : AttemptVerdict{TaskState::failed, outcome.error(), 1};
    stopped.refused = !context.done();
    stopped.held = std::move(task_execution.original);
    outcome = std::move(stopped);
  }
  if (outcome->held) {
    if (Error error = outcome->held->keep();
        error && outcome->verdict.state == TaskState::succeeded)
      outcome->verdict = {TaskState::failed, error, 1};
    outcome->held.reset();
  }
  task_execution.original.reset();
  task_execution.last = std::move(*outcome);
}

// The original has the task's slot; others take one of their own, but no locks: these are the
// task's. A slot that the decisive attempt gives back may be granted to a waiting one before the
// race has heard.
awaitable<Result<AttemptOutcome>> Execution::hedge_attempt(TaskExecution& task_execution,
                                                           Context context, int index) {
  if (index == 0) {
    AttemptOutcome outcome;
    co_await attempt(task_execution, outcome, context, true);
    record_decision(task_execution, outcome);
    slots_.release_slot(task_execution.run);
    if (outcome.refused) co_return std::unexpected(outcome.verdict.why);
    task_execution.original = outcome.held;
    co_return outcome;
  }
  SlotWaiter slot(context.runtime());
  SlotClaim claim{task_execution.run.parent->limit, task_execution.policy().weight, {}};
  const bool granted = co_await acquire(slot, slot.parking, std::move(claim), context);
  AttemptOutcome outcome;
  if (granted && task_execution.decided) co_await context.wait_done();
  if (granted && !context.done()) {
    co_await attempt(task_execution, outcome, context, true);
    record_decision(task_execution, outcome);
  } else {
    outcome.verdict = judge_stopped(context);
  }
  slots_.release(slot);
  co_return outcome;
}

// ---- the end

Error Execution::end_task(TaskExecution& task_execution, const Context& context) {
  const Task& task = task_execution.task;
  const AttemptVerdict& verdict = task_execution.last.verdict;
  TaskEnded ended;
  ended.task = &task;
  ended.state = verdict.state;
  ended.error = masked(verdict.why);
  ended.status = task_execution.last.status;
  ended.attempts = task_execution.attempts;
  ended.flaky = verdict.state == TaskState::succeeded && task_execution.first_failure;
  if (ended.flaky) ended.flaky_cause = task_execution.first_failure;
  ended.duration = task_execution.over - task_execution.began;
  ended.last_lines = masked_as_shown(std::move(task_execution.last.last_lines), *masker_);
  const Error failure = failure_of(task, {verdict.state, ended.error, verdict.shell_code});
  ended.allowed = failure && allows(task.policy->allow_failure, ended.status);
  task_execution.run.shell_code = verdict.shell_code;
  const bool fails = failure && !ended.allowed;
  const bool canceled = verdict.state == TaskState::canceled;
  end_with(task_execution.run, std::move(ended), failure);
  return fails ? failure : canceled ? context.done_error() : Error();
}

}  // namespace errand::detail
