// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/cli/invocation.h"
#include "errand/events/event_log.h"
#include "errand/journal/journal.h"
#include "errand/journal/output_store.h"
#include "errand/report/files/job_log.h"
#include "errand/report/files/result_folder.h"
#include "errand/report/files/run_report.h"

namespace errand::cmd {

// What a run leaves behind: its journal, and the reports that are asked for.
class RunReports {
 public:
  // Everything given outlives it.
  RunReports(Runtime& runtime, Writer& out, Console& console, std::string run_id);

  // Before anything starts: a report that cannot be written must not be found out at the end. Then
  // there is no journal either. Without a journal the run is the same. `space` outlives it.
  Error open(const RunCommand& command, SpillSpace& space);
  const Error& no_journal() const { return no_journal_; }  // why there is none

  // To be told of events, in this order, once all is open.
  const std::vector<Observer*>& observers() const { return observers_; }
  // Where the output of attempts is to go: to the console, and to what keeps it.
  OutputTarget& output();
  // The file with a failed task's output, at the task's end; empty: none.
  std::string log_of(const Task& task) const;
  // The folder of the journal; empty if there is none, or if not everything could be written to it:
  // then the run cannot be resumed.
  std::string journal_folder() const;

  // Writes what is still to be written, until `context` is done. The errors of all but the journal.
  awaitable<std::vector<Error>> finish(Context context);
  Error finish_journal();

 private:
  Result<std::vector<ReportFile>> open_reports(const std::vector<ReportRequest>& requests);
  Error open_job_log(std::string path, bool goes_on);
  Error open_results(const std::string& folder, SpillSpace& space);
  Error open_journal();
  void add(ReportKind kind, ReportFile file);
  void keep_output();
  OutputTarget& shown() { return results_ ? static_cast<OutputTarget&>(*results_) : console_; }
  OutputStore& store() { return journal_ ? journal_->output() : *own_store_; }

  Runtime& runtime_;
  Writer& out_;
  Console& console_;
  const std::string run_id_;
  std::unique_ptr<Journal> journal_;
  Error no_journal_;
  std::unique_ptr<OutputStore> own_store_;  // of logs for a report, where there is no journal
  std::unique_ptr<KeepingTarget> keeping_;
  std::unique_ptr<JobLog> job_log_;
  std::unique_ptr<ResultFolder> results_;
  std::optional<RunRecorder> recorder_;
  std::vector<std::unique_ptr<RunReport>> reports_;
  std::vector<std::unique_ptr<EventLog>> event_logs_;
  std::vector<Observer*> observers_;
};

}  // namespace errand::cmd
