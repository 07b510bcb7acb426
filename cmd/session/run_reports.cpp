// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/run_reports.h"

#include <utility>

#include "cmd/session/environment.h"
#include "errand/events/failure.h"

namespace errand::cmd {
RunReports::RunReports(Runtime& runtime, Writer& out, Console& console, std::string run_id)
    : runtime_(runtime), out_(out), console_(console), run_id_(std::move(run_id)) {}

Error RunReports::open(const RunCommand& command, SpillSpace& space) {
  if (Error error = open_results(command.results, space)) return error;
  // What an error leaves as it was is opened first: a job log is emptied at once.
  Result<std::vector<ReportFile>> files = open_reports(command.reports);
  if (!files) return files.error();
  if (Error error = open_job_log(command.job_log, command.resume.has_value())) return error;
  if (command.journal) no_journal_ = open_journal();
  if (journal_) space.add_folder(journal_->folder());
  for (std::size_t i = 0; i < files->size(); ++i) {
    add(command.reports[i].kind, std::move((*files)[i]));
  }
  return {};
}

Result<std::vector<ReportFile>> RunReports::open_reports(
    const std::vector<ReportRequest>& requests) {
  std::vector<ReportFile> files;
  for (const ReportRequest& request : requests) {
    const bool events = request.kind == ReportKind::events;
    Result<ReportFile> file = ReportFile::open(
        runtime_, request.path,
        events ? ReportFile::OpenMode::truncate : ReportFile::OpenMode::replace_at_end, out_);
    if (!file) return std::unexpected(file.error());
    files.push_back(std::move(*file));
  }
  return files;
}

void RunReports::add(ReportKind kind, ReportFile file) {
  if (kind == ReportKind::events) {
    console_.wait_for(file.writer());  // who reads events slowly slows the tasks down
    observers_.push_back(
        event_logs_.emplace_back(std::make_unique<EventLog>(std::move(file))).get());
    return;
  }
  if (!recorder_) observers_.push_back(&recorder_.emplace());
  OutputReader output;
  if (kind == ReportKind::html) {
    keep_output();
    output = [this](const OutputPiece& piece) { return store().read(piece); };
  }
  auto report = std::make_unique<RunReport>(kind, std::move(file), *recorder_, std::move(output));
  observers_.push_back(reports_.emplace_back(std::move(report)).get());
}

// A run that goes on with an earlier one goes on with its job log, as GNU parallel does.
Error RunReports::open_job_log(std::string path, bool goes_on) {
  if (path.empty()) return {};
  if (goes_on && !path.starts_with('+') && path != "-") path.insert(0, "+");
  const auto shell_code = [](const Error& error) {
    const auto* reason = error.as<NotExecutable>();
    return reason ? reason->shell_code : NotExecutable().shell_code;
  };
  Result<std::unique_ptr<JobLog>> log = JobLog::open(runtime_, path, out_, shell_code);
  if (!log) return log.error();
  job_log_ = std::move(*log);
  console_.wait_for(job_log_->writer());
  observers_.push_back(job_log_.get());
  return {};
}

Error RunReports::open_results(const std::string& folder, SpillSpace& space) {
  if (folder.empty()) return {};
  Result<std::unique_ptr<ResultFolder>> results = ResultFolder::open(folder, console_, space);
  if (!results) return results.error();
  results_ = std::move(*results);
  observers_.push_back(results_.get());
  return {};
}

Error RunReports::open_journal() {
  const std::string runs = runs_folder();
  if (runs.empty()) return {};
  Result<std::unique_ptr<Journal>> journal = Journal::open(runtime_, runs, run_id_);
  if (!journal) return journal.error();
  journal_ = std::move(*journal);
  observers_.push_back(journal_.get());
  keep_output();
  return {};
}

void RunReports::keep_output() {
  if (keeping_) return;
  if (!journal_) own_store_ = std::make_unique<OutputStore>(temp_folder(), "");
  keeping_ = std::make_unique<KeepingTarget>(shown(), store());
}

OutputTarget& RunReports::output() {
  return keeping_ ? static_cast<OutputTarget&>(*keeping_) : shown();
}

std::string RunReports::log_of(const Task& task) const {
  return journal_ ? journal_->log_of(task) : "";
}

std::string RunReports::journal_folder() const {
  return journal_ && !journal_->error() ? journal_->folder() : "";
}

awaitable<std::vector<Error>> RunReports::finish(Context context) {
  std::vector<Error> errors;
  for (auto& report : reports_) errors.push_back(co_await report->finish(context));
  for (auto& log : event_logs_) errors.push_back(co_await log->finish(context));
  if (job_log_) errors.push_back(co_await job_log_->finish(context));
  if (results_) errors.push_back(results_->finish());
  co_return errors;
}

Error RunReports::finish_journal() { return journal_ ? journal_->finish() : Error(); }

}  // namespace errand::cmd
