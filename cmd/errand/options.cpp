// SPDX-License-Identifier: Apache-2.0
#include "errand/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string_view>

#include "errand/base/nearest.h"
#include "errand/report/escape_text.h"

namespace errand::cmd {
namespace {

constexpr const char* kVersion =
    "errand " ERRAND_VERSION "\ncompiler: " ERRAND_COMPILER "\nbuild: " ERRAND_BUILD_TYPE "\n";

constexpr const char* kExamples = R"(Examples:
  errand run                      run the tasks of errand.yaml, here or in a parent folder
  errand run ci.yaml build test   just these tasks and what they need
  errand run -k --timeout 10m     run everything, report every error, for ten minutes at most
  generate | errand run -         one task a line (JSON Lines), run as they arrive
  errand check ci.yaml            find every mistake in a file without starting anything

Help for a command: errand COMMAND --help)";

constexpr const char* kRunExamples =
    R"(FILE is YAML, JSON or JSON Lines; "-" is standard input. Without FILE: errand.yaml, errand.yml or
errand.json here or in a parent folder. TASK is a full name such as build or lint/format.

Examples:
  errand run ci.yaml                       stop everything at the first failure (errgroup)
  errand run -k -j 4 ci.yaml               keep going and report all errors, 4 at a time
  errand run --timeout 20m --grace 10s ci.yaml lint
  errand run --report json=out.json --report events=- ci.yaml

Exit status: 0 all succeeded; that of the first failed task; 1 with -k; 124 timeout; 125 bad input;
126 and 127 cannot be executed, not found. Killed by SIGINT, SIGTERM or SIGHUP it dies of it.)";

constexpr const char* kGraphExamples = R"(Examples:
  errand graph | dot -Tsvg >plan.svg
  errand graph --format mermaid ci.yaml test   just these tasks and what they need
  errand graph --format json | jq '.tasks[].needs')";

constexpr const char* kSchemaExamples = R"(Examples:
  errand schema >errand.schema.json    then, as the first line of a task file:
                                       # yaml-language-server: $schema=errand.schema.json)";

// A reader of one option's text; CLI11 shows the error behind the option's name.
template <class T, class Into>
CLI::callback_t reading(Into& into, std::function<Result<T>(const std::string&)> read) {
  return [&into, read](const CLI::results_t& texts) {
    Result<T> value = read(texts.back());
    if (!value) throw CLI::ValidationError(value.error().message());
    into = std::move(*value);
    return true;
  };
}

Error not_available(const std::string& what) {
  return Error::text("'" + what + "' is not available yet");
}

Result<Duration> read_positive(const std::string& text) {
  Result<Duration> duration = parse_duration(text);
  if (duration && *duration <= Duration::zero()) {
    return std::unexpected(Error::text("'" + text + "' must be more than zero"));
  }
  return duration;
}

Result<Duration> read_duration(const std::string& text) { return parse_duration(text); }

Result<Mode> read_mode(const std::string& text) {
  if (text == "errgroup") return Mode::errgroup;
  if (text == "aggregate") return Mode::aggregate;
  if (text == "race") return std::unexpected(not_available(text));
  return std::unexpected(Error::text("'" + text + "' is not a mode; errgroup or aggregate"));
}

Result<GraphFormat> read_graph_format(const std::string& text) {
  if (text == "dot") return GraphFormat::dot;
  if (text == "mermaid") return GraphFormat::mermaid;
  if (text == "json") return GraphFormat::json;
  return std::unexpected(Error::text("'" + text + "' is not one of dot, mermaid, json"));
}

Result<OutputMode> read_output(const std::string& text) {
  if (text == "live") return OutputMode::live;
  if (text == "group") return OutputMode::group;
  if (text == "errors") return OutputMode::errors;
  if (text == "raw") return OutputMode::raw;
  if (text == "quiet") return OutputMode::quiet;
  if (text == "ordered") return std::unexpected(not_available(text));
  return std::unexpected(
      Error::text("'" + text + "' is not an output mode; auto, live, group, errors, raw or quiet"));
}

Result<ColorChoice> read_color(const std::string& text) {
  if (text == "auto") return ColorChoice::automatic;
  if (text == "always") return ColorChoice::always;
  if (text == "never") return ColorChoice::never;
  return std::unexpected(Error::text("'" + text + "' is not one of auto, always, never"));
}

Result<ReportRequest> read_report(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string kind = text.substr(0, equals);
  const std::string path = equals == std::string::npos ? "" : text.substr(equals + 1);
  for (const char* later : {"junit", "html", "markdown", "trace"}) {
    if (kind == later) return std::unexpected(not_available(kind));
  }
  if (kind != "json" && kind != "events") {
    return std::unexpected(Error::text("'" + kind + "' is not a kind of report; json or events"));
  }
  if (path.empty()) return std::unexpected(Error::text("write it as " + kind + "=PATH"));
  return ReportRequest{kind == "json" ? ReportKind::json : ReportKind::events, path};
}

