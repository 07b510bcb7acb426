// SPDX-License-Identifier: Apache-2.0
//
// EventLog (--report events=PATH): each event as one line of JSON, the moment it happens.
#pragma once

#include "errand/events/event_lines.h"
#include "errand/events/events.h"
#include "errand/io/report_file.h"

namespace errand {

// Each line goes out in one piece, so that a killed errand leaves whole lines.
class EventLog final : public Observer {
 public:
  explicit EventLog(ReportFile file) : file_(std::move(file)) {}  // opened with OpenMode::truncate
  void on(const RunEvent& event) override;
  // Await it after the run: everything is out, or why not.
  awaitable<Error> finish(Context context) { return file_.finish(std::move(context)); }

 private:
  ReportFile file_;
  EventLines lines_;
};

}  // namespace errand
