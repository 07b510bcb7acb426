// SPDX-License-Identifier: Apache-2.0
#include "errand/resume.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "errand/base/escape_text.h"
#include "errand/commands.h"
#include "errand/environment.h"
#include "errand/journal/earlier_ends.h"
#include "errand/journal/earlier_runs.h"
#include "errand/journal/run_folder.h"
#include "errand/kept_run.h"
#include "errand/plan/resume.h"

namespace errand::cmd {
namespace {

bool is_command_line(const FilePlan& file) { return file.file.empty(); }

// Does the run know one of these tasks?
bool knows_any(const EarlierEnds& ends, const Plan& plan, Fingerprints fingerprints) {
  return std::ranges::any_of(plan.tasks().subspan(1), [&](const Task& task) {
    const std::uint64_t fingerprint = fingerprints.of(task);
    return ends.succeeded.contains(fingerprint) || ends.others.contains(fingerprint);
  });
}

// The newest run of the same tasks. Of a command line each one that knows some of them may be it.
Result<std::optional<EarlierEnds>> newest_ends(const Input& input, const std::string& folder) {
  const auto* file = std::get_if<FilePlan>(&input);
  for (const EarlierRun& run : earlier_runs(runs_folder(), origin_of(input), name_of(input))) {
    if (is_running(run.folder)) {
      return std::unexpected(Error::text("run " + run.id + " of these tasks still goes on"));
    }
    Result<EarlierEnds> ends = read_earlier_ends(kept_run_in(run.folder).events);
    if (!ends) return std::unexpected(ends.error());
    const bool is_it =
        !file || !is_command_line(*file) || knows_any(*ends, file->plan, Fingerprints(folder));
    if (is_it) return std::move(*ends);
  }
  return std::nullopt;
}

Result<std::optional<EarlierEnds>> find_ends(const ResumeRequest& request, const Input& input,
                                             const std::string& folder) {
  if (request.run == "last") return newest_ends(input, folder);
  const Result<KeptRun> run = find_kept_run(request.run);
  if (!run) return std::unexpected(run.error());
  if (!run->folder.empty() && is_running(run->folder)) {
    return std::unexpected(Error::text("run '" + request.run + "' still goes on"));
  }
  Result<EarlierEnds> ends = read_earlier_ends(run->events);
  if (!ends) return std::unexpected(ends.error());
  return std::move(*ends);
}

std::string counted(const Plan& plan) {
  std::size_t tasks = 0, run = 0;
  for (const Task& task : plan.tasks()) {
    if (task.is_group) continue;
    ++tasks;
    if (!task.settled) ++run;
  }
  return ": " + std::to_string(run) + " of " + std::to_string(tasks) +
         (tasks == 1 ? " task" : " tasks");
}

}  // namespace

Error resume(const RunCommand& command, Input& input) {
  if (!command.resume) return {};
  const ResumeRequest& request = *command.resume;
  const bool failed_ones = request.again == Again::failed;
  const std::string folder = current_folder();
  Result<std::optional<EarlierEnds>> ends = find_ends(request, input, folder);
  if (!ends) return Error::wrap(failed_ones ? "--failed" : "--resume", ends.error());
  if (!*ends && failed_ones) return Error::text("--failed: no earlier run of these tasks is kept");
  const auto note = [&command](const std::string& text) {
    if (!command.quiet) complain({"errand: note: " + escape_text(text)});
  };
  if (!*ends) {
    note("no earlier run of these tasks is kept; all of them run");
    return {};
  }
  const std::string run = (*ends)->id;
  const std::string what = failed_ones ? "only what failed in run " + run + " runs again"
                                       : "only what is left of run " + run + " runs";
  const bool none_failed = failed_ones && (*ends)->failed.empty();
  std::string count;
  if (auto* file = std::get_if<FilePlan>(&input)) {
    file->plan = errand::resume(std::move(file->plan), **ends, request.again, Fingerprints(folder));
    count = counted(file->plan);
  } else {
    Resumption resumption(std::move(**ends), request.again, Fingerprints(folder));
    if (auto* stream = std::get_if<TaskStream>(&input)) stream->resumption = std::move(resumption);
    if (auto* exec = std::get_if<ExecStream>(&input)) exec->resumption = std::move(resumption);
  }
  note(none_failed ? "nothing failed in run " + run + "; --resume runs what has not succeeded"
                   : what + count);
  return {};
}

Origin origin_of(const Input& input) {
  const auto* file = std::get_if<FilePlan>(&input);
  const bool is_file = file && file->file != "<stdin>";
  return {current_folder(), is_file ? file->file : std::string()};
}

std::string name_of(const Input& input) {
  if (const auto* file = std::get_if<FilePlan>(&input)) return file->plan.root().name;
  const auto* stream = std::get_if<TaskStream>(&input);
  return stream ? stream->options.name : "exec";
}

}  // namespace errand::cmd
