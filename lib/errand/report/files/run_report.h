// SPDX-License-Identifier: Apache-2.0
//
// RunReport (--report json=PATH and the like): one report of a run, written at its end.
#pragma once

#include "errand/events/events.h"
#include "errand/io/report_file.h"
#include "errand/report/render.h"

namespace errand {

class RunReport final : public Observer {
 public:
  // Tell the recorder of events before this; `file` was opened with OpenMode::replace_at_end.
  // `output` may be none.
  RunReport(ReportKind kind, ReportFile file, const RunRecorder& recorder, OutputReader output)
      : kind_(kind), file_(std::move(file)), recorder_(recorder), output_(std::move(output)) {}
  void on(const RunEvent& event) override {
    if (!std::holds_alternative<RunEnded>(event.kind)) return;
    Writer& writer = file_.writer();
    writer.begin_line();
    render(kind_, recorder_.record(), output_,
           [&writer](std::string_view text) { writer.write(text); });
  }
  // Await it after the run: the report is in its place, or why not.
  awaitable<Error> finish(Context context) { return file_.finish(std::move(context)); }

 private:
  ReportKind kind_;
  ReportFile file_;
  const RunRecorder& recorder_;
  OutputReader output_;
};

}  // namespace errand
