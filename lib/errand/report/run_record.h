// SPDX-License-Identifier: Apache-2.0
//
// A whole run as a value: what all reports that are written at its end are made of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "errand/events/events.h"

namespace errand {

struct AttemptRecord {
  int number = 1;
  int slot = 0;  // 0: a service
  bool hedge = false;
  bool ended = false;
  TaskState state = TaskState::succeeded;
  std::optional<ExitStatus> status;
  std::string cause;    // why it did not succeed
  std::string span_id;  // in a trace; else empty
  Duration began{};     // since the run's start
  Duration duration{};
  Usage usage;
  KeptOutput output;
  std::string last_lines;  // of its output
};

struct TaskRecord {
  std::string name;  // the full name
  std::string command;
  std::vector<std::size_t> needs;     // indices of RunRecord::tasks
  std::optional<std::size_t> parent;  // none: the run itself
  bool group = false;
  bool service = false;
  bool ended = false;  // false only in the record of a run that has not ended
  TaskState state = TaskState::canceled;
  bool first_failure = false, flaky = false, allowed = false, excluded = false;
  std::optional<ExitStatus> status;
  std::string cause, succeeded_in, same_as, last_lines;
  std::optional<Duration> ready;  // since the run's start; none: it never was
  Duration duration{};
  std::vector<AttemptRecord> attempts;  // in the order of their starts
};

struct NoticeRecord {
  Notice::Level level = Notice::Level::info;
  std::string task;  // empty: the run
  std::string text;
  Duration at{};
};

struct RunRecord {
  std::string id, name;
  Mode mode = Mode::errgroup;
  unsigned jobs = 0;  // 0 = no limit
  TraceContext trace;
  WallTime started;
  bool ended = false;  // false: errand was killed, or runs still
  TaskState state = TaskState::canceled;
  std::string cause;
  int exit_status = 0;
  Duration duration{};            // of one that has not ended: until the last event
  std::vector<TaskRecord> tasks;  // of a plan in file order, groups too; of a stream as they came,
                                  // unless some are left out
  std::array<std::size_t, 5> left_out{};  // of a stream: tasks that are only counted, by state
  std::vector<NoticeRecord> notices;      // at most RunRecorder::kNoticesMax
};

// Beginning and end of a task's work, since the run's start.
struct Span {
  Duration began{}, ended{};
};
// None: it has never started.
std::optional<Span> span_of(const TaskRecord& task, const RunRecord& run);

// Of all attempts.
Usage usage_of(const TaskRecord& task);

// The tasks that decided how long the run took: from the one that ended last back to what it waited
// for longest, in the order of time.
std::vector<std::size_t> critical_path(const RunRecord& run);

// Collects the record while the run goes on. Every task of the plan is in it once the run has
// ended, the ones that never started too.
class RunRecorder final : public Observer {
 public:
  static constexpr std::size_t kNoticesMax = 1000;

  RunRecorder() = default;
  // Of a stream, which may have no end, only so many tasks that went well are in the record, and
  // only so many others; the rest is counted.
  explicit RunRecorder(std::size_t tasks_max) : tasks_max_(tasks_max) {}
  void on(const RunEvent& event) override;
  const RunRecord& record() const { return record_; }

 private:
  void take(const RunEvent& event, const RunStarted& started);
  void take(const RunEvent& event, const TaskReady& ready);
  void take(const RunEvent& event, const AttemptStarted& started);
  void take(const RunEvent& event, const AttemptEnded& ended);
  void take(const RunEvent& event, const TaskEnded& ended);
  void take(const RunEvent& event, const Notice& notice);
  void take(const RunEvent& event, const RunEnded& ended);
  void define(const Task& task, TaskRecord& record);
  TaskRecord& entry(const Task& task);
  void end_streamed(const Task& task);

  const std::size_t tasks_max_ = std::numeric_limits<std::size_t>::max();
  RunRecord record_;
  bool is_stream_ = false;
  std::map<TaskId, std::size_t> live_;   // of a stream: where tasks that have not ended are
  std::vector<std::size_t> free_;        // and places of tasks that are left out
  std::size_t well_ = 0, not_well_ = 0;  // tasks of a stream in the record that have ended
};

}  // namespace errand
