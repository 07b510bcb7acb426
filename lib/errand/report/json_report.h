// SPDX-License-Identifier: Apache-2.0
//
// JsonReport (--report json=PATH): the whole run as one JSON object, contract section 6.
#pragma once

#include <memory>

#include "errand/report/report_file.h"
#include "errand/run/events.h"

namespace errand {

// Written at RunEnded. Every task of the plan is in it, in file order, the ones that never started
// too; tasks of a stream are in the order in which they came. Always valid UTF-8.
class JsonReport final : public Observer {
 public:
  explicit JsonReport(ReportFile file);  // opened with When::at_end
  ~JsonReport() override;
  void on(const RunEvent& event) override;
  // Await it after the run: the report is in its place, or why not.
  awaitable<Error> finish(Context context) { return file_.finish(std::move(context)); }

 private:
  class Records;
  ReportFile file_;
  std::unique_ptr<Records> records_;
};

}  // namespace errand
