// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/command_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "errand/base/quoted_text.h"
#include "errand/shell/placeholder_scanner.h"
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

// With a place behind it for the argument that is to be appended.
Result<std::string> with_placeholder(std::string script) {
  const std::size_t last = script.find_last_not_of(" \t\n");
  script.erase(last + 1);
  constexpr std::string_view operators = ";&|(";
  if (script.ends_with('\\')) {
    return std::unexpected(
        Error::text("an argument cannot be appended behind a backslash; write {}"
                    " where it belongs"));
  }
  if (!script.empty() && operators.find(script.back()) != std::string_view::npos) {
    return std::unexpected(Error::text("appended behind " + quote(script.substr(last)) +
                                       " the argument would be a command of its own; write {} where"
                                       " it belongs"));
  }
  return script + " {}";
}

}  // namespace

Result<CommandTemplate> CommandTemplate::make(std::vector<std::string> words,
                                              const std::vector<std::string>& shell) {
  CommandTemplate made;
  const bool append = std::ranges::none_of(words, has_placeholder);
  if (words.size() > 1) {
    if (append) words.emplace_back("{}");
    for (const std::string& word : words) made.words_.push_back(split_word(word));
    return made;
  }
  if (!is_shell(shell)) {
    return std::unexpected(
        Error::text("how " + quote(shell.empty() ? "" : shell.front()) +
                    " quotes values is not known; write the command as several words, which need "
                    "no shell"));
  }
  std::string script = words.empty() ? "" : std::move(words.front());
  if (append) {
    Result<std::string> appended = with_placeholder(std::move(script));
    if (!appended) return std::unexpected(appended.error());
    script = std::move(*appended);
  }
  Result<std::vector<Piece>> pieces = split_script(script);
  if (!pieces) return std::unexpected(pieces.error());
  made.words_.push_back(std::move(*pieces));
  return made;
}

Result<std::vector<CommandTemplate::Piece>> CommandTemplate::split_script(std::string_view script) {
  const Result<std::vector<FoundPlaceholder>> places = find_placeholders(script);
  if (!places) return std::unexpected(places.error());
  std::vector<Piece> pieces;
  std::size_t at = 0;
  for (const FoundPlaceholder& place : *places) {
    Piece piece;
    piece.text = script.substr(at, place.at - at);
    piece.placeholder = place.placeholder;
    if (place.quoting != Quoting::none) {
      piece.before = piece.after = place.quoting == Quoting::single_quotes ? "'" : "\"";
    }
    pieces.push_back(std::move(piece));
    at = place.at + to_string(place.placeholder).size();
  }
  pieces.push_back({std::string(script.substr(at)), std::nullopt, {}, {}});
  return pieces;
}

std::vector<CommandTemplate::Piece> CommandTemplate::split_word(std::string_view word) {
  std::vector<Piece> pieces(1);
  while (!word.empty()) {
    const std::optional<Placeholder> found = placeholder_at(word);
    if (found) {
      pieces.back().placeholder = found;
      pieces.emplace_back();
    } else {
      pieces.back().text += word.front();
    }
    word.remove_prefix(found ? to_string(*found).size() : 1);
  }
  return pieces;
}

std::string CommandTemplate::fill_script(std::string_view argument, std::uint64_t number) const {
  std::string script;
  for (const Piece& piece : words_.front()) {
    script += piece.text;
    if (!piece.placeholder) continue;
    script += piece.before;
    script += *piece.placeholder == Placeholder::slot
                  ? "\"$ERRAND_SLOT\""
                  : shell_quote(value_of(*piece.placeholder, argument, number));
    script += piece.after;
  }
  return script;
}

CommandTemplate::Instance CommandTemplate::instantiate(std::string_view argument,
                                                       std::uint64_t number) const {
  if (words_.size() == 1) return {Script{fill_script(argument, number)}, {}};
  Instance instance;
  Argv argv;
  for (const std::vector<Piece>& pieces : words_) {
    std::string word;
    for (const Piece& piece : pieces) {
      word += piece.text;
      if (!piece.placeholder) continue;
      if (*piece.placeholder == Placeholder::slot) {
        instance.slots.push_back(
            {static_cast<std::uint32_t>(argv.size()), static_cast<std::uint32_t>(word.size())});
      }
      word += value_of(*piece.placeholder, argument, number);
    }
    argv.push_back(std::move(word));
  }
  instance.run = std::move(argv);
  return instance;
}

}  // namespace errand
