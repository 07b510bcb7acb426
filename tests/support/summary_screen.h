// SPDX-License-Identifier: Apache-2.0
//
// What a summary prints of events that a test makes up.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "errand/report/summary.h"
#include "support/report_fixture.h"

namespace errand::test {

struct Screen {
  explicit Screen() : Screen(SummaryOptions(), {"", "ci.yaml"}) {}
  // Without an origin there is nothing to run again.
  explicit Screen(SummaryOptions options, Origin from = {})
      : origin(std::move(from)), summary(err, std::move(options)) {}
  void start(const Plan& plan, Mode mode = Mode::errgroup) {
    summary.on(at(0s, RunStarted{"id", "ci", mode, &plan, 0, {}, origin}));
  }
  void end(const TaskEnded& ended) { summary.on(at(1s, ended)); }
  // `error` only repeats what tasks have said.
  std::string finish(const std::string& error) {
    RunEnded ended;
    if (!error.empty()) ended.state = TaskState::failed;
    if (!error.empty()) ended.error = Error::text(error);
    ended.by_tasks = !error.empty();
    return finish(std::move(ended));
  }
  std::string finish(RunEnded ended) {
    ended.duration = 3200ms;
    summary.on(at(3200ms, std::move(ended)));
    return file.text();
  }

  const Origin origin;
  Loop loop;
  OutputFile file;
  Writer err{loop.runtime, file.fd(), "standard error"};
  Summary summary;
};

inline TaskEnded with_output(TaskEnded ended, std::string last_lines) {
  ended.last_lines = std::move(last_lines);
  return ended;
}

inline std::vector<std::string> names(int count) {
  std::vector<std::string> all;
  for (int i = 1; i <= count; ++i) all.push_back("t" + std::to_string(i));
  return all;
}

}  // namespace errand::test
