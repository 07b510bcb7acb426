// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "cmd/session/environment.h"
#include "errand/io/descriptor.h"
#include "errand/report/summary.h"

namespace errand::cmd {
namespace {

bool is_set(const char* name) {
  const auto value = variable(name);
  return value && !value->empty() && value != "0" && value != "false";
}

CiSystem detect_ci_system() {
  // An errand inside of an errand's task leaves this to the outer one, in whose log it is.
  if (is_set("ERRAND_RUN_ID")) return CiSystem::none;
  if (is_set("GITHUB_ACTIONS")) return CiSystem::github;
  if (is_set("GITLAB_CI")) return CiSystem::gitlab;
  if (is_set("TF_BUILD")) return CiSystem::azure;
  if (is_set("TEAMCITY_VERSION")) return CiSystem::teamcity;
  return CiSystem::none;
}

// Is somebody reading, rather than a file being written? Files get no words that are not in the
// tasks' output.
bool is_log(int fd) { return blocking_kind(fd) != BlockingKind::never; }

bool has_blocks(OutputMode mode) {
  return mode == OutputMode::group || mode == OutputMode::ordered || mode == OutputMode::errors;
}

std::string describe_settings(const CiSettings& settings) {
  std::string what;
  const auto add = [&](bool on, const char* name) {
    if (on) what += (what.empty() ? "" : ", ") + std::string(name);
  };
  add(settings.folds, "folds");
  add(settings.annotations, "annotations");
  add(!settings.summary_path.empty(), "a step summary");
  if (what.empty()) return {};
  return std::string(to_string(settings.system)) + ": " + what + "; --ci none switches that off";
}

enum class ProgressKind { none, bar, plain };

ProgressKind progress_kind(const RunCommand& command) {
  if (command.quiet || command.progress == ProgressChoice::none) return ProgressKind::none;
  if (command.progress == ProgressChoice::plain) return ProgressKind::plain;
  const bool raw = output_mode(command) == OutputMode::raw;
  const bool chosen = command.progress == ProgressChoice::bar;
  // Tasks that write to the terminal themselves would write over it.
  if (raw) return ProgressKind::none;
  const auto term = variable("TERM");
  const bool able = ::isatty(STDERR_FILENO) == 1 && term && !term->empty() && term != "dumb";
  // Two ways to the same terminal, such as /dev/tty, would not know of each other.
  const bool shared = ::isatty(STDOUT_FILENO) == 1 && !same_file(STDOUT_FILENO, STDERR_FILENO);
  // Without colour there are no control sequences at all, unless they are asked for.
  const bool wanted = chosen || (!is_set("CI") && color_for(STDERR_FILENO, command.color));
  return able && !shared && wanted ? ProgressKind::bar : ProgressKind::plain;
}

// 0: the terminal is a foreground job's, and we are none.
std::size_t status_line_columns() {
  const ::pid_t foreground = ::tcgetpgrp(STDERR_FILENO);
  if (foreground > 0 && foreground != ::getpgrp()) return 0;
  return terminal_columns();
}

}  // namespace

OutputMode output_mode(const RunCommand& command) {
  return command.output.value_or(::isatty(STDOUT_FILENO) == 1 ? OutputMode::live
                                                              : OutputMode::group);
}

std::size_t terminal_columns() {
  struct ::winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return Summary::kUsualColumns;
  return size.ws_col;
}

CiSettings ci_settings(const RunCommand& command, OutputMode mode) {
  CiSettings settings;
  settings.system = command.ci.value_or(detect_ci_system());
  if (settings.system == CiSystem::none) return settings;
  const bool report_there = command.job_log == "-" ||
                            std::ranges::any_of(command.reports, [](const ReportRequest& report) {
                              return report.path == "-";
                            });
  settings.on_out = is_log(STDOUT_FILENO) && !report_there;
  settings.folds = settings.on_out && has_blocks(mode) && !command.no_folds;
  settings.one_log = settings.folds && is_log(STDERR_FILENO);
  settings.annotations = !command.no_annotations && settings.system != CiSystem::gitlab;
  if (settings.system == CiSystem::github && !command.no_annotations) {
    settings.summary_path = variable("GITHUB_STEP_SUMMARY").value_or("");
  }
  if (!command.ci) settings.note = describe_settings(settings);
  return settings;
}

Screen::Screen(const RunCommand& command, CiSettings settings, Runtime& runtime, Writer& out,
               Writer& err, Console& console)
    : settings_(std::move(settings)) {
  switch (progress_kind(command)) {
    case ProgressKind::none:
      break;
    case ProgressKind::bar:
      status_line_.emplace(runtime, err, status_line_columns);
      window_changes_.emplace(runtime.executor(), SIGWINCH);
      listen();
      break;
    case ProgressKind::plain:
      heartbeat_.emplace(runtime,
                         [&console](const std::string& text) { console.print_line(text); });
      break;
  }
  if (settings_.annotations) annotations_.emplace(settings_.on_out ? out : err, settings_.system);
  if (!settings_.summary_path.empty()) step_summary_.emplace(settings_.summary_path);
}

std::vector<Observer*> Screen::observers() {
  std::vector<Observer*> all;
  if (status_line_) all.push_back(&*status_line_);
  if (heartbeat_) all.push_back(&*heartbeat_);
  if (annotations_) all.push_back(&*annotations_);
  if (step_summary_) all.push_back(&*step_summary_);
  return all;
}

void Screen::listen() {
  window_changes_->async_wait([this](const std::error_code& error, int) {
    if (error) return;
    status_line_->redraw();
    listen();
  });
}

void Screen::hide() {
  if (status_line_) status_line_->hide();
}

Error Screen::finish() const { return step_summary_ ? step_summary_->append() : Error(); }

}  // namespace errand::cmd
