// SPDX-License-Identifier: Apache-2.0
//
// JobLog (--joblog FILE): a line for each task that has run, in GNU parallel's columns.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "errand/events/events.h"
#include "errand/io/report_file.h"

namespace errand {

// A line goes out in one piece at its task's end, so that a killed errand leaves whole lines.
// Groups and what never started have none.
class JobLog final : public Observer {
 public:
  // As ReportFile::open(); "+FILE" appends. What is new begins with the names of the columns. The
  // error reads "joblog 'x': No such file or directory". `shell_code` is what a shell would exit
  // with where a command cannot be started because of this error: 126 or 127.
  using ShellCode = std::function<int(const Error& error)>;
  static Result<std::unique_ptr<JobLog>> open(Runtime& runtime, std::string_view path, Writer& out,
                                              ShellCode shell_code);

  void on(const RunEvent& event) override;
  Writer& writer() { return file_.writer(); }
  // Await it after the run: everything is out, or why not.
  awaitable<Error> finish(Context context) { return file_.finish(std::move(context)); }

 private:
  struct Ended {
    AttemptEnded attempt;
    WallTime time;
  };
  JobLog(ReportFile file, ShellCode shell_code)
      : file_(std::move(file)), shell_code_(std::move(shell_code)) {}
  void note(const AttemptEnded& attempt, WallTime time);
  std::string line_of(const TaskEnded& task, const Ended& last) const;
  static std::string command_of(const Task& task);

  ReportFile file_;
  ShellCode shell_code_;
  std::unordered_map<TaskId, Ended> last_;  // the attempt that counts, of tasks that go on
};

}  // namespace errand
