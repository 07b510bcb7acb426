// SPDX-License-Identifier: Apache-2.0
#include "errand/report/files/job_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "errand/base/escape_text.h"
#include "errand/shell/shell_quote.h"

namespace errand {
namespace {

constexpr std::string_view kColumns =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

// Of a file that has one, and only of a file: pipes and devices are not to be read.
std::optional<char> last_byte(const std::string& path) {
  struct ::stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char byte = 0;
  if (!file || ::pread(file.get(), &byte, 1, status.st_size - 1) != 1) return {};
  return byte;
}

struct Outcome {
  int exit_value = 0;
  int signal = 0;
};

// As GNU parallel tells it: what the process did, and -1 where errand ended it. What did not
// succeed never looks as if it had.
Outcome outcome_of(const AttemptEnded& attempt, TaskState task,
                   const JobLog::ShellCode& shell_code) {
  const bool stopped =
      attempt.state == TaskState::timed_out || attempt.state == TaskState::canceled;
  if (!attempt.status) return {stopped ? -1 : shell_code(attempt.error), 0};
  const int number = attempt.status->number();
  if (attempt.status->by_signal()) return {stopped ? -1 : 0, number};
  return {number == 0 && task != TaskState::succeeded ? -1 : number, 0};
}

// Did this one begin before that one ended?
bool overlaps(const AttemptEnded& attempt, WallTime time, WallTime other_end) {
  return time - std::chrono::duration_cast<WallTime::duration>(attempt.duration) < other_end;
}

}  // namespace

Result<std::unique_ptr<JobLog>> JobLog::open(Runtime& runtime, std::string_view path, Writer& out,
                                             ShellCode shell_code) {
  const bool appends = path.starts_with('+');
  std::string name(appends ? path.substr(1) : path);
  const std::optional<char> last = appends ? last_byte(name) : std::nullopt;
  const auto when = appends ? ReportFile::OpenMode::append : ReportFile::OpenMode::truncate;
  Result<ReportFile> file = ReportFile::open(runtime, std::move(name), when, out, "joblog");
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<JobLog> log(new JobLog(std::move(*file), std::move(shell_code)));
  if (!last) log->writer().write(kColumns);
  if (last && *last != '\n') log->writer().write("\n");  // of a line that a kill has cut off
  return log;
}

void JobLog::on(const RunEvent& event) {
  if (const auto* attempt = std::get_if<AttemptEnded>(&event.kind)) note(*attempt, event.time);
  if (const auto* ended = std::get_if<TaskEnded>(&event.kind)) {
    const auto last = last_.extract(ended->task->id);
    if (!last) return;
    writer().begin_line();
    writer().write(line_of(*ended, last.mapped()));
  }
}

// The last one of a task counts; of several at a time the one that decided, which ends first: the
// others are stopped then.
void JobLog::note(const AttemptEnded& attempt, WallTime time) {
  const auto found = last_.find(attempt.task->id);
  if (found != last_.end() && overlaps(attempt, time, found->second.time)) {
    const bool is_over = found->second.attempt.state == TaskState::succeeded;
    if (is_over || attempt.state == TaskState::canceled) return;
  }
  Ended ended{attempt, time};
  ended.attempt.output = {};  // may be large
  last_.insert_or_assign(attempt.task->id, std::move(ended));
}

std::string JobLog::line_of(const TaskEnded& task, const Ended& last) const {
  using std::chrono::milliseconds;
  const AttemptEnded& attempt = last.attempt;
  const WallTime began =
      last.time - std::chrono::duration_cast<WallTime::duration>(attempt.duration);
  const auto start = std::chrono::floor<milliseconds>(began.time_since_epoch()).count();
  const auto taken = std::chrono::round<milliseconds>(attempt.duration).count();
  const Outcome outcome = outcome_of(attempt, task.state, shell_code_);
  std::array<char, 200> columns;
  // As wide as GNU parallel's.
  std::snprintf(columns.data(), columns.size(), "%u\t:\t%lld.%03d\t%6lld.%03d\t0\t%llu\t%d\t%d\t",
                task.task->number, static_cast<long long>(start / 1000),
                static_cast<int>(start % 1000), static_cast<long long>(taken / 1000),
                static_cast<int>(taken % 1000), static_cast<unsigned long long>(attempt.out_bytes),
                outcome.exit_value, outcome.signal);
  return columns.data() + command_of(*task.task) + "\n";
}

// All of it in one line; not cut, as others may run it again.
std::string JobLog::command_of(const Task& task) {
  const Masker& masker = *task.masker;
  std::string text;
  const auto add = [&](const Run& run) {
    if (!text.empty()) text += ", then ";
    if (const auto* script = std::get_if<Script>(&run)) text += masker.mask(script->text);
    if (const auto* words = std::get_if<Argv>(&run)) {
      for (std::size_t i = 0; i < words->size(); ++i) {
        text += (i > 0 ? " " : "") + shell_quote_if_needed(masker.mask((*words)[i]));
      }
    }
  };
  add(task.run);
  for (const Run& run : task.policy->then) add(run);
  // Once more: a value may stand in several words.
  return masker.mask_message(escape_text(text));
}

}  // namespace errand
