// SPDX-License-Identifier: Apache-2.0
#include "cmd/cli/run_options.h"

#include <utility>

#include "cmd/cli/option_values.h"
#include "errand/taskfile/fields/size.h"

namespace errand::cmd {
namespace {

using Texts = std::vector<std::string>;
using ReadTexts = std::function<Error(const Texts&)>;

// Puts what `read` makes of the last text into `into`.
template <class Into, class Read>
ReadTexts reading(Into& into, Read read) {
  return [&into, read](const Texts& texts) {
    auto value = read(texts.back());
    if (!value) return value.error();
    into = std::move(*value);
    return Error();
  };
}

template <class T, class Read>
ReadTexts collecting(std::vector<T>& into, Read read) {
  return [&into, read](const Texts& texts) {
    into.clear();
    for (const std::string& text : texts) {
      auto value = read(text);
      if (!value) return value.error();
      into.push_back(T(std::move(*value)));
    }
    return Error();
  };
}

template <class Into, class Value>
ReadTexts setting(Into& into, Value value) {
  return [&into, value](const Texts&) {
    into = value;
    return Error();
  };
}

// An option that this version does not have yet.
Error refuse_option(const Texts&) { return Error::text("is not available yet"); }

Result<std::string> as_text(const std::string& text) { return text; }

ReadTexts reading_shuffle(RunCommand& run) {
  return [&run](const Texts& texts) {
    run.shuffle = true;
    if (texts.back().empty()) return Error();
    Result<std::uint64_t> seed = read_seed(texts.back());
    if (!seed) return seed.error();
    run.seed = *seed;
    return Error();
  };
}

ReadTexts reading_resume(RunCommand& run, RerunScope scope) {
  return [&run, scope](const Texts& texts) {
    run.resume.emplace(scope, texts.back().empty() ? "last" : texts.back());
    return Error();
  };
}

ReadTexts reading_no_journal(RunCommand& run) {
  return [&run](const Texts& texts) {
    const std::string& text = texts.back();
    if (text != "" && text != "0" && text != "1")
      return Error::text("'" + text + "' is not 1 or 0");
    run.journal = text == "0";
    return Error();
  };
}

Error read_executor(const Texts& texts) {
  if (texts.back() == "local") return {};
  if (texts.back() == "slurm") return not_available("slurm");
  return Error::text("'" + texts.back() + "' is not an executor; local");
}

void add_group_options(std::vector<OptionSpec>& all, Overrides& over) {
  const auto add = [&](OptionSpec spec) { all.push_back(std::move(spec)); };
  add({.names = "-j,--jobs",
       .value = "N|N%|auto",
       .help = "most attempts at once; auto = CPUs, 0 = no limit",
       .read = reading(over.jobs, [](const std::string& text) { return parse_jobs(text); }),
       .variable = "ERRAND_JOBS"});
  add({.names = "--mode",
       .value = "MODE",
       .help = "how the run fails: errgroup, aggregate or race",
       .read = reading(over.mode, read_mode),
       .variable = "ERRAND_MODE",
       .exclusion_group = "mode",
       .completes = CompletionKind::choices,
       .choices = {"errgroup", "aggregate", "race"}});
  add({.names = "--fail-fast",
       .value = {},
       .help = "errgroup: the first failure stops everything (default)",
       .read = setting(over.mode, Mode::errgroup),
       .exclusion_group = "mode"});
  add({.names = "-k,--keep-going",
       .value = {},
       .help = "aggregate: run everything, report every error",
       .read = setting(over.mode, Mode::aggregate),
       .exclusion_group = "mode"});
  add({.names = "--halt",
       .value = "WHEN,WHY=N[%]",
       .help = "stop (now) or start no more (soon) after N of fail, success or done",
       .read = reading(over.halt, [](const std::string& text) { return parse_halt(text); }),
       .variable = "ERRAND_HALT"});
  add({.names = "--retries",
       .value = "N",
       .help = "extra tries for tasks that name none",
       .read = reading(over.retries, read_count),
       .variable = "ERRAND_RETRIES",
       .rerun_use = RerunUse::task});
}

void add_time_options(std::vector<OptionSpec>& all, RunCommand& run) {
  const auto add = [&](OptionSpec spec) { all.push_back(std::move(spec)); };
  Overrides& over = run.overrides;
  const auto duration = [](const std::string& text) { return parse_duration(text); };
  add({.names = "--timeout",
       .value = "DUR",
       .help = "for the whole run: 250ms 10s 5m 1h30m",
       .read = reading(over.timeout, read_positive),
       .variable = "ERRAND_TIMEOUT"});
  add({.names = "--task-timeout",
       .value = "DUR",
       .help = "for each attempt of a task",
       .read = reading(over.task_timeout, read_positive),
       .variable = "ERRAND_TASK_TIMEOUT",
       .rerun_use = RerunUse::task});
  add({.names = "--grace",
       .value = "DUR",
       .help = "from the polite signal to SIGKILL (5s)",
       .read = reading(over.grace, duration),
       .variable = "ERRAND_GRACE"});
  add({.names = "--delay",
       .value = "DUR",
       .help = "at least that long between two starts",
       .read = reading(run.delay, duration),
       .variable = "ERRAND_DELAY"});
  add({.names = "--rate",
       .value = "N/s",
       .help = "most starts in any time that long; also N/m, N/h",
       .read = reading(run.rate, [](const std::string& text) { return parse_rate(text); }),
       .variable = "ERRAND_RATE"});
  add({.names = "--load",
       .value = "N|N%",
       .help = "start nothing while the load average is above",
       .read = reading(run.load, read_load),
       .variable = "ERRAND_LOAD"});
  add({.names = "--memfree",
       .value = "SIZE",
       .help = "start nothing while less memory is available",
       .read =
           reading(run.memory_free_min, [](const std::string& text) { return parse_size(text); }),
       .variable = "ERRAND_MEMFREE"});
  add({.names = "--nice",
       .value = "N",
       .help = "niceness of tasks",
       .read = reading(over.nice, read_nice),
       .variable = "ERRAND_NICE",
       .rerun_use = RerunUse::task});
  add({.names = "--shuffle",
       .value = "SEED",
       .help = "tasks start in a random order, by seed",
       .read = reading_shuffle(run),
       .variable = "ERRAND_SHUFFLE",
       .value_is_optional = true});
}

void add_task_options(std::vector<OptionSpec>& all, RunCommand& run) {
  const auto add = [&](OptionSpec spec) { all.push_back(std::move(spec)); };
  add({.names = "--only",
       .value = "GLOB",
       .help = "just these tasks and what they need",
       .read = collecting(run.input.only, as_text),
       .repeats = true,
       .completes = CompletionKind::task});
  add({.names = "--skip",
       .value = "GLOB",
       .help = "as if there were no such tasks",
       .read = collecting(run.input.skip, as_text),
       .repeats = true,
       .completes = CompletionKind::task,
       .rerun_use = RerunUse::task});
  add({.names = "--resume",
       .value = "RUN",
       .help = "run what has not succeeded in the last run, or in RUN",
       .read = reading_resume(run, RerunScope::unfinished),
       .variable = "ERRAND_RESUME",
       .exclusion_group = "again",
       .value_is_optional = true,
       .rerun_use = RerunUse::never});
  add({.names = "--failed",
       .value = "RUN",
       .help = "run what failed in the last run, or in RUN",
       .read = reading_resume(run, RerunScope::failed),
       .variable = "ERRAND_FAILED",
       .exclusion_group = "again",
       .value_is_optional = true,
       .rerun_use = RerunUse::never});
  add(var_option(run.input));
  add(env_option(run.input));
  add({.names = "--shell",
       .value = "'PREFIX'",
       .help = "what runs scripts (sh -ec)",
       .read = reading(run.shell, read_shell),
       .variable = "ERRAND_SHELL",
       .rerun_use = RerunUse::task});
  add({.names = "--executor",
       .value = "NAME",
       .help = "where attempts run (local)",
       .read = read_executor,
       .variable = "ERRAND_EXECUTOR",
       .completes = CompletionKind::choices,
       .choices = {"local"}});
}

void add_screen_options(std::vector<OptionSpec>& all, RunCommand& run) {
  const auto add = [&](OptionSpec spec) { all.push_back(std::move(spec)); };
  add({.names = "-o,--output",
       .value = "MODE",
       .help = "auto, live, group, ordered, errors, raw or quiet",
       .read = reading(run.output, read_output),
       .variable = "ERRAND_OUTPUT",
       .completes = CompletionKind::choices,
       .choices = {"auto", "live", "group", "ordered", "errors", "raw", "quiet"},
       .rerun_use = RerunUse::never});
  add({.names = "--color",
       .value = "WHEN",
       .help = "auto, always or never",
       .read = reading(run.color, read_color),
       .variable = "ERRAND_COLOR",
       .completes = CompletionKind::choices,
       .choices = {"auto", "always", "never"},
       .rerun_use = RerunUse::never});
  add({.names = "--progress",
       .value = "KIND",
       .help = "auto, bar (a status line), plain (a line a minute) or none",
       .read = reading(run.progress, read_progress),
       .variable = "ERRAND_PROGRESS",
       .completes = CompletionKind::choices,
       .choices = {"auto", "bar", "plain", "none"},
       .rerun_use = RerunUse::never});
  add({.names = "--ci",
       .value = "SYSTEM",
       .help = "auto, github, gitlab, azure, teamcity or none: folds and annotations",
       .read = reading(run.ci, read_ci),
       .variable = "ERRAND_CI",
       .completes = CompletionKind::choices,
       .choices = {"auto", "github", "gitlab", "azure", "teamcity", "none"},
       .rerun_use = RerunUse::never});
  add({.names = "--no-folds",
       .value = {},
       .help = "no folds in a CI system's log",
       .read = setting(run.no_folds, true),
       .rerun_use = RerunUse::never});
  add({.names = "--no-annotations",
       .value = {},
       .help = "no annotations and no step summary",
       .read = setting(run.no_annotations, true),
       .rerun_use = RerunUse::never});
  add({.names = "--report",
       .value = "KIND=PATH",
       .help = "also json, junit, html, markdown, trace, events; - is stdout",
       .read = collecting(run.reports, read_report),
       .repeats = true,
       .completes = CompletionKind::choices,
       .choices = {"json=", "junit=", "html=", "markdown=", "trace=", "events="},
       .rerun_use = RerunUse::never});
  add({.names = "--joblog",
       .value = "FILE",
       .help = "a line for each task, in GNU parallel's columns; +FILE appends",
       .read = reading(run.job_log, read_job_log),
       .variable = "ERRAND_JOBLOG",
       .completes = CompletionKind::file,
       .rerun_use = RerunUse::never});
  add({.names = "--results",
       .value = "DIR",
       .help = "a folder per task: stdout, stderr and result.json",
       .read = reading(run.results, read_results),
       .variable = "ERRAND_RESULTS",
       .completes = CompletionKind::folder,
       .rerun_use = RerunUse::never});
  add({.names = "--no-journal",
       .value = {},
       .help = "keep nothing of this run for errand report",
       .read = reading_no_journal(run),
       .variable = "ERRAND_NO_JOURNAL",
       .rerun_use = RerunUse::never});
  add({.names = "-n,--dry-run",
       .value = {},
       .help = "print what would run, run nothing",
       .read = setting(run.dry_run, true),
       .rerun_use = RerunUse::never});
  add({.names = "-q,--quiet",
       .value = {},
       .help = "print only tasks' output and the error",
       .read = setting(run.quiet, true),
       .exclusion_group = "words",
       .rerun_use = RerunUse::never});
  add({.names = "-v,--verbose",
       .value = {},
       .help = "a line for each task, and what errand does for it",
       .read = setting(run.verbose, true),
       .exclusion_group = "words",
       .rerun_use = RerunUse::never});
  add({.names = "--log-file",
       .value = "PATH",
       .help = "also append each step of the run to a file",
       .read = reading(run.log_file, read_log_file),
       .variable = "ERRAND_LOG_FILE",
       .completes = CompletionKind::file,
       .rerun_use = RerunUse::never});
}

}  // namespace

OptionSpec folder_option(InputOptions& input) {
  return {.names = "-C",
          .value = "DIR",
          .help = "start in this folder",
          .read = reading(input.folder, as_text),
          .completes = CompletionKind::folder,
          .rerun_use = RerunUse::never};
}

OptionSpec var_option(InputOptions& input) {
  return {.names = "--var",
          .value = "K=V",
          .help = "${{ vars.K }}, over the file's",
          .read = collecting(input.vars, read_pair),
          .repeats = true,
          .rerun_use = RerunUse::task};
}

OptionSpec env_option(InputOptions& input) {
  return {.names = "--env",
          .value = "K=V",
          .help = "a variable for every task",
          .read = collecting(input.env, read_pair),
          .repeats = true,
          .rerun_use = RerunUse::task};
}

OptionSpec format_option(GraphCommand& graph) {
  return {.names = "--format",
          .value = "dot|mermaid|json",
          .help = "what draws it: Graphviz (dot), Mermaid, or any program",
          .read = reading(graph.format, read_graph_format),
          .completes = CompletionKind::choices,
          .choices = {"dot", "mermaid", "json"}};
}

std::vector<OptionSpec> report_options(ReportCommand& report) {
  const std::vector<std::string> formats = {"text",     "json",  "junit", "html",
                                            "markdown", "trace", "events"};
  std::vector<OptionSpec> all;
  all.push_back({.names = "--format",
                 .value = "FORMAT",
                 .help = "text, json, junit, html, markdown, trace or events (text)",
                 .read = reading(report.kind, read_report_format),
                 .completes = CompletionKind::choices,
                 .choices = formats});
  all.push_back({.names = "-o,--output",
                 .value = "PATH",
                 .help = "where to; - is standard output (-)",
                 .read = reading(report.path, as_text),
                 .completes = CompletionKind::file});
  return all;
}

std::vector<OptionSpec> argument_options(ExecWords& words) {
  std::vector<OptionSpec> all;
  all.push_back({.names = "-a",
                 .value = "FILE",
                 .help = "read the arguments from FILE, one a line; - is stdin",
                 .read = collecting(words.files, as_text),
                 .repeats = true,
                 .completes = CompletionKind::file});
  all.push_back({.names = "-0,--null",
                 .value = {},
                 .help = "items of -a, or else of stdin, end with NUL",
                 .read = setting(words.nul, true)});
  all.push_back({.names = "-r",
                 .value = {},
                 .help = "a standard input without arguments is no error",
                 .read = setting(words.may_be_empty, true)});
  all.push_back({.names = "-n",
                 .value = "N",
                 .help = "give each task up to N arguments",
                 .read = reading(words.values_max, read_values_max)});
  for (const std::string_view later : {"--colsep", "--block", "--names", "--hedge"}) {
    all.push_back({.names = later, .value = "VALUE", .help = {}, .read = refuse_option});
  }
  all.push_back({.names = "--pipe", .value = {}, .help = {}, .read = refuse_option});
  all.push_back({.names = "-P", .value = "N", .help = {}, .read = refuse_option});
  return all;
}

std::vector<OptionSpec> run_options(RunCommand& run) {
  std::vector<OptionSpec> all;
  all.push_back(folder_option(run.input));
  add_group_options(all, run.overrides);
  add_time_options(all, run);
  add_task_options(all, run);
  add_screen_options(all, run);
  return all;
}

}  // namespace errand::cmd
