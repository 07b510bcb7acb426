// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/command_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "errand/base/quoted_text.h"
#include "errand/shell/placeholder_scanner.h"
#include "errand/shell/run_as_code.h"
#include "errand/shell/shell_quote.h"

namespace errand {
namespace {

using task_file::quote;

constexpr auto kShells = std::to_array<std::string_view>(
    {"sh", "ash", "bash", "dash", "ksh", "ksh93", "lksh", "mksh", "oksh", "yash", "zsh"});

// Also as in `env bash -c` and `busybox sh -c`.
bool is_shell(const std::vector<std::string>& prefix) {
  return std::ranges::any_of(prefix, [](std::string_view word) {
    const std::string_view base = word.substr(word.rfind('/') + 1);
    return std::ranges::find(kShells, base) != kShells.end();
  });
}

// Adds a place for the values that are to be appended.
Error append_placeholder(TemplateWord& script) {
  std::string& text = script.text;
  const std::size_t last = text.find_last_not_of(" \t\n");
  text.erase(last + 1);
  constexpr std::string_view operators = ";&|(";
  if (text.ends_with('\\')) {
    return Error::text(
        "an argument cannot be appended after a backslash; write {} where it belongs");
  }
  if (!text.empty() && operators.find(text.back()) != std::string_view::npos) {
    return Error::text("appended after " + quote(text.substr(last)) +
                       " the argument would be a command of its own; write {} where it belongs");
  }
  script.placeholders.push_back({text.size() + 1, 2, {}});
  text += " {}";
  return {};
}

Error check_placeholders(const std::vector<std::string>& words,
                         const std::vector<TemplateWord>& read, std::size_t values_max) {
  for (const std::string& word : words) {
    const std::string foreign = find_foreign_placeholder(word);
    if (foreign.empty()) continue;
    return Error::text("errand does not have " + quote(foreign) +
                       "; it has {} {.} {/} {//} {/.} {1} {#} {%}. In a script a shell can do the "
                       "rest: f={}; echo \"${f%.tar.gz}\"");
  }
  for (const TemplateWord& word : read) {
    for (const PlacedPlaceholder& place : word.placeholders) {
      if (place.placeholder.position <= values_max) continue;
      const std::string text = to_string(place.placeholder);
      const std::string why =
          values_max == 1 ? "there is one list of arguments, and one argument for a task"
                          : "-n gives a task at most " + std::to_string(values_max) + " arguments";
      return Error::text(text + ": " + why + "; to write " + text + " itself: {" + text + "}");
    }
  }
  return {};
}

}  // namespace

Result<CommandTemplate> CommandTemplate::make(std::vector<std::string> words,
                                              const std::vector<std::string>& shell,
                                              std::size_t values_max) {
  CommandTemplate made;
  if (words.empty()) words.emplace_back();
  std::vector<TemplateWord> read;
  for (const std::string& word : words)
    read.push_back(read_template_word(word, PlaceholderSet::all));
  if (Error error = check_placeholders(words, read, values_max)) return std::unexpected(error);
  for (const TemplateWord& word : read) {
    for (const PlacedPlaceholder& place : word.placeholders)
      made.position_max_ = std::max(made.position_max_, place.placeholder.position);
  }
  const bool appends =
      std::ranges::all_of(read, [](const TemplateWord& word) { return word.placeholders.empty(); });
  if (words.size() > 1) {
    if (appends) read.push_back(read_template_word("{}", PlaceholderSet::all));
    if (Error error = find_value_run_as_code(std::span<const TemplateWord>(read)))
      return std::unexpected(error);
    for (const TemplateWord& word : read) made.words_.push_back(split_word(word));
    return made;
  }
  if (!is_shell(shell)) {
    return std::unexpected(
        Error::text("how " + quote(shell.empty() ? "" : shell.front()) +
                    " quotes values is not known; write the command as several words, which need "
                    "no shell"));
  }
  TemplateWord& script = read.front();
  if (appends) {
    if (Error error = append_placeholder(script)) return std::unexpected(error);
  }
  if (Error error = find_value_run_as_code(script)) return std::unexpected(error);
  Result<Word> pieces = split_script(script, values_max);
  if (!pieces) return std::unexpected(pieces.error());
  made.words_.push_back(std::move(*pieces));
  made.shell_words_ = shell.size();
  return made;
}

Result<CommandTemplate::Word> CommandTemplate::split_script(const TemplateWord& script,
                                                            std::size_t values_max) {
  const Result<std::vector<FoundPlaceholder>> found = find_placeholders(script);
  if (!found) return std::unexpected(found.error());
  Word pieces;
  std::size_t at = 0;
  for (const FoundPlaceholder& one : *found) {
    const Placeholder placeholder = one.place.placeholder;
    const bool is_each = placeholder.position == 0 && !placeholder.is_digits();
    if (is_each && values_max > 1 && !one.is_word) {
      const std::string text = to_string(placeholder);
      return std::unexpected(Error::text(
          text + " stands for up to " + std::to_string(values_max) +
          " words here, so it has to be a word of its own, outside of quotes; {1} is the first"));
    }
    Piece piece;
    piece.text = script.text.substr(at, one.place.at - at);
    piece.placeholder = placeholder;
    if (one.quoting != Quoting::none) {
      piece.before = piece.after = one.quoting == Quoting::single_quotes ? "'" : "\"";
    } else if (one.needs_quotes) {
      piece.before = piece.after = "'";
    }
    pieces.push_back(std::move(piece));
    at = one.place.at + one.place.size;
  }
  pieces.push_back({script.text.substr(at), std::nullopt, {}, {}});
  return pieces;
}

CommandTemplate::Word CommandTemplate::split_word(const TemplateWord& word) {
  Word pieces;
  std::size_t at = 0;
  for (const PlacedPlaceholder& place : word.placeholders) {
    pieces.push_back({word.text.substr(at, place.at - at), place.placeholder, {}, {}});
    at = place.at + place.size;
  }
  pieces.push_back({word.text.substr(at), std::nullopt, {}, {}});
  return pieces;
}

CommandTemplate::Instance CommandTemplate::fill_script(std::span<const std::string> values,
                                                       std::uint64_t number) const {
  std::string script;
  Instance instance;
  for (const Piece& piece : words_.front()) {
    script += piece.text;
    if (!piece.placeholder) continue;
    const auto [kind, position] = *piece.placeholder;
    script += piece.before;
    if (kind == Placeholder::Kind::slot) {
      instance.slots.push_back(
          {static_cast<std::uint32_t>(shell_words_), static_cast<std::uint32_t>(script.size())});
      script += to_string(*piece.placeholder);
    } else if (kind == Placeholder::Kind::number) {
      script += std::to_string(number);
    } else if (position > 0) {
      script += shell_quote(value_of(kind, values[position - 1]));
    } else {
      for (const std::string& value : values)
        script += (&value == &values.front() ? "" : " ") + shell_quote(value_of(kind, value));
    }
    script += piece.after;
  }
  instance.run = Script{std::move(script)};
  return instance;
}

// Once, or with {} or a form of it once for each value.
void CommandTemplate::add_words(const Word& pieces, std::span<const std::string> values,
                                std::uint64_t number, Instance& instance, Argv& argv) const {
  const bool repeats = std::ranges::any_of(pieces, [](const Piece& piece) {
    return piece.placeholder && piece.placeholder->position == 0 && !piece.placeholder->is_digits();
  });
  for (std::size_t i = 0; i < (repeats ? values.size() : 1); ++i) {
    std::string word;
    for (const Piece& piece : pieces) {
      word += piece.text;
      if (!piece.placeholder) continue;
      const auto [kind, position] = *piece.placeholder;
      if (kind == Placeholder::Kind::slot) {
        instance.slots.push_back(
            {static_cast<std::uint32_t>(argv.size()), static_cast<std::uint32_t>(word.size())});
        word += to_string(*piece.placeholder);
      } else if (kind == Placeholder::Kind::number) {
        word += std::to_string(number);
      } else {
        word += value_of(kind, values[position > 0 ? position - 1 : i]);
      }
    }
    argv.push_back(std::move(word));
  }
}

Result<CommandTemplate::Instance> CommandTemplate::instantiate(std::span<const std::string> values,
                                                               std::uint64_t number) const {
  if (position_max_ > values.size()) {
    const std::string count = std::to_string(values.size());
    return std::unexpected(Error::text("{" + std::to_string(position_max_) +
                                       "} has no value: the last task has " + count +
                                       (values.size() == 1 ? " argument" : " arguments")));
  }
  if (words_.size() == 1) return fill_script(values, number);
  Instance instance;
  Argv argv;
  for (const Word& pieces : words_) add_words(pieces, values, number, instance, argv);
  instance.run = std::move(argv);
  return instance;
}

}  // namespace errand
