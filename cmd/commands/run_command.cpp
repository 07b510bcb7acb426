// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/commands.h"
#include "cmd/input/input.h"
#include "cmd/print.h"
#include "cmd/resume/resume.h"
#include "cmd/session/environment.h"
#include "cmd/session/hedge_history.h"
#include "cmd/session/job_budget.h"
#include "cmd/session/session.h"
#include "cmd/session/signals.h"
#include "errand/plan/edit/shuffle.h"

namespace errand::cmd {
namespace {

// Returns the plan, shuffled if the options ask for it, and prints the seed then.
Plan shuffled(const RunCommand& command, Plan plan) {
  if (!command.shuffle) return plan;
  constexpr std::uint32_t kSeeds = 1'000'000;  // short enough to be typed
  const std::uint64_t seed = command.seed.value_or(random_number() % kSeeds);
  if (!command.quiet) {
    print_errors(
        {"errand: note: shuffled; --shuffle=" + std::to_string(seed) + " gives this order again"});
  }
  return shuffle(plan, seed);
}

}  // namespace

void note_dry_run(const RunCommand& command) {
  if (!command.quiet) print_errors({"errand: dry run: nothing was run"});
}

int run(RunCommand command) {
  ScopedGuardian guardian = command.dry_run ? nullptr : start_guardian(command);
  command.overrides.env = command.input.env;
  std::expected<Input, InputError> input = read_input(command.input, command.shell);
  if (!input) {
    print_errors(input.error().lines);
    return kErrandFailed;
  }
  if (command.dry_run && !std::holds_alternative<FilePlan>(*input)) {
    print_errors({"errand: a stream of tasks (JSON Lines) has no plan to print"});
    return kErrandFailed;
  }
  return perform(std::move(command), std::move(*input), std::move(guardian));
}

int perform(RunCommand command, Input input, ScopedGuardian guardian) {
  auto* file = std::get_if<FilePlan>(&input);
  if (!file && command.shuffle) {
    print_errors({"errand: tasks that arrive one after another cannot be shuffled"});
    return kErrandFailed;
  }
  if (!command.results.empty() && output_mode(command) == OutputMode::raw) {
    print_errors(
        {"errand: --results: with -o raw tasks write to errand's own output, past it; leave one "
         "of the two out"});
    return kErrandFailed;
  }
  const std::optional<Jobs> in_file = file ? file->plan.root().jobs : std::nullopt;
  JobBudget budget = job_budget(command.overrides.jobs, in_file);
  if (!command.overrides.jobs) command.overrides.jobs = budget.jobs;
  if (file) file->plan = apply(command.overrides, std::move(file->plan));
  if (file && !command.quiet) print_errors(file->notes);
  const Result<Resumed> resumed = resume(command, input);
  if (!resumed) {
    print_errors({"errand: " + resumed.error().message()});
    return kErrandFailed;
  }
  command.earlier = resumed->earlier;
  if (file) file->plan = shuffled(command, std::move(file->plan));
  if (file && command.dry_run) {
    const int status = print(
        file->file.empty() ? command_lines(file->plan)
                           : describe(file->plan, hedge_history(file->plan, origin_of(input))));
    if (status == 0) note_dry_run(command);
    return status;
  }
  if (file && !command.quiet) {
    const std::string note = no_hedge_note(file->plan, origin_of(input), command.journal);
    if (!note.empty()) print_errors({"errand: note: " + note});
  }
  if (!budget.note.empty() && !command.quiet) print_errors({"errand: note: " + budget.note});
  const CiSettings ci = ci_settings(command, output_mode(command));
  if (!ci.note.empty() && !command.quiet) print_errors({"errand: note: " + ci.note});
  Session::Outcome outcome;
  {
    Session session(std::move(command), std::move(input), std::move(budget), ci, guardian.get());
    outcome = session.run();
  }
  guardian.reset();  // before we die: nobody else is to wait for it
  return outcome.signal != 0 ? die_of(outcome.signal) : outcome.exit_status;
}

}  // namespace errand::cmd
