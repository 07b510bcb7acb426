// SPDX-License-Identifier: Apache-2.0
//
// StepSummary: the run's Markdown report, for GitHub's page of the step.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "errand/report/run_record.h"

namespace errand {

class StepSummary final : public Observer {
 public:
  // Of a stream; more rows than these would hardly fit.
  static constexpr std::size_t kTasksMax = 5000;

  explicit StepSummary(std::string path) : path_(std::move(path)) {}
  void on(const RunEvent& event) override { recorder_.on(event); }
  // After the run. Appends to the file, which other commands of the step share: as much as GitHub
  // still takes, or nothing. The error reads "step summary 'x.md': No such file or directory".
  Error append() const;

 private:
  const std::string path_;
  RunRecorder recorder_{kTasksMax};
};

}  // namespace errand
