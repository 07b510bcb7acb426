// SPDX-License-Identifier: Apache-2.0
#include "cmd/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <span>
#include <string_view>

#include "cmd/cli/command_table.h"
#include "cmd/session/environment.h"
#include "errand/base/escape_text.h"
#include "errand/base/nearest.h"

namespace errand::cmd {
namespace {

constexpr const char* kVersion =
    "errand " ERRAND_VERSION "\ncompiler: " ERRAND_COMPILER "\nbuild: " ERRAND_BUILD_TYPE "\n";

ImmediateExit usage_error(const std::string& what, const std::string& command = {}) {
  const std::string help = "errand " + command + (command.empty() ? "" : " ") + "--help";
  return {"errand: " + what + "\nTry '" + help + "'.\n", kErrandFailed};
}

// CLI11 would only say that a subcommand is missing. Empty: `word` is one.
std::string wrong_command(std::string_view word, const std::vector<CommandSpec>& commands) {
  std::vector<std::string_view> known;
  for (const CommandSpec& command : commands) known.push_back(command.name);
  if (std::ranges::find(known, word) != known.end()) return {};
  const std::string quoted = "'" + escape_text(word) + "'";
  const std::string near = nearest(word, known);
  return quoted + " is not a command" + (near.empty() ? "" : ", did you mean '" + near + "'?");
}

// A command for CLI11, and what it found for each option.
struct Parser {
  CLI::App* app = nullptr;  // null: it is not what errand was called with
  bool was_given() const { return app && app->parsed(); }
  std::vector<CLI::Option*> options;  // in the order of the specs; null: not in the arguments
  std::vector<std::string> words;
  bool was_given(std::size_t option) const {
    return options[option] && options[option]->count() > 0;
  }
};

void add_option(CLI::App& app, const OptionSpec& spec, Parser& parser) {
  const bool flag = spec.value.empty() || spec.value_is_optional;
  CLI::Option* option =
      flag ? app.add_flag(std::string(spec.names))
           : app.add_option(std::string(spec.names), [](const CLI::results_t&) { return true; });
  option->type_name(std::string(spec.value));
  if (!flag && spec.repeats) {
    option->take_all()->allow_extra_args(false);
  } else if (!flag) {
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  parser.options.push_back(option);
}

// What was given, as texts; CLI11 says "true" for a flag.
std::vector<std::string> texts_of(const OptionSpec& spec, const CLI::Option& option) {
  std::vector<std::string> texts = option.results();
  for (std::string& text : texts) {
    if ((spec.value.empty() || spec.value_is_optional) && text == "true") text.clear();
  }
  return texts;
}

// The option with these texts, as words that give it again.
void add_given(const OptionSpec& spec, const std::vector<std::string>& texts,
               std::vector<GivenOption>& given) {
  if (spec.rerun_use == RerunUse::never) return;
  const std::string name(spec.names.substr(0, spec.names.find(',')));
  const std::size_t first = spec.repeats ? 0 : texts.size() - 1;  // else the last one counts
  for (std::size_t i = first; i < texts.size(); ++i) {
    GivenOption option{spec.rerun_use == RerunUse::task, {name}};
    if (spec.value_is_optional && !texts[i].empty()) option.words.front() += "=" + texts[i];
    if (!spec.value_is_optional && !spec.value.empty()) option.words.push_back(texts[i]);
    given.push_back(std::move(option));
  }
}

// Hands what was given to the specs; what the environment gives where nothing was.
Error read_options(const std::vector<OptionSpec>& specs, const Parser& parser,
                   std::vector<GivenOption>& kept) {
  std::map<std::string_view, std::string_view> given, by_variable;  // by exclusion group: which one
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (!parser.was_given(i) || specs[i].exclusion_group.empty()) continue;
    const auto [first, is_first] = given.emplace(specs[i].exclusion_group, specs[i].names);
    if (!is_first)
      return Error::text(std::string(specs[i].names) + " excludes " + std::string(first->second));
  }
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const OptionSpec& spec = specs[i];
    if (parser.was_given(i)) {
      const std::vector<std::string> texts = texts_of(spec, *parser.options[i]);
      if (Error error = spec.read(texts)) return Error::wrap(std::string(spec.names), error);
      add_given(spec, texts, kept);
    } else if (!spec.variable.empty() && !given.contains(spec.exclusion_group)) {
      const std::string name(spec.variable);
      const auto value = variable(name.c_str());
      if (!value || value->empty()) continue;
      const auto [first, is_first] = by_variable.emplace(spec.exclusion_group, spec.variable);
      if (!spec.exclusion_group.empty() && !is_first)
        return Error::text(name + " excludes " + std::string(first->second));
      if (Error error = spec.read({std::string(*value)})) return Error::wrap(name, error);
      add_given(spec, {std::string(*value)}, kept);
    }
  }
  return {};
}

std::vector<std::string_view> variables_of(const std::vector<OptionSpec>& options) {
  std::vector<std::string_view> variables;
  for (const OptionSpec& option : options) {
    if (!option.variable.empty()) variables.push_back(option.variable);
  }
  return variables;
}

Invocation invocation_of(const std::string& name, Invocations& into,
                         std::vector<std::string> words) {
  if (name == "run") {
    into.run.input.positional = std::move(words);
    return std::move(into.run);
  }
  if (name == "exec") {
    into.exec.words.words = std::move(words);
    return std::move(into.exec);
  }
  if (name == "check") {
    into.check.input.positional = std::move(words);
    return std::move(into.check);
  }
  if (name == "list") {
    into.list.input.positional = std::move(words);
    return std::move(into.list);
  }
  if (name == "graph") {
    into.graph.input.positional = std::move(words);
    return std::move(into.graph);
  }
  if (name == "report") {
    if (words.size() > 1) return usage_error("report: name one run", name);
    into.report.run = words.empty() ? "last" : std::move(words.front());
    return std::move(into.report);
  }
  if (name == "schema" || name == "man") {
    if (!words.empty())
      return usage_error(name + " takes no words, '" + escape_text(words.front()) + "' is one",
                         name);
    if (name == "man") return ManCommand{};
    return SchemaCommand{};
  }
  if (words.size() != 1) return usage_error("completion: name one shell: bash, zsh or fish", name);
  into.completion.shell = words.front();
  return std::move(into.completion);
}

// False: certainly no argument is this option. To compare each with all others, as CLI11 does when
// it is told of one, would cost more than all the rest of reading the command line.
bool may_be_among(std::span<char* const> arguments, const OptionSpec& spec) {
  return std::ranges::any_of(arguments, [&](std::string_view argument) {
    if (!argument.starts_with('-')) return false;
    for (std::string_view names = spec.names; !names.empty();) {
      const std::size_t comma = std::min(names.find(','), names.size());
      const std::string_view name = names.substr(0, comma);
      const bool is_long = name.starts_with("--");
      if (is_long ? argument.starts_with(name) : argument.find(name.back()) != argument.npos)
        return true;
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
    return false;
  });
}

// The first word that is a command; before it only --help and --version may stand.
CLI::App& add_command(CLI::App& app, const CommandSpec& spec, std::span<char* const> arguments,
                      Parser& parser) {
  parser.app = app.add_subcommand(spec.name, spec.about);
  for (const OptionSpec& option : spec.options) {
    if (may_be_among(arguments, option)) {
      add_option(*parser.app, option, parser);
    } else {
      parser.options.push_back(nullptr);
    }
  }
  if (!spec.takes_command) parser.app->add_option("WORDS", parser.words);
  return *parser.app;
}

bool has_name(const OptionSpec& spec, std::string_view name) {
  for (std::string_view names = spec.names; !names.empty();) {
    const std::size_t comma = std::min(names.find(','), names.size());
    if (names.substr(0, comma) == name) return true;
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return false;
}

std::vector<std::string_view> long_names(const std::vector<OptionSpec>& specs) {
  std::vector<std::string_view> found = {"--help"};
  for (const OptionSpec& spec : specs) {
    const std::size_t at = spec.names.find("--");
    if (at != std::string_view::npos) found.push_back(spec.names.substr(at));
  }
  return found;
}

// Is the next argument the value of this one, "--jobs" or "-kj"?
bool wants_value(std::string_view argument, const std::vector<OptionSpec>& specs) {
  const auto takes_value = [&](std::string_view name) {
    return std::ranges::any_of(specs, [&](const OptionSpec& spec) {
      return !spec.value.empty() && !spec.value_is_optional && has_name(spec, name);
    });
  };
  if (argument.starts_with("--")) return takes_value(argument);
  for (std::size_t i = 1; i < argument.size(); ++i) {
    if (takes_value(std::string("-") + argument[i])) return i + 1 == argument.size();
  }
  return false;
}

std::string not_an_option(std::string_view name, const std::vector<OptionSpec>& specs) {
  const std::string near =
      name.starts_with("--") ? nearest(name, long_names(specs)) : std::string();
  return "'" + escape_text(name) + "' is not an option" +
         (near.empty() ? "" : ", did you mean '" + near + "'?");
}

// The first option in `argument` that there is not, "--bogus" or "-Z"; empty: there is none.
std::string unknown_option(std::string_view argument, const std::vector<OptionSpec>& specs) {
  const auto named = [&](std::string_view name) {
    return std::ranges::find_if(specs, [&](const auto& spec) { return has_name(spec, name); });
  };
  if (argument.starts_with("--")) {
    const std::string_view name = argument.substr(0, argument.find('='));
    return name == "--help" || named(name) != specs.end() ? std::string() : std::string(name);
  }
  if (!argument.starts_with('-')) return {};
  for (std::size_t i = 1; i < argument.size(); ++i) {
    const std::string name = std::string("-") + argument[i];
    const auto found = named(name);
    if (found == specs.end() && name != "-h") return name;
    if (found != specs.end() && !found->value.empty()) break;  // the rest is the value
  }
  return {};
}

// CLI11 only says that it did not expect a word, and in its own terms that one is missing.
std::string wrong_option(const CLI::ParseError& error, const std::vector<std::string>& arguments,
                         const std::vector<OptionSpec>& specs) {
  std::string what = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error))
    return what.substr(0, what.find(':')) + " needs a value";
  if (!dynamic_cast<const CLI::ExtrasError*>(&error)) return what;
  for (std::size_t i = 1; i < arguments.size(); i += wants_value(arguments[i], specs) ? 2 : 1) {
    const std::string unknown = unknown_option(arguments[i], specs);
    if (!unknown.empty()) return not_an_option(unknown, specs);
  }
  return what;
}

// "20260102-030405-k3j9xq"
bool is_run_id(std::string_view word) {
  constexpr std::string_view kForm = "00000000-000000-";
  if (word.size() <= kForm.size() || word.find('/') != word.npos) return false;
  return std::ranges::equal(kForm, word.substr(0, kForm.size()), [](char form, char c) {
    return form == '0' ? c >= '0' && c <= '9' : c == form;
  });
}

// An optional value stands behind "=", for a word might be a file as well. Nobody calls a file as
// runs are called: of --resume and --failed such a word is the value.
void join_run_ids(std::vector<std::string>& arguments, const CommandSpec& command) {
  for (auto at = arguments.begin() + 1; at < arguments.end() && *at != "--"; ++at) {
    const bool names_run = *at == "--resume" || *at == "--failed";
    if (names_run && at + 1 < arguments.end() && is_run_id(at[1])) {
      *at += "=" + at[1];
      arguments.erase(at + 1);
    } else if (wants_value(*at, command.options) && at + 1 < arguments.end()) {
      ++at;
    } else if (command.takes_command && !at->starts_with('-')) {
      return;
    }
  }
}

// Takes the command of `exec OPTIONS COMMAND...` away: its words are not errand's options.
std::vector<std::string> take_command(std::vector<std::string>& arguments,
                                      const std::vector<OptionSpec>& specs) {
  auto at = arguments.begin() + 1;
  while (at < arguments.end() && at->size() > 1 && at->front() == '-' && *at != "--") {
    at += wants_value(*at, specs) ? 2 : 1;
  }
  if (at >= arguments.end()) return {};
  std::vector<std::string> command(*at == "--" ? at + 1 : at, arguments.end());
  arguments.erase(at, arguments.end());
  return command;
}

// What stands behind "--" is no option. CLI11 would look for the first of it in the options of
// errand itself once there have been words.
std::vector<std::string> take_words(std::vector<std::string>& arguments) {
  const auto mark = std::ranges::find(arguments, "--");
  if (mark == arguments.end()) return {};
  std::vector<std::string> words(mark + 1, arguments.end());
  arguments.erase(mark, arguments.end());
  return words;
}

}  // namespace

