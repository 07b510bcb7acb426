// SPDX-License-Identifier: Apache-2.0
#include "errand/run/verdict.h"

#include <algorithm>
#include <numeric>

#include "errand/events/failure.h"

namespace errand {
namespace {

constexpr int kTimedOut = 124;
constexpr int kBadInput = 125;
constexpr int kNotExecutable = 126;

GroupVerdict timed_out_group(const Task& task, const TimedOut& timeout) {
  const Error why = Error::text(timeout.message());
  if (task.full_name.empty()) return {TaskState::timed_out, Error::make(timeout), why};
  const Error own =
      Error::make(TaskFailure{task.full_name, TaskState::timed_out, timeout.message(), kTimedOut});
  return {TaskState::timed_out, own, why};
}

// Failures are counted, not collected: each has had its own event, and a stream may have millions.
GroupVerdict failed_group(const Task& task, const GroupTally& tally) {
  if (tally.input && task.mode != Mode::errgroup) {
    return {TaskState::failed, tally.input, tally.input};
  }
  if (task.mode == Mode::errgroup) {  // also one that a rule has halted
    const bool by_task = tally.first.as<TaskFailure>() != nullptr;
    return {TaskState::failed, tally.first, Error::text(cause_text(tally.first)), by_task};
  }
  const Error all = Error::make(TasksFailed{tally.failures, tally.total()});
  if (!task.full_name.empty()) {
    const Error own = Error::make(TaskFailure{task.full_name, TaskState::failed, all.message(), 1});
    return {TaskState::failed, own, all, true};
  }
  return {TaskState::failed, tally.failures == 1 ? tally.first : all, all, true};
}

}  // namespace

AttemptVerdict judge_stopped(const Context& limited) {
  const auto* timed_out = limited.cause().as<TimedOut>();
  if (timed_out && timed_out->owner.empty()) {
    return {TaskState::timed_out, Error::text(timed_out->message()), kTimedOut};
  }
  if (limited.cause().as<NotReady>()) {
    return {TaskState::failed, Error::text(limited.cause().message()), 1};
  }
  if (limited.cause().as<ServiceDone>()) return {};
  return {TaskState::canceled, Error::text(cause_text(limited.cause())), 0};
}

AttemptVerdict judge_attempt(const AttemptResult& result, const Policy& policy,
                             const Context& limited) {
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
  if (policy.service) {
    const int code = result.status->shell_code();
    return {TaskState::failed,
            Error::text("ended while it was needed (" + result.status->text() +
                        (result.out_of_memory ? ", out of memory)" : ")")),
            code == 0 ? 1 : code};
  }
  if (!is_in(policy.success_exit_codes, result.status)) {
    const int code = result.status->shell_code();
    const std::string text = result.status->text();
    // "command 2 of 3: exit 1" says it too.
    const bool says_more = result.error && result.error.message().ends_with(text);
    Error why = says_more ? result.error : Error::text(text);
    if (result.out_of_memory) why = Error::text(why.message() + " (out of memory)");
    return {TaskState::failed, why, code == 0 ? 1 : code};
  }
  if (result.error) return {TaskState::failed, result.error, 1};
  return {};
}

bool is_in(const std::vector<int>& codes, const std::optional<ExitStatus>& status) {
  return status && std::ranges::find(codes, status->shell_code()) != codes.end();
}

bool allows(const AllowFailure& rule, const std::optional<ExitStatus>& status) {
  return rule.any || is_in(rule.exit_codes, status);
}

Error failure_of(const Task& task, const AttemptVerdict& verdict) {
  if (!is_failure(verdict.state)) return {};
  return Error::make(
      TaskFailure{task.full_name, verdict.state, verdict.why.message(), verdict.shell_code});
}

void GroupTally::add(const TaskEnded& child) {
  ++ended[static_cast<std::size_t>(child.state)];
  if (child.allowed) ++allowed;
  if (child.excluded) ++excluded;
  if (child.state == TaskState::skipped && !child.excluded && !first_skipped) {
    first_skipped = child.error;
  }
}

std::size_t GroupTally::failed() const {
  return count(TaskState::failed) + count(TaskState::timed_out) - allowed;
}

std::size_t GroupTally::total() const {
  return std::accumulate(ended.begin(), ended.end(), std::size_t{0});
}

bool GroupTally::all_well() const {
  return !cut && failures == 0 && !input &&
         count(TaskState::succeeded) + allowed + excluded == total();
}

std::string group_label(const Task& group) {
  return group.full_name.empty() ? "the run" : "group '" + group.full_name + "'";
}

GroupVerdict judge_group(const Task& task, const GroupTally& tally, const Context& context,
                         const Error& first_cause) {
  if (tally.won || tally.all_well()) return {};
  const auto* timed_out = first_cause.as<TimedOut>();
  if (timed_out && timed_out->owner == group_label(task)) {
    return timed_out_group(task, *timed_out);
  }
  if (tally.first) return failed_group(task, tally);
  if (tally.halted) return {};
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
