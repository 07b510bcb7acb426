// SPDX-License-Identifier: Apache-2.0
//
// ResultFolder (--results DIR): what each task writes and how it ended, in a folder of its own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "errand/events/events.h"
#include "errand/events/output.h"
#include "errand/io/result_files.h"
#include "errand/io/spill.h"

namespace errand {

// DIR/GROUP/TASK has stdout and stderr, there from the task's start and written as output comes,
// and from its end on result.json. Each attempt begins the files anew; of hedges the one that
// counts has them. Tasks that never start have no folder. Memory: that of tasks that run.
//
// Passes everything on to another target. What cannot be kept fails its attempt; finish() tells of
// the rest.
class ResultFolder final : public OutputTarget, public Observer {
 public:
  // The others outlive it. The error says why the folder cannot be written.
  static Result<std::unique_ptr<ResultFolder>> open(const std::string& folder, OutputTarget& next,
                                                    SpillSpace& space);
  ~ResultFolder() override;

  // Apart, also where the other would merge them: it then gets both as one, in the order of
  // reading. Not for a target that inherits.
  Capture capture() const override { return Capture::separate; }
  std::unique_ptr<OutputSink> open(const Task& task, int attempt) override;
  std::unique_ptr<HeldSink> hold(const Task& task, int attempt) override;
  void on(const RunEvent& event) override;

  // The first failure that no attempt has told of.
  const Error& finish() const { return error_; }

 private:
  struct TaskFolder;
  class Sink;
  class HeldFileSink;

  ResultFolder(ResultFiles files, OutputTarget& next, SpillSpace& space);
  void begin(const RunStarted& started);
  void end(const TaskEnded& ended, WallTime time);
  std::string result_of(const TaskEnded& ended, WallTime time);
  std::shared_ptr<TaskFolder> task_folder_of(const Task& task);
  Error take_folder(const Task& task, std::string& path);
  std::string path_of(const Task& task) const;
  void begin_files(TaskFolder& task_folder);
  Error append(TaskFolder& task_folder, StdStream stream, std::string_view bytes);
  StdStream shown(StdStream stream) const { return merges_ ? StdStream::out : stream; }

  ResultFiles files_;
  OutputTarget& next_;
  SpillSpace& space_;
  const bool merges_;
  const Plan* plan_ = nullptr;  // null: a stream
  std::string mark_;            // with which result.json begins in this run
  std::unordered_map<TaskId, std::shared_ptr<TaskFolder>>
      task_folders_;                       // of tasks that have not ended
  std::unordered_set<std::string> taken_;  // their paths
  Error error_;
};

}  // namespace errand
