// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cmd/cli/invocation.h"
#include "cmd/input/exec_advice.h"
#include "cmd/input/input.h"
#include "cmd/session/environment.h"
#include "cmd/session/job_budget.h"
#include "cmd/session/job_control.h"
#include "cmd/session/log.h"
#include "cmd/session/observer_list.h"
#include "cmd/session/run_log.h"
#include "cmd/session/run_reports.h"
#include "cmd/session/scoped_guardian.h"
#include "cmd/session/screen.h"
#include "cmd/session/signals.h"
#include "errand/concurrency/runtime.h"
#include "errand/console/console.h"
#include "errand/events/trace_context.h"
#include "errand/executor/jobserver_tokens.h"
#include "errand/executor/local.h"
#include "errand/io/spill.h"
#include "errand/io/writer.h"
#include "errand/process/guardian/guardian.h"
#include "errand/process/jobserver/jobserver.h"
#include "errand/process/reaper.h"
#include "errand/report/summary.h"
#include "errand/run/stopping.h"

namespace errand::cmd {

// Everything that one run needs, put together; the members' order is the order of their lives.
class Session {
 public:
  struct Outcome {
    int exit_status = kErrandFailed;
    int signal = 0;  // to die of
  };
  // `guardian` outlives it; null: there is none.
  Session(RunCommand command, Input input, JobBudget budget, const CiSettings& ci,
          Guardian* guardian);
  ~Session() { block_canceling_signals(); }  // its own handlers end with it
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Outcome run();

 private:
  Error open_log();
  void log_start();
  Error open_files();
  SummaryOptions with_paths(SummaryOptions options) const;
  awaitable<void> main();
  awaitable<RunEnded> run_input();
  std::unique_ptr<TaskSource> open_source();
  awaitable<void> finish_output();
  void note_unread_output();
  void print_line(const std::string& text);
  void tell(std::string notice);
  Outcome outcome_of(const RunEnded& ended) const;

  RunCommand command_;
  Input input_;
  const std::shared_ptr<const Masker> masker_ = masker_of(input_);
  const Origin origin_;
  Guardian* guardian_;
  asio::io_context loop_{1};
  Runtime runtime_{loop_.get_executor()};
  Signals signals_{runtime_};
  Reaper reaper_{runtime_};
  JobControl job_control_{reaper_};
  std::optional<Jobserver> jobserver_;
  std::optional<JobserverTokens> tokens_;
  const TraceContext trace_ = given_trace();
  LocalExecutor local_;
  StoppingNotices executor_{local_, runtime_, [this](std::string text) { tell(std::move(text)); }};
  SpillSpace space_{temp_folder()};  // outlives what the Writers have queued
  Writer out_{runtime_, STDOUT_FILENO, "standard output"};
  std::unique_ptr<Writer> own_err_;
  Writer& err_;
  Console console_;
  Screen screen_;
  Summary summary_;
  UntilOutputClosed console_lines_{out_, console_}, summary_lines_{out_, summary_};
  std::string id_ = new_run_id();
  RunReports reports_{runtime_, out_, console_, id_};
  Log log_;
  RunLog run_log_{log_};
  std::optional<ExecAdvice> exec_advice_;
  ObserverList observers_;
  LongestGrace longest_grace_;
  const TimePoint started_ = runtime_.now();
  const WallTime started_at_ = std::chrono::system_clock::now();
  Outcome outcome_;
};

}  // namespace errand::cmd
