// SPDX-License-Identifier: Apache-2.0
#include "cmd/cli/command_table.h"

#include <utility>

#include "cmd/cli/run_options.h"

namespace errand::cmd {
namespace {

constexpr const char* kExamples = R"(Examples:
  errand run                      run the tasks of errand.yaml, here or in a parent folder
  errand run ci.yaml build test   just these tasks and what they need
  errand run -k --timeout 10m     run everything, report every error, for ten minutes at most
  errand exec 'npm test' 'npm run lint'     two commands at once, without a file
  errand exec gzip -9 ::: *.log   one command for each argument
  generate | errand run -         one task a line (JSON Lines), run as they arrive
  errand check ci.yaml            find every mistake in a file without starting anything

Help for a command: errand COMMAND --help
)";

constexpr const char* kRunFooter =
    R"(FILE is YAML, JSON or JSON Lines; "-" is standard input. Without FILE: errand.yaml, errand.yml or
errand.json here or in a parent folder. TASK is a full name such as build or lint/format.

Examples:
  errand run ci.yaml                       stop everything at the first failure (errgroup)
  errand run -k -j 4 ci.yaml               keep going and report all errors, 4 at a time
  errand run --timeout 20m --grace 10s ci.yaml lint
  errand run --report json=out.json --report events=- ci.yaml

Exit status: 0 all succeeded; that of the first failed task; 1 with -k; 124 timeout; 125 bad input;
126 and 127 cannot be executed, not found. Killed by SIGINT, SIGTERM or SIGHUP it dies of it.
)";

constexpr const char* kExecFooter =
    R"(Options come before the first COMMAND. Arguments come from ":::", -a FILE or -0 (standard input); if
none of these is given, {} or one of its forms, or -n, reads the lines of standard input. Then the
words are one template, with a task for each argument: one word is a script for the shell, several
are a program and its arguments. Without a placeholder the argument becomes the last word. Without
arguments each word is a script, which runs once. Without a COMMAND each argument is a script.
  {} argument  {.} no extension  {/} base name  {//} folder  {/.} base name without extension
  {1} the first of the task's arguments  {#} number of the task  {%} its job slot  {{}} writes {}

Examples:
  errand exec 'npm test' 'npm run lint'              errand exec -j4 convert {} {.}.png ::: *.jpg
  find . -name '*.c' -print0 | errand exec -0 'cc -c {} -o {/.}.o'
)";

CommandSpec run_spec() {
  return {.name = "run",
          .usage = "[OPTIONS] [FILE] [TASK...]",
          .about = "run the tasks of a file",
          .footer = kRunFooter,
          .words = CompletionKind::file_or_task};
}

CommandSpec exec_spec() {
  return {.name = "exec",
          .usage = "[OPTIONS] COMMAND... [::: ARG...]",
          .about = "run commands, or one command for each argument, without a file",
          .footer = kExecFooter,
          .words = CompletionKind::file,
          .takes_command = true};
}

CommandSpec list_spec() {
  return {.name = "list",
          .usage = "[OPTIONS] [FILE] [TASK...]",
          .about = "the tasks, with their descriptions, groups and needs",
          .footer =
              "Examples:\n  errand list\n"
              "  errand list --json ci.yaml | jq -r '.tasks[].name'\n",
          .words = CompletionKind::file_or_task};
}

CommandSpec graph_spec() {
  return {.name = "graph",
          .usage = "[OPTIONS] [FILE] [TASK...]",
          .about = "the plan as Graphviz, Mermaid or JSON",
          .footer =
              "Examples:\n  errand graph | dot -Tsvg >plan.svg\n"
              "  errand graph --format mermaid ci.yaml test\n"
              "  errand graph --format json | jq '.tasks[] | {name, needs}'\n",
          .words = CompletionKind::file_or_task};
}

CommandSpec report_spec() {
  return {.name = "report",
          .usage = "[OPTIONS] [RUN]",
          .about = "a report of a run that is over, made of its journal or event log",
          .footer =
              "RUN is the id of a run, the beginning of one, the path of an event log\n"
              "(--report events=PATH), or last, which is the default.\n\n"
              "Examples:\n  errand report\n  errand report --format html -o run.html last\n"
              "  errand report --format junit -o junit.xml events.jsonl\n",
          .words = CompletionKind::file};
}

CommandSpec schema_spec() {
  return {.name = "schema",
          .usage = "",
          .about = "the JSON Schema of the task file, for editors",
          .footer =
              "Examples:\n  errand schema >errand.schema.json\n\n"
              "and as the first line of a task file, for editors with a YAML language server:\n"
              "  # yaml-language-server: $schema=errand.schema.json\n"};
}

