// SPDX-License-Identifier: Apache-2.0
#include "errand/run/verdict.h"

#include <numeric>

#include "errand/run/failure.h"

namespace errand {
namespace {

constexpr int kTimedOut = 124;
constexpr int kBadInput = 125;
constexpr int kNotExecutable = 126;

AttemptVerdict judge_stopped(const Context& limited) {
  const auto* timed_out = limited.cause().as<TimedOut>();
  if (timed_out && timed_out->whose.empty()) {
    return {TaskState::timed_out, Error::text(timed_out->message()), kTimedOut};
  }
  return {TaskState::canceled, Error::text(cause_text(limited.cause())), 0};
}

std::string tasks(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " task" : " tasks");
}

GroupVerdict timed_out_group(const Task& task, const GroupTally& tally, const TimedOut& timeout) {
  const Error why = Error::text(timeout.message());
  const Error own = task.full_name.empty()
                        ? Error::make(timeout)
                        : Error::make(TaskFailure{task.full_name, TaskState::timed_out,
                                                  timeout.message(), kTimedOut});
  std::vector<Error> errors = {own};
  errors.insert(errors.end(), tally.failures.begin(), tally.failures.end());
  return {TaskState::timed_out, Aggregate::reduce(Aggregate::make(std::move(errors))), why};
}

GroupVerdict failed_group(const Task& task, const GroupTally& tally) {
  if (task.mode == Mode::errgroup) {
    return {TaskState::failed, tally.first, Error::text(cause_text(tally.first))};
  }
  const std::string what =
      std::to_string(tally.failures.size()) + " of " + tasks(tally.total()) + " failed";
  const Error all = Aggregate::make(tally.failures);
  if (task.full_name.empty()) return {TaskState::failed, all, Error::text(what)};
  const Error own = Error::make(TaskFailure{task.full_name, TaskState::failed, what, 1});
  return {TaskState::failed, Error::caused(own, all), Error::text(what)};
}

}  // namespace

AttemptVerdict judge_attempt(const AttemptResult& result, const Context& limited) {
  const bool never_ran = !result.status && !result.error;
  // Nobody canceled it: it was stopped because of this error, its output could not be kept.
  if (result.stopped && result.error && !limited.done()) {
    return {TaskState::failed, result.error, 1};
  }
  if (result.stopped || never_ran) return judge_stopped(limited);
  if (!result.status) {
    const auto* reason = result.error.as<NotExecutable>();
    return {TaskState::failed, result.error, reason ? reason->shell_code : kNotExecutable};
  }
  if (!result.status->success()) {
    return {TaskState::failed, Error::text(result.status->text()), result.status->shell_code()};
  }
  if (result.error) return {TaskState::failed, result.error, 1};
  return {};
}

Error failure_of(const Task& task, const AttemptVerdict& verdict) {
  if (verdict.state != TaskState::failed && verdict.state != TaskState::timed_out) return {};
  return Error::make(
      TaskFailure{task.full_name, verdict.state, verdict.why.message(), verdict.shell_code});
}

void GroupTally::add(TaskState state, const Error& why) {
  ++ended[static_cast<std::size_t>(state)];
  if (state == TaskState::skipped && !first_skipped) first_skipped = why;
}

std::size_t GroupTally::total() const {
  return std::accumulate(ended.begin(), ended.end(), std::size_t{0});
}

std::string group_label(const Task& group) {
  return group.full_name.empty() ? "the run" : "group '" + group.full_name + "'";
}

GroupVerdict judge_group(const Task& task, const GroupTally& tally, const Context& context,
                         const Error& first_cause) {
  if (tally.count(TaskState::succeeded) == tally.total() && tally.failures.empty()) return {};
  const auto* timed_out = first_cause.as<TimedOut>();
  if (timed_out && timed_out->whose == group_label(task)) {
    return timed_out_group(task, tally, *timed_out);
  }
  if (tally.first) return failed_group(task, tally);
  if (context.done()) {
    const Error cause = context.cause();
    const Error why = Error::text(cause_text(cause));
    return {TaskState::canceled, task.full_name.empty() ? cause : Error::wrap(task.full_name, why),
            why};
  }
  return {TaskState::skipped, Error::wrap(group_label(task), tally.first_skipped),
          tally.first_skipped};
}

int run_exit_status(const Task& root, const GroupVerdict& verdict, const Error& cause) {
  if (const auto* signal = cause.as<SignalReceived>()) return 128 + signal->number;
  if (verdict.state == TaskState::succeeded) return 0;
  if (verdict.error.as<InputFailure>()) return kBadInput;
  if (verdict.state == TaskState::timed_out) return kTimedOut;
  const auto* failure = verdict.error.as<TaskFailure>();
  return root.mode == Mode::errgroup && failure ? failure->shell_code : 1;
}

}  // namespace errand
