// SPDX-License-Identifier: Apache-2.0
#include "cmd/input/exec_words.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "errand/base/quoted_text.h"
#include "errand/shell/placeholder.h"
#include "errand/shell/shell_quote.h"

namespace errand::cmd {
namespace {

using task_file::quote;

constexpr std::string_view kArguments = ":::";

Error wrong(const std::string& what) { return Error::text("exec: " + what); }

bool has_blank(std::string_view word) {
  return word.find_first_of(" \t\n") != std::string_view::npos;
}

bool is_blank(std::string_view word) {
  return word.find_first_not_of(" \t\n") == std::string_view::npos;
}

// The words as one script.
std::string joined(std::span<const std::string> words) {
  std::string script;
  for (const std::string& word : words) script += (script.empty() ? "" : " ") + word;
  return script;
}

// The first of {} and its forms in the words; empty: there is none.
std::string first_placeholder(std::span<const std::string> words) {
  for (const std::string& word : words) {
    const TemplateWord read = read_template_word(word, PlaceholderSet::implicit);
    if (!read.placeholders.empty()) return to_string(read.placeholders.front().placeholder);
  }
  return {};
}

Error check_lists(const std::vector<std::string>& words, const ExecWords& given) {
  for (const std::string& word : words) {
    if (word == "::::") return wrong("'::::' is not known; write -a FILE");
    if (word == ":::+" || word == "::::+")
      return wrong("'" + word + "' is not available yet; there is one list of arguments");
  }
  const bool has_words = std::ranges::count(words, kArguments) > 0;
  const bool has_stdin = given.nul && given.files.empty();
  const auto lists = static_cast<std::size_t>(std::ranges::count(words, kArguments)) +
                     given.files.size() + (has_stdin ? 1 : 0);
  if (lists <= 1) return {};
  if (has_words && has_stdin && lists == 2)
    return wrong("-0 is for -a and standard input, and ':::' gives the arguments; leave one out");
  return wrong("several lists of arguments (':::', -a) are not available yet; give one");
}

bool is_operator(std::string_view word) {
  constexpr auto kOperators =
      std::to_array<std::string_view>({">", ">>", "<", "|", "||", "&", "&&", ";", "2>", "2>&1"});
  return std::ranges::find(kOperators, word) != kOperators.end();
}

// A redirection with the placeholder glued to it: ">{}", "2>>{.}.log".
bool is_redirection(std::string_view word) {
  word.remove_prefix(std::min(word.find_first_not_of("0123456789"), word.size()));
  const std::size_t end = word.find_first_not_of("<>");
  if (end == 0 || end == std::string_view::npos) return false;
  const std::string_view file = word.substr(end);
  return file.find_first_of("<>") == std::string_view::npos && has_implicit_placeholder(file);
}

// Returns an error if a word is an operator that a shell would have interpreted if it had not been
// quoted.
Error check_operators(const std::vector<std::string>& words) {
  constexpr auto kTaking = std::to_array<std::string_view>({"find", "test", "[", "expr"});
  if (words.size() < 2) return {};
  const std::string_view program =
      std::string_view(words.front()).substr(words.front().rfind('/') + 1);
  if (std::ranges::find(kTaking, program) != kTaking.end()) return {};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool is_value = i > 0 && words[i - 1].starts_with('-');
    if (is_value || (!is_operator(words[i]) && !is_redirection(words[i]))) continue;
    return wrong(quote(words[i]) +
                 " is for a shell, and several words have none; write one script: "
                 "errand exec " +
                 shell_quote(joined(words)));
  }
  return {};
}

Error check_scripts(const std::vector<std::string>& scripts) {
  for (const std::string& script : scripts) {
    if (is_blank(script)) return wrong("a command is empty");
    if (!script.starts_with('-')) continue;
    return wrong(quote(script) +
                 " is not a command. Several words are several commands; put one command with its "
                 "arguments in quotes, or write ':::' after it");
  }
  return {};
}

// Does the user mean several scripts, one of which has a {} of its own, or one template?
Error check_ambiguous(const std::vector<std::string>& words, const std::string& placeholder) {
  const auto others = std::span(words).subspan(1);
  if (!has_blank(words.front()) || std::ranges::none_of(others, has_blank)) return {};
  return wrong("one script or several? " + placeholder +
               " asks for arguments, and then the words are one command. For several scripts write "
               "{" +
               placeholder + "} for " + placeholder +
               " itself; for one, put it into one word and name the source of its arguments: -a - "
               "for standard input, or ':::'");
}

std::string reason_for(const std::string& placeholder, const ExecWords& given) {
  if (!placeholder.empty()) return placeholder + " stands for a line of standard input";
  return given.words.empty() ? "without a command each line of standard input is one"
                             : "-n takes arguments from standard input";
}

// What to write where standard input is read and gives nothing.
std::string ways_out(const std::string& placeholder) {
  const std::string own = placeholder.empty()
                              ? std::string()
                              : "to write " + placeholder + " itself: {" + placeholder + "}; ";
  return own +
         "to give arguments: ':::' or -a FILE, with -a - for standard input; if there may be "
         "none: -r";
}

Error check_unnamed(const std::string& placeholder, const ExecWords& given, Stdin input) {
  if (given.words.empty()) {
    const bool may_read = input == Stdin::data || given.may_be_empty;
    return may_read ? Error() : wrong("no command; write one, or pipe commands in, one a line");
  }
  if (input != Stdin::terminal) return {};
  return wrong(reason_for(placeholder, given) + ", which is the terminal; " +
               ways_out(placeholder));
}

// Standard input, where neither ':::' nor -a is given.
Result<std::optional<ItemSource>> find_stdin(const ExecWords& given, Stdin input) {
  const std::string placeholder = first_placeholder(given.words);
  if (!given.nul) {
    const bool is_read = given.words.empty() || !placeholder.empty() || given.values_max > 0;
    if (!is_read) return std::nullopt;
    if (!placeholder.empty()) {
      if (Error error = check_ambiguous(given.words, placeholder)) return std::unexpected(error);
    }
  }
  if (input == Stdin::closed) return std::unexpected(wrong("standard input is closed"));
  if (given.nul) {
    if (input == Stdin::terminal)
      return std::unexpected(
          wrong("-0 reads items that end with NUL, and standard input is the terminal"));
    return ItemSource{"-", true};
  }
  if (Error error = check_unnamed(placeholder, given, input)) return std::unexpected(error);
  return ItemSource{"-", false, given.may_be_empty || given.words.empty(),
                    UnnamedInput{reason_for(placeholder, given), ways_out(placeholder)}};
}

}  // namespace