Invocation read_command_line(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") return ImmediateExit{kVersion, 0};
  Invocations into;
  std::vector<CommandSpec> commands = commands_without_options();
  CLI::App app("", "errand");
  app.require_subcommand(1);
  app.set_version_flag("--version", kVersion);
  const std::string_view first = argc > 1 ? argv[1] : "";
  const bool is_named = !first.empty() && first[0] != '-';
  if (is_named) {
    if (const std::string problem = wrong_command(first, commands); !problem.empty())
      return usage_error(problem);
  }
  std::vector<Parser> parsers(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    // The options of the others would cost more than to read the command line.
    if (is_named && commands[i].name != first) continue;
    commands[i].options = options_of(commands[i].name, into);
    add_command(app, commands[i], {argv, argv + argc}, parsers[i]);
  }
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (commands[i].name == first) join_run_ids(arguments, commands[i]);
    if (commands[i].takes_command && commands[i].name == first)
      parsers[i].words = take_command(arguments, commands[i].options);
  }
  const std::vector<std::string> trailing_words = take_words(arguments);
  try {
    app.parse(std::vector(arguments.rbegin(), arguments.rend()));  // as CLI11 wants them
  } catch (const CLI::CallForVersion&) {
    return ImmediateExit{kVersion, 0};
  } catch (const CLI::CallForHelp&) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      if (parsers[i].was_given()) return ImmediateExit{help_of(commands[i]), 0};
    }
    return ImmediateExit{help_of_errand(commands), 0};
  } catch (const CLI::ParseError& error) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      if (commands[i].name == first)
        return usage_error(wrong_option(error, arguments, commands[i].options), commands[i].name);
    }
    if (first.starts_with('-')) {
      return usage_error("'" + escape_text(first) +
                         "' stands before the command; options come behind it");
    }
    return usage_error(error.what());
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!parsers[i].was_given()) continue;
    std::vector<GivenOption> given;
    if (Error error = read_options(commands[i].options, parsers[i], given))
      return usage_error(error.message(), commands[i].name);
    into.run.given = given;
    into.exec.run.given = std::move(given);
    into.run.variables = into.exec.run.variables = variables_of(commands[i].options);
    std::vector<std::string>& words = parsers[i].words;
    words.insert(words.end(), trailing_words.begin(), trailing_words.end());
    std::vector<std::string>& typed = into.run.typed;
    typed = {commands[i].name};
    typed.insert(typed.end(), words.begin(), words.end());
    into.exec.run.typed = typed;
    return invocation_of(commands[i].name, into, std::move(words));
  }
  return usage_error("name a command");
}

}  // namespace errand::cmd