Result<EnvEntry> read_env(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return std::unexpected(Error::text("'" + text + "' is not NAME=VALUE"));
  }
  return EnvEntry{text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> found;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(' ', at)) != std::string::npos) {
    const std::size_t end = text.find(' ', at);
    found.push_back(text.substr(at, end - at));
    if (end == std::string::npos) break;
    at = end;
  }
  return found;
}

Result<std::vector<std::string>> read_shell(const std::string& text) {
  std::vector<std::string> prefix = words(text);
  if (prefix.empty()) return std::unexpected(Error::text("is empty; write it as 'bash -euc'"));
  return prefix;
}

// CLI11 does not say whose value it is that cannot be read.
CLI::callback_t naming(const char* names, CLI::callback_t read) {
  return [names, read](const CLI::results_t& texts) {
    try {
      return read(texts);
    } catch (const CLI::ValidationError& error) {
      throw CLI::ValidationError(std::string(names) + ": " + error.what());
    }
  };
}

// An option that the environment may give too.
CLI::Option* with_variable(CLI::Option* option, const char* variable) {
  return option->envname(variable)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

template <class T>
CLI::callback_t appending(std::vector<T>& into, std::function<Result<T>(const std::string&)> read) {
  return [&into, read](const CLI::results_t& texts) {
    into.clear();
    for (const std::string& text : texts) {
      Result<T> value = read(text);
      if (!value) throw CLI::ValidationError(value.error().message());
      into.push_back(std::move(*value));
    }
    return true;
  };
}

void add_input(CLI::App& app, InputOptions& input) {
  app.add_option("-C", input.folder, "start in this folder")->type_name("DIR");
  app.add_option("FILE", input.positional, "a task file, then names of tasks in it")
      ->type_name("[TASK]");
}

void add_run(CLI::App& app, RunCommand& run) {
  add_input(app, run.input);
  Overrides& over = run.overrides;
  const auto add = [&app](const char* names, CLI::callback_t read, const char* help,
                          const char* type) {
    return app.add_option(names, naming(names, std::move(read)), help)->type_name(type);
  };
  with_variable(
      add("-j,--jobs", reading<Jobs>(over.jobs, [](const std::string& t) { return parse_jobs(t); }),
          "most attempts at once; auto = CPUs, 0 = no limit", "N|N%|auto"),
      "ERRAND_JOBS");
  auto* mode = with_variable(
      add("--mode", reading<Mode>(over.mode, read_mode), "how the run fails", "errgroup|aggregate"),
      "ERRAND_MODE");
  auto* fast = app.add_flag_callback(
      "--fail-fast", [&over] { over.mode = Mode::errgroup; },
      "the first failure stops everything (default)");
  auto* going = app.add_flag_callback(
      "-k,--keep-going", [&over] { over.mode = Mode::aggregate; },
      "run everything, report every error");
  fast->excludes(going)->excludes(mode);
  going->excludes(mode);
  with_variable(add("--timeout", reading<Duration>(over.timeout, read_positive),
                    "for the whole run: 250ms 10s 5m 1h30m", "DUR"),
                "ERRAND_TIMEOUT");
  with_variable(add("--task-timeout", reading<Duration>(over.task_timeout, read_positive),
                    "for each attempt of a task", "DUR"),
                "ERRAND_TASK_TIMEOUT");
  with_variable(add("--grace", reading<Duration>(over.grace, read_duration),
                    "from the polite signal to SIGKILL (5s)", "DUR"),
                "ERRAND_GRACE");
  const auto output = [&run](const CLI::results_t& texts) {
    run.output.reset();
    return texts.back() == "auto" || reading<OutputMode>(run.output, read_output)(texts);
  };
  with_variable(add("-o,--output", output, "auto, live, group, errors, raw or quiet", "MODE"),
                "ERRAND_OUTPUT");
  with_variable(
      add("--color", reading<ColorChoice>(run.color, read_color), "colours", "auto|always|never"),
      "ERRAND_COLOR");
  add("--report", appending<ReportRequest>(run.reports, read_report),
      "also write json or events; - is stdout", "KIND=PATH")
      ->take_all()
      ->allow_extra_args(false);
  with_variable(add("--shell", reading<std::vector<std::string>>(run.shell, read_shell),
                    "what runs scripts (sh -ec)", "'PREFIX'"),
                "ERRAND_SHELL");
  add("--env", appending<EnvEntry>(over.env, read_env), "a variable for every task", "K=V")
      ->take_all()
      ->allow_extra_args(false);
  app.add_flag("-n,--dry-run", run.dry_run, "print the resolved plan, run nothing");
  auto* quiet = app.add_flag("-q,--quiet", run.quiet, "print only tasks' output and the error");
  app.add_flag("-v,--verbose", run.verbose, "a line for each task")->excludes(quiet);
  app.footer(kRunExamples);
}

// Help that fits a screen: an option, its value and what it does, and no more.
class ShortHelp final : public CLI::Formatter {
 public:
  ShortHelp() { column_width(34); }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 ? "" : " " + option->get_type_name();
  }
  std::string make_usage(const CLI::App* app, std::string) const override {
    if (app->get_parent() == nullptr) return "\nUsage: errand COMMAND [OPTIONS]\n";
    return "\nUsage: errand " + app->get_name() + " [OPTIONS] [FILE] [TASK...]\n";
  }
  std::string make_positionals(const CLI::App*) const override { return ""; }
  std::string make_footer(const CLI::App* app) const override { return app->get_footer() + "\n"; }
};

