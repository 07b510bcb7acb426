// SPDX-License-Identifier: Apache-2.0
#include "cmd/cli/completion.h"

#include "errand/shell/shell_quote.h"

namespace errand::cmd {
namespace {

std::vector<std::string> names_of(const OptionSpec& option) {
  std::vector<std::string> names;
  for (std::string_view left = option.names; !left.empty();) {
    const std::size_t comma = std::min(left.find(','), left.size());
    names.emplace_back(left.substr(0, comma));
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  return names;
}

bool takes_value(const OptionSpec& option) {
  return !option.value.empty() && !option.value_is_optional;
}

// What is refused is not offered.
std::vector<OptionSpec> offered(const CommandSpec& command) {
  std::vector<OptionSpec> options;
  for (const OptionSpec& option : command.options) {
    if (!option.help.empty()) options.push_back(option);
  }
  options.push_back({.names = "-h,--help", .value = {}, .help = "help", .read = {}});
  return options;
}

std::string join(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string all_names(const CommandSpec& command) {
  std::string text;
  for (const OptionSpec& option : offered(command)) {
    for (const std::string& name : names_of(option)) text += (text.empty() ? "" : " ") + name;
  }
  return text;
}

// ---- bash

// The lines that set COMPREPLY for a word of this kind.
std::string bash_reply(CompletionKind kind, const std::vector<std::string>& choices) {
  switch (kind) {
    case CompletionKind::choices:
      return "mapfile -t COMPREPLY < <(compgen -W " + shell_quote(join(choices, " ")) +
             " -- \"$word\")";
    case CompletionKind::file:
      return "mapfile -t COMPREPLY < <(compgen -f -- \"$word\")";
    case CompletionKind::folder:
      return "mapfile -t COMPREPLY < <(compgen -d -- \"$word\")";
    case CompletionKind::task:
      return "_errand_tasks";
    case CompletionKind::file_or_task:
      return "mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); _errand_tasks";
    case CompletionKind::nothing:
      break;
  }
  return "COMPREPLY=()";
}

std::string bash_values(const CommandSpec& command) {
  std::string text;
  for (const OptionSpec& option : offered(command)) {
    if (!takes_value(option)) continue;
    text += "        " + join(names_of(option), "|") + ") " +
            bash_reply(option.completes, option.choices) + "; return ;;\n";
  }
  return text.empty() ? text : "      case $before in\n" + text + "      esac\n";
}

std::string bash_command(const CommandSpec& command) {
  std::string text = "    " + command.name + ")\n" + bash_values(command);
  text += "      case $word in\n        -*) mapfile -t COMPREPLY < <(compgen -W '" +
          all_names(command) + "' -- \"$word\"); return ;;\n      esac\n";
  const std::string words = command.takes_command
                                ? "mapfile -t COMPREPLY < <(compgen -c -f -- \"$word\")"
                                : bash_reply(command.words, command.choices);
  return text + "      " + words + " ;;\n";
}

constexpr const char* kBashTasks =
    R"(# The full names of the tasks of the file on the line, or of the default one.
_errand_tasks() {
  local file= argument name
  for argument in "${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
    case $argument in *.yaml|*.yml|*.json) file=$argument ;; esac
  done
  # compgen -W would expand what stands in a name.
  while IFS= read -r name; do
    [[ $name != "$word"* ]] || COMPREPLY+=("$name")
  done < <(errand list --names ${file:+"$file"} 2>/dev/null </dev/null)
}
)";

// ---- zsh

std::string zsh_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string zsh_action(CompletionKind kind, const std::vector<std::string>& choices) {
  switch (kind) {
    case CompletionKind::choices:
      return "(" + join(choices, " ") + ")";
    case CompletionKind::file:
      return "_files";
    case CompletionKind::folder:
      return "_files -/";
    case CompletionKind::task:
      return "_errand_tasks";
    case CompletionKind::file_or_task:
      return "_errand_words";
    case CompletionKind::nothing:
      break;
  }
  return " ";
}

std::string zsh_options(const CommandSpec& command) {
  std::string text;
  for (const OptionSpec& option : offered(command)) {
    const std::string star = option.repeats ? "*" : "";
    for (const std::string& name : names_of(option)) {
      const std::string equals = option.value_is_optional                        ? "=-"
                                 : takes_value(option) && name.starts_with("--") ? "="
                                                                                 : "";
      std::string spec = star + name + equals + "[" + zsh_text(option.help) + "]";
      if (takes_value(option))
        spec += ":" + zsh_text(option.value) + ":" + zsh_action(option.completes, option.choices);
      if (option.value_is_optional) spec += "::" + zsh_text(option.value) + ": ";
      text += "        " + shell_quote(spec) + " \\\n";
    }
  }
  return text;
}

std::string zsh_command(const CommandSpec& command) {
  const std::string words = command.takes_command
                                ? "*::command:_normal"
                                : "*:word:" + zsh_action(command.words, command.choices);
  return "    " + command.name + ")\n      _arguments -s \\\n" + zsh_options(command) + "        " +
         shell_quote(words) + " ;;\n";
}

constexpr const char* kZshTasks = R"zsh(_errand_tasks() {
  local file= argument
  for argument in $words; do
    case $argument in *.yaml|*.yml|*.json) file=$argument ;; esac
  done
  local -a tasks
  tasks=(${(f)"$(errand list --names ${file:+"$file"} 2>/dev/null </dev/null)"})
  compadd -a tasks
}
_errand_words() {
  _alternative 'tasks:task:_errand_tasks' 'files:file:_files'
}
)zsh";

