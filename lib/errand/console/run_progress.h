// SPDX-License-Identifier: Apache-2.0
//
// RunProgress: what a run is doing at a moment, in one line.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "errand/events/events.h"
#include "errand/events/root_failures.h"

namespace errand {

// A reader of events; memory grows with the tasks that have started and not ended. Times are since
// the run's start.
class RunProgress final : public Observer {
 public:
  void on(const RunEvent& event) override;

  // "4 running, 24 waiting, 12/40 done, 2 failed, 1 warning, 1m5s, ETA 2m10s, longest: lint 45s".
  // What is zero is left out, but for what runs. Escaped.
  std::string text(Duration now) const;
  // How long the rest may take, judged by the tasks that have ended; none when nothing can be said.
  std::optional<Duration> remaining(Duration now) const;
  // Has it begun, and not ended?
  bool active() const { return active_; }
  bool running() const { return running_ > 0; }

 private:
  struct Started {
    const Task* task = nullptr;
    Duration since{};  // its first attempt
    int attempts = 0;  // in flight
  };

  struct FailureCount {
    std::size_t count = 0;
    bool empty() const { return count == 0; }
    void merge(FailureCount later) { count += later.count; }
  };

  void begin(const RunStarted& started);
  void end(const TaskEnded& ended);
  void attempt_ended(const Task& task);
  const Started* longest() const;
  std::size_t waiting() const;

  bool active_ = false;
  bool all_known_ = false;  // a plan; else tasks arrive
  std::size_t known_ = 0, ended_ = 0, failed_ = 0, warnings_ = 0;
  std::size_t running_ = 0;  // tasks with an attempt in flight
  std::unordered_map<TaskId, Started> started_;
  RootFailures<FailureCount> open_;  // of groups that have not ended
  // Of those that had attempts and have ended.
  Duration measured_{};
  std::int64_t measured_count_ = 0;
};

}  // namespace errand