// CLI11 would only say that a subcommand is missing. Empty: `word` is one.
std::string wrong_command(std::string_view word) {
  constexpr std::array<std::string_view, 5> known = {"run", "check", "list", "graph", "schema"};
  constexpr std::array<std::string_view, 3> later = {"exec", "report", "completion"};
  if (std::ranges::find(known, word) != known.end()) return {};
  const std::string quoted = "'" + escape_text(word) + "'";
  if (std::ranges::find(later, word) != later.end()) return quoted + " is not available yet";
  const std::string near = nearest(word, known);
  return quoted + " is not a command" + (near.empty() ? "" : ", did you mean '" + near + "'?");
}

// CLI11 quotes the option's name already where the error is the user's text.
Said wrong(const std::string& what) {
  return {"errand: " + what + "\nTry 'errand --help'.\n", kErrandFailed};
}

}  // namespace

const std::vector<std::string>& option_variables() {
  static const std::vector<std::string> names = {
      "ERRAND_JOBS",  "ERRAND_MODE",   "ERRAND_TIMEOUT", "ERRAND_TASK_TIMEOUT",
      "ERRAND_GRACE", "ERRAND_OUTPUT", "ERRAND_COLOR",   "ERRAND_SHELL"};
  return names;
}

Invocation read_command_line(int argc, char** argv) {
  CLI::App app(
      "errand runs the tasks of a file at the same time: the first failure stops the rest, or\n"
      "everything runs and every error is reported. Nothing is left behind.",
      "errand");
  app.require_subcommand(1);
  app.footer(kExamples);
  app.set_version_flag("--version", kVersion, "version, compiler and build type");
  app.formatter(std::make_shared<ShortHelp>());

  RunCommand run;
  CheckCommand check;
  ListCommand list;
  CLI::App& run_app = *app.add_subcommand("run", "run the tasks of a file");
  add_run(run_app, run);
  CLI::App& check_app =
      *app.add_subcommand("check", "read a file, report every problem, start nothing");
  add_input(check_app, check.input);
  check_app.footer(
      "Examples:\n  errand check ci.yaml\n\nExit status: 0, or 125 when anything is wrong.");
  CLI::App& list_app =
      *app.add_subcommand("list", "the tasks, with their descriptions, groups and needs");
  add_input(list_app, list.input);
  list_app.add_flag("--json", list.json, "as JSON, for programs");
  list_app.footer("Examples:\n  errand list\n  errand list --json ci.yaml | jq -r '.tasks[].name'");

  GraphCommand graph;
  CLI::App& graph_app = *app.add_subcommand("graph", "the plan as Graphviz, Mermaid or JSON");
  add_input(graph_app, graph.input);
  graph_app
      .add_option("--format",
                  naming("--format", reading<GraphFormat>(graph.format, read_graph_format)),
                  "what draws it (dot)")
      ->type_name("dot|mermaid|json");
  graph_app.footer(kGraphExamples);
  CLI::App& schema_app =
      *app.add_subcommand("schema", "the JSON Schema of the task file, for editors");
  schema_app.footer(kSchemaExamples);

  const std::string_view first = argc > 1 ? argv[1] : "";
  if (!first.empty() && first[0] != '-') {
    if (const std::string problem = wrong_command(first); !problem.empty()) return wrong(problem);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return Said{version.what() == std::string() ? kVersion : std::string(version.what()), 0};
  } catch (const CLI::CallForHelp&) {
    CLI::App* asked = &app;
    for (CLI::App* sub : app.get_subcommands()) asked = sub;
    return Said{asked->help(), 0};
  } catch (const CLI::ParseError& error) {
    return wrong(error.what());
  }
  if (run_app.parsed()) return run;
  if (check_app.parsed()) return check;
  if (graph_app.parsed()) return graph;
  if (schema_app.parsed()) return SchemaCommand{};
  return list;
}

}  // namespace errand::cmd