std::vector<OptionSpec> input_options(InputOptions& input) {
  return {folder_option(input), var_option(input), env_option(input)};
}

std::vector<OptionSpec> exec_options(ExecCommand& exec) {
  std::vector<OptionSpec> options = run_options(exec.run);
  // ${{ }} is for task files.
  std::erase_if(options, [](const OptionSpec& option) { return option.names == "--var"; });
  for (OptionSpec& option : options) {
    if (option.names == "-n,--dry-run") option.names = "--dry-run";  // -n has the meaning of xargs
  }
  std::vector<OptionSpec> own = argument_options(exec.words);
  options.insert(options.begin(), own.begin(), own.end());
  return options;
}

std::vector<OptionSpec> list_options(ListCommand& list) {
  std::vector<OptionSpec> options = input_options(list.input);
  const auto add_flag = [&options](const char* name, const char* help, bool& into) {
    const auto set = [&into](const std::vector<std::string>&) {
      into = true;
      return Error();
    };
    options.push_back(
        {.names = name, .value = {}, .help = help, .read = set, .exclusion_group = "form"});
  };
  add_flag("--json", "as JSON, for programs", list.json);
  add_flag("--names", "just the full names, one a line", list.names);
  return options;
}

std::vector<OptionSpec> graph_options(GraphCommand& graph) {
  std::vector<OptionSpec> options = input_options(graph.input);
  options.push_back(format_option(graph));
  return options;
}

std::string line_of(const std::string& left, const std::string& right) {
  constexpr std::size_t column = 30;
  const std::size_t space = left.size() < column ? column - left.size() : 1;
  return "  " + left + std::string(space, ' ') + right + "\n";
}

std::string line_of(const OptionSpec& option) {
  return line_of(std::string(option.names) + value_of(option), std::string(option.help));
}

}  // namespace

std::vector<OptionSpec> options_of(std::string_view command, Invocations& into) {
  if (command == "run") return run_options(into.run);
  if (command == "exec") return exec_options(into.exec);
  if (command == "check") return input_options(into.check.input);
  if (command == "list") return list_options(into.list);
  if (command == "graph") return graph_options(into.graph);
  if (command == "report") return report_options(into.report);
  return {};
}

std::vector<CommandSpec> commands_without_options() {
  std::vector<CommandSpec> commands;
  commands.push_back(run_spec());
  commands.push_back(exec_spec());
  commands.push_back({.name = "check",
                      .usage = "[OPTIONS] [FILE]",
                      .about = "read a file, report every problem, start nothing",
                      .footer = "Examples:\n  errand check ci.yaml\n\nExit status: 0, or 125 when "
                                "anything is wrong.\n",
                      .words = CompletionKind::file});
  commands.push_back(list_spec());
  commands.push_back(graph_spec());
  commands.push_back(report_spec());
  commands.push_back(schema_spec());
  commands.push_back({.name = "completion",
                      .usage = "SHELL",
                      .about = "what bash, zsh or fish need to complete errand's words",
                      .footer =
                          "Examples:\n  errand completion bash "
                          ">~/.local/share/bash-completion/completions/errand\n"
                          "  errand completion zsh >~/.zfunc/_errand\n"
                          "  errand completion fish >~/.config/fish/completions/errand.fish\n",
                      .words = CompletionKind::choices,
                      .choices = {"bash", "zsh", "fish"}});
  commands.push_back({.name = "man",
                      .usage = "",
                      .about = "the manual page, for man and troff",
                      .footer = "Examples:\n  errand man | man -l -\n"
                                "  errand man >~/.local/share/man/man1/errand.1\n"});
  return commands;
}

std::vector<CommandSpec> command_table(Invocations& into) {
  std::vector<CommandSpec> commands = commands_without_options();
  for (CommandSpec& command : commands) command.options = options_of(command.name, into);
  return commands;
}

std::string help_of_errand(const std::vector<CommandSpec>& commands) {
  std::string text =
      "errand runs tasks at the same time: the first failure stops the rest, or everything runs\n"
      "and every error is reported. Nothing is left behind.\n"
      "\nUsage: errand COMMAND [OPTIONS]\n\nCommands:\n";
  for (const CommandSpec& command : commands) text += line_of(command.name, command.about);
  text += "\nOptions:\n" + line_of("-h,--help", "this help") +
          line_of("--version", "version, compiler and build type");
  return text + "\n" + kExamples;
}

std::string help_of(const CommandSpec& command) {
  std::string text = command.about + "\n\nUsage: errand " + command.name + " " + command.usage +
                     "\n\nOptions:\n" + line_of("-h,--help", "this help");
  for (const OptionSpec& option : command.options) {
    if (!option.help.empty()) text += line_of(option);
  }
  return text + "\n" + command.footer;
}

}  // namespace errand::cmd