// ---- fish

std::string fish_quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string fish_values(CompletionKind kind, const std::vector<std::string>& choices) {
  switch (kind) {
    case CompletionKind::choices:
      return " -x -a " + fish_quote(join(choices, " "));
    case CompletionKind::file:
      return " -r -F";
    case CompletionKind::folder:
      return " -x -a '(__fish_complete_directories)'";
    case CompletionKind::task:
      return " -x -a '(__errand_tasks)'";
    case CompletionKind::file_or_task:
      return " -F -a '(__errand_tasks)'";
    case CompletionKind::nothing:
      break;
  }
  return " -x";
}

std::string fish_option(const OptionSpec& option) {
  std::string text;
  for (const std::string& name : names_of(option))
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (takes_value(option)) text += fish_values(option.completes, option.choices);
  return text + " -d " + fish_quote(option.help);
}

std::string fish_command(const CommandSpec& command) {
  const std::string begin =
      "complete -c errand -n '__fish_seen_subcommand_from " + command.name + "'";
  std::string text;
  for (const OptionSpec& option : offered(command)) text += begin + fish_option(option) + "\n";
  if (command.takes_command) return text + begin + " -x -a '(__fish_complete_subcommand)'\n";
  return text + begin + fish_values(command.words, command.choices) + "\n";
}

constexpr const char* kFishTasks = R"(function __errand_tasks
    set -l file
    for argument in (commandline -opc)
        string match -qr '\.(yaml|yml|json)$' -- $argument; and set file $argument
    end
    errand list --names $file 2>/dev/null </dev/null
end
)";

}  // namespace

std::string bash_completion(const std::vector<CommandSpec>& commands) {
  std::string names;
  for (const CommandSpec& command : commands) names += command.name + " ";
  std::string text = "# Completes errand's words in bash; made by 'errand completion bash'.\n";
  text += kBashTasks;
  text +=
      "_errand() {\n  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    mapfile -t COMPREPLY < <(compgen -W '" +
      names +
      "--help --version' -- \"$word\")\n    return\n  fi\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const CommandSpec& command : commands) text += bash_command(command);
  return text + "  esac\n}\ncomplete -o filenames -F _errand errand\n";
}

std::string zsh_completion(const std::vector<CommandSpec>& commands) {
  std::string text =
      "#compdef errand\n# Completes errand's words in zsh; made by 'errand completion zsh'.\n";
  text += kZshTasks;
  text += "_errand() {\n  if (( CURRENT == 2 )); then\n    local -a commands\n    commands=(\n";
  for (const CommandSpec& command : commands)
    text += "      " + shell_quote(zsh_text(command.name) + ":" + command.about) + "\n";
  text +=
      "    )\n    _describe command commands\n    return\n  fi\n"
      "  local command=$words[2]\n  shift words; (( CURRENT-- ))\n  case $command in\n";
  for (const CommandSpec& command : commands) text += zsh_command(command);
  return text +
         "  esac\n}\nif [ \"$funcstack[1]\" = _errand ]; then _errand \"$@\"; else compdef _errand "
         "errand; fi\n";
}

std::string fish_completion(const std::vector<CommandSpec>& commands) {
  std::string text = "# Completes errand's words in fish; made by 'errand completion fish'.\n";
  text += kFishTasks;
  text += "complete -c errand -f\n";
  for (const CommandSpec& command : commands) {
    text += "complete -c errand -n __fish_use_subcommand -a " + command.name + " -d " +
            fish_quote(command.about) + "\n";
  }
  for (const CommandSpec& command : commands) text += fish_command(command);
  return text;
}

}  // namespace errand::cmd
