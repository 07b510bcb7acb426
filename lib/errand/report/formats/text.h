// SPDX-License-Identifier: Apache-2.0
//
// TextReport (errand report): the end of each task in a line, with what it used, and the summary.
#pragma once

#include <unordered_map>

#include "errand/events/events.h"
#include "errand/io/writer.h"
#include "errand/report/summary.h"

namespace errand {

class TextReport final : public Observer {
 public:
  // `out` outlives it.
  TextReport(Writer& out, SummaryOptions options)
      : out_(out), color_(options.color), summary_(out, std::move(options)) {}
  void on(const RunEvent& event) override;
  // In place of RunEnded, of a log that has none.
  void print_unfinished();

 private:
  Writer& out_;
  bool color_;
  Duration last_{};  // event
  Summary summary_;
  std::unordered_map<TaskId, Usage> usage_;  // of tasks that have not ended
};

}  // namespace errand
