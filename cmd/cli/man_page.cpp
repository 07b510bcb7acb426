// SPDX-License-Identifier: Apache-2.0
#include "cmd/cli/man_page.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace errand::cmd {
namespace {

constexpr std::string_view kDescription =
    R"(errand reads a list of tasks (YAML, JSON or JSON Lines), runs them at the same time and reports all their
errors. In the mode errgroup, the default, the first failure cancels the rest; in aggregate everything runs; in race
the first success cancels the rest. Groups of tasks may be nested, each with its own mode, limit and timeout.

Each attempt of a task has its own process group. To cancel it, errand sends its group a signal once, waits for the
grace period, and kills what is left of it, wherever that has gone. errand ends when all of it is gone.
)";

constexpr std::string_view kExample =
    R"(# errand.yaml
timeout: 20m
tasks:
  lint: { mode: aggregate, tasks: { format: make format-check, tidy: make tidy } }
  build: make
  test: { needs: [build], run: make test, timeout: 5m, retry: 1 }
)";

struct Term {
  const char* term;
  const char* text;
};

constexpr Term kExitStatus[] = {
    {"0", "Every task that had to succeed did; also for no task at all."},
    {"the task's own",
     "In the mode errgroup that of the first failure; 128+n for a death by signal n."},
    {"1", "In the modes aggregate and race: something failed."},
    {"124", "The run's timeout passed, or the first failure is a task that timed out."},
    {"125",
     "errand itself could not: a wrong option, a wrong task file, a report that cannot be written. "
     "Nothing "
     "was started when the input was at fault."},
    {"126, 127", "The first failure could not be executed, was not found."},
    {"by signal",
     "After SIGINT, SIGTERM and SIGHUP errand cleans up and dies of the signal; as process 1 it "
     "exits "
     "with 128+n."},
};

constexpr Term kSignals[] = {
    {"SIGINT, SIGTERM, SIGHUP",
     "Cancel the run. Errors, summary and reports still come out. A second one skips the grace "
     "period."},
    {"SIGTSTP",
     "(Ctrl-Z) stops the tasks, too, until errand is continued; no timeout counts that time."},
};

constexpr Term kTaskEnvironment[] = {
    {"ERRAND_TASK, ERRAND_RUN_ID, ERRAND_ATTEMPT, ERRAND_SLOT",
     "Set for each attempt: the task's full name, the run, the number of the attempt, and a number "
     "that no other "
     "running attempt has."},
    {"NO_COLOR, FORCE_COLOR, CLICOLOR, CLICOLOR_FORCE, CI, TERM",
     "Decide with --color whether errand colours."},
    {"MAKEFLAGS", "The jobserver of a make above errand, and errand's own for its tasks."},
    {"TMPDIR", "Where much output waits, in files that have no name."},
};

// What stands for itself in a line of text.
std::string text_of(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool begins_line = escaped.empty() || escaped.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string quoted(std::string_view text) {
  std::string inside = text_of(text);
  for (std::size_t at = 0; (at = inside.find('"', at)) != std::string::npos; at += 4)
    inside.replace(at, 1, "\\(dq");
  return "\"" + inside + "\"";
}

std::string paragraphs(std::string_view text) {
  std::string page;
  for (std::size_t at; (at = text.find("\n\n")) != std::string_view::npos;) {
    page += text_of(text.substr(0, at + 1)) + ".PP\n";
    text.remove_prefix(at + 2);
  }
  return page + text_of(text);
}

// Lines as they are.
std::string literal(std::string_view text) {
  return ".PP\n.nf\n" + text_of(text) + (text.ends_with('\n') ? "" : "\n") + ".fi\n";
}

// The help's lines begin small.
std::string sentence(std::string text) {
  if (!text.starts_with("errand")) text[0] = static_cast<char>(std::toupper(text[0]));
  return text + ".";
}

std::string term(std::string_view name, std::string_view text) {
  return ".TP\n.B " + quoted(name) + "\n" + text_of(text) + "\n";
}

template <std::size_t N>
std::string terms(const Term (&all)[N]) {
  std::string page;
  for (const Term& one : all) page += term(one.term, one.text);
  return page;
}

std::string option_name(const OptionSpec& option) {
  std::string name(option.names);
  if (const std::size_t comma = name.find(','); comma != std::string::npos)
    name.insert(comma + 1, " ");
  return name + value_of(option);
}

std::string option_text(const OptionSpec& option) {
  std::string text =
      sentence(std::string(option.help) + (option.repeats ? "; may be given again and again" : ""));
  if (!option.variable.empty()) text += " Variable: " + std::string(option.variable) + ".";
  return text;
}

bool has_option(const CommandSpec& command, const OptionSpec& option) {
  return std::ranges::any_of(command.options,
                             [&](const OptionSpec& one) { return one.names == option.names; });
}

std::string command_text(const CommandSpec& command, const CommandSpec& run) {
  std::string page =
      ".SS " +
      quoted("errand " + command.name + (command.usage.empty() ? "" : " ") + command.usage) + "\n" +
      text_of(sentence(command.about)) + "\n";
  const bool shares = &command != &run && command.options.size() > run.options.size() / 2;
  for (const OptionSpec& option : command.options) {
    if (option.help.empty() || (shares && has_option(run, option))) continue;
    page += term(option_name(option), option_text(option));
  }
  if (shares) {
    page += ".PP\nAlso the options of run";
    std::string without;
    for (const OptionSpec& option : run.options) {
      if (!option.help.empty() && !has_option(command, option))
        without += (without.empty() ? ", except " : ", ") + std::string(option.names);
    }
    page += text_of(without) + ".\n";
  }
  return page + literal(command.footer);
}

std::string variables(const CommandSpec& run) {
  std::string page;
  for (const OptionSpec& option : run.options) {
    if (option.variable.empty() || option.help.empty()) continue;
    const std::string name(option.names.substr(option.names.find(',') + 1));
    page += term(std::string(option.variable),
                 "As " + name + ", which goes before it. Tasks do not see it.");
  }
  return page;
}

}  // namespace

std::string man_page(const std::vector<CommandSpec>& commands) {
  const CommandSpec& run = commands.front();
  std::string page =
      ".\\\" Made by: errand man\n.TH ERRAND 1 \"\" \"errand " ERRAND_VERSION
      "\" \"User Commands\"\n.nh\n.ad l\n.SH NAME\nerrand \\- run tasks at the same time, and "
      "leave nothing behind\n.SH SYNOPSIS\n";
  for (const CommandSpec& command : commands) {
    page += ".B errand " + text_of(command.name) + "\n";
    if (!command.usage.empty()) page += text_of(command.usage) + "\n";
    page += ".br\n";
  }
  page += ".SH DESCRIPTION\n" + paragraphs(kDescription) + literal(kExample) + ".SH COMMANDS\n";
  for (const CommandSpec& command : commands) page += command_text(command, run);
  page += ".SH EXIT STATUS\n" + terms(kExitStatus);
  page += ".SH SIGNALS\n" + terms(kSignals);
  page += ".SH ENVIRONMENT\n" + variables(run) + terms(kTaskEnvironment);
  page +=
      ".SH FILES\n" +
      term("errand.yaml, errand.yml, errand.json",
           "The task file where none is named, in this folder or the nearest parent that has one.");
  return page + ".SH SEE ALSO\n.BR make (1),\n.BR xargs (1),\n.BR parallel (1)\n";
}

}  // namespace errand::cmd
