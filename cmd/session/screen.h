// SPDX-License-Identifier: Apache-2.0
//
// What errand shows beside the tasks' output and the summary: the progress of the run, and what a
// CI system wants to hear.
#pragma once

#include <asio/signal_set.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cmd/cli/invocation.h"
#include "errand/console/annotations.h"
#include "errand/console/status_line.h"
#include "errand/report/files/step_summary.h"

namespace errand::cmd {

// What a CI system is told, decided before the run.
struct CiSettings {
  CiSystem system = CiSystem::none;
  bool folds = false;
  bool annotations = false;
  std::string summary_path;  // of GitHub's step summary; empty: none
  bool on_out = false;       // standard output is the system's log; else standard error is
  bool one_log = false;      // both are
  std::string note;          // says what has been switched on by itself; empty: nothing
};

// By the options, the environment, and what the descriptors are. `mode` is the one in force.
CiSettings ci_settings(const RunCommand& command, OutputMode mode);

// The mode in force: -o, or what `auto` means here.
OutputMode output_mode(const RunCommand& command);
// How wide the terminal behind standard error is; 80 if there is none.
std::size_t terminal_columns();

class Screen {
 public:
  // Everything given outlives it.
  Screen(const RunCommand& command, CiSettings settings, Runtime& runtime, Writer& out, Writer& err,
         Console& console);

  // To be told of events after the Console and before the Summary.
  std::vector<Observer*> observers();
  // Takes a status line away, for somebody else who writes to the terminal.
  void hide();
  // Appends the step summary to GitHub's file, where one is wanted. After the run.
  Error finish() const;

 private:
  void listen();

  CiSettings settings_;
  std::optional<StatusLine> status_line_;
  std::optional<Heartbeat> heartbeat_;
  std::optional<Annotations> annotations_;
  std::optional<StepSummary> step_summary_;
  std::optional<asio::signal_set> window_changes_;
};

}  // namespace errand::cmd
