// SPDX-License-Identifier: Apache-2.0
#include "cmd/resume/resume.h"
#include "cmd/print.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cmd/commands/commands.h"
#include "cmd/resume/stored_run.h"
#include "cmd/session/environment.h"
#include "errand/base/escape_text.h"
#include "errand/journal/earlier_ends.h"
#include "errand/journal/earlier_runs.h"
#include "errand/journal/run_folder.h"
#include "errand/plan/edit/remaining_tasks.h"

namespace errand::cmd {
namespace {

bool is_command_line(const FilePlan& file) { return file.file.empty(); }

// Does the run know one of these tasks?
bool knows_any(const PriorResults& ends, const Plan& plan, Fingerprints fingerprints) {
  return std::ranges::any_of(plan.tasks().subspan(1), [&](const Task& task) {
    return ends.known.contains(fingerprints.of(task));
  });
}

// A run that nobody else goes on with while we hold it.
struct LockedRun {
  PriorResults ends;
  UniqueFd lock;
};

// None: it knows none of the tasks `wanted`; null there: it is meant whatever it knows.
Result<std::optional<LockedRun>> lock_stored_run(const StoredRun& run, const std::string& name,
                                                 const Plan* wanted, const std::string& folder) {
  Result<UniqueFd> lock = run.folder.empty() ? UniqueFd() : lock_run(run.folder);
  Result<PriorResults> ends = read_prior_results(run.events);
  if (wanted && (!ends || !knows_any(*ends, *wanted, Fingerprints(folder)))) return std::nullopt;
  if (!lock) return std::unexpected(Error::text("run " + name + " still goes on"));
  if (!ends) return std::unexpected(ends.error());
  return LockedRun{std::move(*ends), std::move(*lock)};
}

// The newest run of the same tasks. Of a command line it is the first of some that knows one of
// them, and never the one that we are a task of.
Result<std::optional<LockedRun>> lock_newest_run(const Input& input, const std::string& folder) {
  constexpr int kCommandLinesMax = 5;
  const Result<std::string> runs = require_runs_folder();
  if (!runs) return std::unexpected(runs.error());
  const auto* file = std::get_if<FilePlan>(&input);
  const Plan* const wanted = file && is_command_line(*file) ? &file->plan : nullptr;
  int looked_at = 0;
  for (const EarlierRun& run : earlier_runs(*runs, origin_of(input), name_of(input), kAllLogs)) {
    if (run.id == variable("ERRAND_RUN_ID")) continue;
    if (wanted && ++looked_at > kCommandLinesMax) break;
    Result<std::optional<LockedRun>> locked =
        lock_stored_run(stored_run_in(run.folder), run.id, wanted, folder);
    if (!locked || *locked) return locked;
  }
  return std::nullopt;
}

Result<std::optional<LockedRun>> lock_requested_run(const ResumeRequest& request,
                                                    const Input& input, const std::string& folder) {
  if (request.run == "last") return lock_newest_run(input, folder);
  const Result<StoredRun> run = find_stored_run(request.run);
  if (!run) return std::unexpected(run.error());
  return lock_stored_run(*run, "'" + request.run + "'", nullptr, folder);
}

std::string task_counts(const Plan& plan) {
  std::size_t tasks = 0, run = 0;
  for (const Task& task : plan.tasks()) {
    if (task.is_group) continue;
    ++tasks;
    if (!task.earlier_result && task.excluded.empty()) ++run;
  }
  return ": " + std::to_string(run) + " of " + std::to_string(tasks) +
         (tasks == 1 ? " task" : " tasks");
}

// Green would be a lie when the run did not come to its end, or was stopped.
Error check_failures(const PriorResults& ends) {
  if (!ends.failed.empty() || ends.run_succeeded) return {};
  return Error::text("nothing failed in run " + ends.id + ", but it " +
                     (ends.finished ? "did not succeed either" : "has no end") +
                     "; --resume runs what has not succeeded");
}

// Marks what is settled; what is told of it: how many tasks run.
std::string mark_remaining(Input& input, const PriorResults& ends, RerunScope scope,
                           Fingerprints fingerprints) {
  if (auto* file = std::get_if<FilePlan>(&input)) {
    file->plan = mark_remaining_tasks(std::move(file->plan), ends, scope, std::move(fingerprints));
    return task_counts(file->plan);
  }
  RemainingTasks remaining(ends, scope, std::move(fingerprints));
  if (auto* stream = std::get_if<TaskStream>(&input)) stream->remaining = std::move(remaining);
  if (auto* exec = std::get_if<ExecStream>(&input)) exec->remaining = std::move(remaining);
  return {};
}

}  // namespace

Result<Resumed> resume(const RunCommand& command, Input& input) {
  if (!command.resume) return Resumed();
  const ResumeRequest& request = *command.resume;
  const bool failed_ones = request.scope == RerunScope::failed;
  const std::string option = failed_ones ? "--failed" : "--resume";
  const std::string folder = current_folder();
  const auto note = [&command](const std::string& text) {
    if (!command.quiet) print_errors({"errand: note: " + escape_text(text)});
  };
  Result<std::optional<LockedRun>> locked = lock_requested_run(request, input, folder);
  if (!locked) return std::unexpected(Error::wrap(option, locked.error()));
  if (!*locked && failed_ones) {
    return std::unexpected(Error::text("--failed: no earlier run of these tasks is kept"));
  }
  if (!*locked) {
    note("no earlier run of these tasks is kept; all of them run");
    return Resumed();
  }
  PriorResults& ends = (*locked)->ends;
  if (Error error = failed_ones ? check_failures(ends) : Error()) {
    return std::unexpected(Error::wrap(option, error));
  }
  const std::string count = mark_remaining(input, ends, request.scope, Fingerprints(folder));
  const std::string what = failed_ones ? "only what failed in run " + ends.id + " runs again"
                                       : "only what is left of run " + ends.id + " runs";
  const bool none_failed = failed_ones && ends.failed.empty();
  note(none_failed ? "nothing failed in run " + ends.id : what + count);
  if (const auto* file = std::get_if<FilePlan>(&input)) {
    ends = remaining_results(std::move(ends), file->plan, Fingerprints(folder));
  }
  return Resumed{std::make_shared<const PriorResults>(std::move(ends)), std::move((*locked)->lock)};
}

Origin origin_of(const Input& input) {
  const auto* file = std::get_if<FilePlan>(&input);
  std::error_code unknown;
  const bool is_file = file && std::filesystem::is_regular_file(file->file, unknown);
  const std::shared_ptr<const Masker> masker = masker_of(input);
  return {masker->mask_message(current_folder()),
          is_file ? masker->mask_message(file->file) : std::string()};
}

std::string name_of(const Input& input) {
  if (const auto* file = std::get_if<FilePlan>(&input)) return file->plan.root().name;
  const auto* stream = std::get_if<TaskStream>(&input);
  return stream ? stream->options.name : "exec";
}

}  // namespace errand::cmd
