// SPDX-License-Identifier: Apache-2.0
//
// One task on its way through its policies: deadline(retry(hedge(timeout(attempt)))).
#include <functional>

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
  bool refused = false;  // by a breaker, which may have closed by the next time
  std::string message() const { return verdict.why.message(); }
};

// What could not be started at all will not start the next time either.
bool worth_another_try(const RetryRule& rule, const AttemptFailed& failed) {
  if (failed.refused) return true;
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
    return failed && worth_another_try(rule, *failed);
  };
  return options;
}

Verdict judge_hedge(const HedgeRule& rule, const AttemptOutcome& outcome) {
  if (outcome.verdict.state == TaskState::succeeded) return Verdict::win;
  if (outcome.refused) return Verdict::non_fatal;  // whatever runs may still win
  const bool ran = outcome.status || outcome.verdict.state == TaskState::timed_out;
  if (rule.non_fatal_exit.empty()) return ran ? Verdict::non_fatal : Verdict::fatal;
  return is_in(rule.non_fatal_exit, outcome.status) ? Verdict::non_fatal : Verdict::fatal;
}

void note_decision(Course& course, const AttemptOutcome& outcome) {
  if (judge_hedge(*course.policy().hedge, outcome) != Verdict::non_fatal) course.decided = true;
}

// Waits for one more slot.
class SlotWaiter final : public SlotRequest {
 public:
  explicit SlotWaiter(Runtime& runtime) : parking(runtime) {}
  void granted() override { parking.wake(); }
  Parking parking;
};

// Gives a last task that names no time of its own kLastTaskTime once its group has been canceled.
class Patience {
 public:
  Patience(const Context& group, const Context& task)
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

bool needs_patience(const TaskRun& run) {
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
    if (unneeded(run)) stop_service(run);
  }
  return own;
}

awaitable<Error> Execution::run_task(TaskRun& run, Context context) {
  Course course(run, now());
  Context own = run.is_last() ? last_context(*run.parent) : context;
  std::unique_ptr<Patience> patience;
  if (needs_patience(run)) {
    patience = std::make_unique<Patience>(context, own);
    own = patience->context();
  }
  own = own_context(run, own);
  co_await try_as_told(course, own);
  run.stop.reset();
  const Error failure = end_course(course, own);
  slots_.release(run);
  co_return failure;
}

// What few tasks want is in coroutines that others do not enter: each costs memory as long as the
// task runs.
awaitable<void> Execution::try_as_told(Course& course, Context context) {
  const bool retries = course.policy().retry.count > 0;
  return retries ? retried(course, std::move(context)) : try_once(course, std::move(context));
}

// One attempt, or several that hedge each other.
awaitable<void> Execution::try_once(Course& course, Context context) {
  const Policy& policy = course.policy();
  course.waits = false;
  if (policy.service) return serve(course, std::move(context));
  const auto delay = policy.hedge ? hedge_delay(course.task) : std::nullopt;
  if (delay) return hedged(course, std::move(context), *delay);
  return attempt(course, course.last, std::move(context), false);
}

awaitable<void> Execution::retried(Course& course, Context context) {
  const RetryRule& rule = course.policy().retry;
  auto once = [this, &course](Context inner, int index) {
    return try_again(course, std::move(inner), index);
  };
  const std::uint64_t seed = options_.seed ^ std::hash<std::string>()(course.task.full_name);
  RetryOptions options = retry_options(rule, seed);
  options.on_retry = [this, &course](const Retrying& retrying) {
    course.waits = true;
    const std::string why = retrying.error.message();
    const std::string what = course.last.refused ? why
                                                 : "attempt " + std::to_string(course.attempts) +
                                                       " failed (" + why + ")";
    notice(Notice::Level::info, &course.task,
           what + "; the next in " + format_duration(retrying.delay));
  };
  (void)co_await retry(context, std::move(options), once);
  if (course.waits) course.last.verdict = judge_stopped(context);
}

awaitable<Error> Execution::try_again(Course& course, Context context, int index) {
  const Policy& policy = course.policy();
  if (index > 0 && !policy.service) {
    if (Error error = co_await slot_again(course.run, context)) co_return error;
  }
  co_await try_once(course, context);
  const AttemptVerdict& verdict = course.last.verdict;
  if (verdict.state == TaskState::succeeded) co_return Error();
  if (index < static_cast<int>(policy.retry.count)) slots_.release(course.run);
  co_return Error::make(AttemptFailed{verdict, course.last.status, course.last.refused});
}

