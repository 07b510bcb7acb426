// SPDX-License-Identifier: Apache-2.0
//
// The one stream of events that a run is. Console, summary, reports and journal are readers of it;
// nothing else carries results.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "errand/base/error.h"
#include "errand/base/exit_status.h"
#include "errand/base/time.h"
#include "errand/base/usage.h"
#include "errand/plan/plan.h"

namespace errand {

using WallTime = std::chrono::system_clock::time_point;

enum class TaskState : std::uint8_t { succeeded, failed, timed_out, canceled, skipped };
std::string_view to_string(TaskState state);  // "timed_out": for programs
std::string_view in_words(TaskState state);   // "timed out": for people
constexpr bool is_failure(TaskState state) {
  return state == TaskState::failed || state == TaskState::timed_out;
}

// Where this run stands in a trace of W3C's Trace Context. Empty ids: in none.
struct TraceContext {
  std::string trace_id;   // 32 hexadecimal digits
  std::string parent_id;  // 16: the span that the run is in; empty: the trace begins here
  std::string flags = "00";
};

// A part of the file in which output is kept.
struct OutputPiece {
  std::uint64_t at = 0;
  std::uint64_t size = 0;
};
// What an attempt wrote, as far as it is kept.
struct KeptOutput {
  std::vector<OutputPiece> pieces;  // in order
  std::size_t head = 0;             // so many pieces are its beginning, the others its end
  std::uint64_t left_out = 0;       // bytes between the two
};

// How the tasks of a run can be run again.
struct Origin {
  std::string folder;  // in which errand ran
  std::string file;    // the task file, seen from there; empty: the tasks are in no file
  // The options of the run that change what one task does: "--var", "image=app:2".
  std::vector<std::string> task_options = {};
  // The words after `errand` that start the whole run again, beginning with the subcommand, without
  // -C and options that only change what is printed. Empty if they are not known.
  std::vector<std::string> command = {};
};

struct PriorResults;  // plan/edit/remaining_tasks.h

struct RunStarted {
  std::string id, name;
  Mode mode = Mode::errgroup;
  const Plan* plan = nullptr;  // null: tasks arrive as a stream
  unsigned jobs = 0;           // 0 = no limit
  TraceContext trace = {};
  Origin origin = {};
  // What still stands of the run that this one goes on with; null: of none.
  std::shared_ptr<const PriorResults> earlier = nullptr;
};

// A task's needs are met; it waits for a slot. Groups: their tasks may start.
struct TaskReady {
  const Task* task = nullptr;
};

struct AttemptStarted {
  const Task* task = nullptr;
  int attempt = 1;     // from 1
  int slot = 0;        // from 1, unique among running attempts; 0: a service, which takes none
  bool hedge = false;  // runs beside an attempt of the same task
  std::string span_id = {};  // in a trace; else empty
};

struct AttemptEnded {
  const Task* task = nullptr;
  int attempt = 1;
  TaskState state = TaskState::succeeded;
  std::optional<ExitStatus> status;  // none: it never ran
  Error error;                       // why it did not succeed
  Duration duration{};
  Usage usage;
  KeptOutput output = {};
  std::uint64_t out_bytes = 0;  // shown of its standard output
  std::string last_lines = {};  // of its output; bounded
};

// Groups end as tasks do, after their last task.
struct TaskEnded {
  const Task* task = nullptr;
  TaskState state = TaskState::succeeded;
  // Why it did not succeed, without the task's name: "exit 2", "timed out after 1s (the task's
  // timeout)", "lint failed (exit 2)" for a canceled one, "needs build: failed" for a skipped one.
  Error error;
  std::optional<ExitStatus> status;  // of the last attempt
  int attempts = 0;                  // 0: never started
  bool first_failure = false;        // the one that decides an errgroup's fate
  bool flaky = false;                // succeeded after a failed attempt
  Error flaky_cause = {};            // why its first failed attempt failed; empty unless flaky
  bool allowed = false;              // a failure that the file allows
  bool excluded = false;             // skipped because the file says so: `if`, `when`
  std::string succeeded_in;          // skipped because it has succeeded in the run with this id
  std::string same_as;               // shares the outcome of this task, which has an equal `key`
  Duration duration{};               // from its first attempt (a group: from becoming ready)
  std::string last_lines;            // of the last attempt's output; bounded
};

// How the text of a notice begins that tells of a task's leak: "left behind: sleep 300 (pid 7)".
inline constexpr std::string_view kLeftBehind = "left behind: ";

// Something worth telling that is no task's end.
struct Notice {
  enum class Level : std::uint8_t { info, warning };
  Level level = Level::info;
  const Task* task = nullptr;  // null: the run
  std::string text;
};

struct RunEnded {
  TaskState state = TaskState::succeeded;
  // Why the run did not succeed, the modes' rules applied: a TaskFailure or TasksFailed, or what
  // happened to the run itself: its timeout, a signal, input that cannot be read.
  Error error;
  bool by_tasks = false;  // `error` only repeats what the ends of tasks have said
  Error cause;            // of the run's cancellation, empty when there was none
  int exit_status = 0;    // contract: 0, the first failure's own, 1, 124, 126, 127, 128+signal
  Duration duration{};
};

using EventKind =
    std::variant<RunStarted, TaskReady, AttemptStarted, AttemptEnded, TaskEnded, Notice, RunEnded>;

struct RunEvent {
  WallTime time;           // readable by people
  Duration since_start{};  // on the monotonic clock, for arithmetic
  EventKind kind;
};

// Told of events, on the loop's thread, in order; answers nothing. A plan and its tasks are valid
// until RunEnded has been told; the tasks of a stream until their TaskEnded, and their ids are
// unique in the run. Whatever else an event points to is valid during the call only.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on(const RunEvent& event) = 0;
};

}  // namespace errand
