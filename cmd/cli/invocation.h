// SPDX-License-Identifier: Apache-2.0
//
// One struct for each command holds what the user typed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/input/exec_words.h"
#include "errand/console/color.h"
#include "errand/console/console.h"
#include "errand/plan/edit/overrides.h"
#include "errand/plan/edit/remaining_tasks.h"
#include "errand/plan/edit/select.h"
#include "errand/report/render.h"

namespace errand::cmd {

inline constexpr int kErrandFailed = 125;  // exit status: errand itself could not

struct ReportRequest {
  ReportKind kind = ReportKind::json;
  std::string path;  // "-" is standard output
};

// What --progress says.
enum class ProgressChoice { automatic, bar, plain, none };

// A bound for the machine's load average.
struct LoadLimit {
  double value = 0;
  bool percent = false;  // of the processors
};

// Which tasks: a file (empty: search for errand.yaml) and names in it (empty: all).
struct InputOptions {
  std::string folder;                   // -C
  std::vector<std::string> positional;  // [FILE] [TASK...]
  std::vector<std::string> only, skip;  // globs of full names
  std::vector<std::pair<std::string, std::string>> vars;
  std::vector<EnvEntry> env;
};

// --resume and --failed.
struct ResumeRequest {
  RerunScope scope = RerunScope::unfinished;
  std::string run = "last";  // of the same tasks; or a log's path, an id, the beginning of one
};

// An option as it can be given again: "--var", "image=app:2".
struct GivenOption {
  bool is_for_tasks = false;  // it changes what a single task does
  std::vector<std::string> words;
};

struct RunCommand {
  InputOptions input;
  // The commands that run tasks again repeat these options and these words of the command line; the
  // first word is the command.
  std::vector<GivenOption> given;
  std::vector<std::string> typed;
  Overrides overrides;
  std::vector<std::string> shell;    // empty: sh -ec
  std::optional<OutputMode> output;  // none: auto
  ColorChoice color = ColorChoice::automatic;
  ProgressChoice progress = ProgressChoice::automatic;
  std::optional<CiSystem> ci;  // none: as the environment says
  bool no_folds = false;
  bool no_annotations = false;
  std::vector<ReportRequest> reports;
  std::string job_log;  // empty: none; "+FILE" appends
  std::string results;  // a folder; empty: none
  std::optional<ResumeRequest> resume;
  std::shared_ptr<const PriorResults> earlier;  // what still stands of the run it means
  bool shuffle = false;
  std::optional<std::uint64_t> seed;  // of the shuffle; none: one of the moment
  Duration delay{};
  std::optional<Rate> rate;
  std::optional<LoadLimit> load;
  std::optional<std::uint64_t> memory_free_min;
  bool dry_run = false;
  bool quiet = false;
  bool verbose = false;
  std::string log_file;  // empty: none
  bool journal = true;
  // Of the environment, "ERRAND_JOBS" and so on, which are options: tasks must not see them.
  std::vector<std::string_view> variables;
};
struct ExecCommand {
  RunCommand run;   // without positional input
  ExecWords words;  // the first COMMAND and all that follows, and the options about arguments
};
struct CheckCommand {
  InputOptions input;
};
struct CompletionCommand {
  std::string shell;
};
struct ListCommand {
  InputOptions input;
  bool json = false;
  bool names = false;
};
enum class GraphFormat { dot, mermaid, json };
struct GraphCommand {
  InputOptions input;
  GraphFormat format = GraphFormat::dot;
};
struct ReportCommand {
  std::string run;                 // a log's path, a run's id or the beginning of one, or "last"
  std::optional<ReportKind> kind;  // none: text
  std::string path = "-";
};
struct SchemaCommand {};
struct ManCommand {};
// Something that was printed instead: help, the version, or what is wrong with the command line.
struct ImmediateExit {
  std::string text;
  int exit_status = 0;  // 0: for standard output
};
using Invocation =
    std::variant<ImmediateExit, RunCommand, ExecCommand, CheckCommand, ListCommand, GraphCommand,
                 ReportCommand, SchemaCommand, ManCommand, CompletionCommand>;

}  // namespace errand::cmd