Result<ExecWork> read_words(ExecWords given, Stdin input, const std::vector<std::string>& shell) {
  if (Error error = check_lists(given.words, given)) return std::unexpected(error);
  const auto mark = std::ranges::find(given.words, kArguments);
  ExecWork work;
  work.has_arguments = mark != given.words.end();
  if (work.has_arguments) work.items.assign(mark + 1, given.words.end());
  given.words.erase(mark, given.words.end());
  const std::vector<std::string>& words = given.words;
  if (!words.empty() && words.front().empty())
    return std::unexpected(wrong("the command is empty"));
  if (words.empty() && given.values_max > 0)
    return std::unexpected(wrong("-n is for a command with arguments, and there is no command"));
  if (Error error = check_operators(words)) return std::unexpected(error);
  if (!given.files.empty()) {
    const bool is_stdin = given.files.front() == "-";
    if (is_stdin && input == Stdin::closed)
      return std::unexpected(wrong("standard input is closed"));
    if (is_stdin && given.nul && input == Stdin::terminal)
      return std::unexpected(
          wrong("-0 reads items that end with NUL, and standard input is the terminal"));
    work.source = ItemSource{given.files.front(), given.nul};
  } else if (!work.has_arguments) {
    Result<std::optional<ItemSource>> source = find_stdin(given, input);
    if (!source) return std::unexpected(source.error());
    work.source = std::move(*source);
  }
  if (work.source) work.has_arguments = true;
  if (!work.has_arguments) {
    if (Error error = check_scripts(words)) return std::unexpected(error);
    for (const std::string& word : words)
      work.items.push_back(read_template_word(word, PlaceholderSet::implicit).text);
    return work;
  }
  if (words.empty()) {
    if (Error error = check_scripts(work.items)) return std::unexpected(error);
    return work;
  }
  work.values_max = std::max<std::size_t>(given.values_max, 1);
  Result<CommandTemplate> form = CommandTemplate::make(words, shell, work.values_max);
  if (!form) return std::unexpected(wrong(form.error().message()));
  work.form = std::move(*form);
  return work;
}

}  // namespace errand::cmd