// `parking` is woken when the request is granted. False: the context was done first.
awaitable<bool> Execution::acquire(SlotRequest& request, Parking& parking, SlotClaim claim,
                                   Context context) {
  slots_.acquire(claim, request);
  CancelHook canceled(context, [&parking] { parking.wake(); });
  if (!request.holds_slot()) co_await parking.park();
  co_return request.holds_slot() && !context.done();
}

awaitable<Error> Execution::slot_again(TaskRun& run, Context context) {
  Parking parking(context.runtime());
  run.resume = &parking;
  const bool granted = co_await acquire(run, parking, claim_of(run), context);
  run.resume = nullptr;
  if (granted) co_return Error();
  slots_.release(run);
  co_return context.done_error();
}

// ---- hedging

awaitable<void> Execution::hedged(Course& course, Context context, Duration delay) {
  const HedgeRule& rule = *course.policy().hedge;
  HedgeOptions<AttemptOutcome> options;
  options.max_attempts = static_cast<int>(rule.max_attempts);
  options.delay = delay;
  options.classify = [&rule](const Result<AttemptOutcome>& outcome) {
    return outcome ? judge_hedge(rule, *outcome) : Verdict::fatal;
  };
  course.original.reset();
  course.decided = false;
  auto one = [this, &course](Context inner, int index) {
    return hedge_attempt(course, std::move(inner), index);
  };
  Result<AttemptOutcome> outcome = co_await hedge<AttemptOutcome>(context, std::move(options), one);
  if (!outcome) {
    AttemptOutcome stopped;
    stopped.verdict = context.done() ? judge_stopped(context)
                                     : AttemptVerdict{TaskState::failed, outcome.error(), 1};
    stopped.refused = !context.done();
    stopped.held = std::move(course.original);
    outcome = std::move(stopped);
  }
  if (outcome->held) {
    if (Error error = outcome->held->keep();
        error && outcome->verdict.state == TaskState::succeeded)
      outcome->verdict = {TaskState::failed, error, 1};
    outcome->held.reset();
  }
  course.original.reset();
  course.last = std::move(*outcome);
}

// The original has the task's slot; others take one of their own, but no locks: these are the
// task's. A slot that the decisive attempt gives back may be granted to a waiting one before the
// race has heard.
awaitable<Result<AttemptOutcome>> Execution::hedge_attempt(Course& course, Context context,
                                                           int index) {
  if (index == 0) {
    AttemptOutcome outcome;
    co_await attempt(course, outcome, context, true);
    note_decision(course, outcome);
    slots_.release_slot(course.run);
    if (outcome.refused) co_return std::unexpected(outcome.verdict.why);
    course.original = outcome.held;
    co_return outcome;
  }
  SlotWaiter slot(context.runtime());
  SlotClaim claim{course.run.parent->limit, course.policy().weight, {}};
  const bool granted = co_await acquire(slot, slot.parking, std::move(claim), context);
  AttemptOutcome outcome;
  if (granted && course.decided) co_await context.wait_done();
  if (granted && !context.done()) {
    co_await attempt(course, outcome, context, true);
    note_decision(course, outcome);
  } else {
    outcome.verdict = judge_stopped(context);
  }
  slots_.release(slot);
  co_return outcome;
}

// ---- the end

Error Execution::end_course(Course& course, const Context& context) {
  const Task& task = course.task;
  const AttemptVerdict& verdict = course.last.verdict;
  TaskEnded ended;
  ended.task = &task;
  ended.state = verdict.state;
  ended.error = masked(verdict.why);
  ended.status = course.last.status;
  ended.attempts = course.attempts;
  ended.flaky = verdict.state == TaskState::succeeded && course.has_failed;
  ended.duration = now() - course.began;
  ended.last_lines = std::move(course.last.last_lines);
  const Error failure = failure_of(task, {verdict.state, ended.error, verdict.shell_code});
  ended.allowed = failure && allows(task.policy->allow_failure, ended.status);
  course.run.shell_code = verdict.shell_code;
  const bool fails = failure && !ended.allowed;
  const bool canceled = verdict.state == TaskState::canceled;
  end_with(course.run, std::move(ended), failure);
  return fails ? failure : canceled ? context.done_error() : Error();
}

}  // namespace errand::detail
