// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/run_as_code.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace errand {
namespace {

constexpr auto kShells = std::to_array<std::string_view>(
    {"sh", "ash", "bash", "dash", "ksh", "ksh93", "mksh", "yash", "zsh"});

// A word without its quotes.
struct CommandWord {
  std::string text;
  std::string placeholder;  // the first in it; empty: it has none
};

bool is_shell(std::string_view word) {
  return std::ranges::find(kShells, word.substr(word.rfind('/') + 1)) != kShells.end();
}

Error error_for(const std::string& placeholder, const std::string& where,
                const std::string& instead) {
  return Error::text(placeholder + " in " + where + ": the value would run as code; " + instead);
}

// The script of `sh -c` that begins with words[shell]; null if there is none.
const CommandWord* script_of(std::span<const CommandWord> words, std::size_t shell) {
  bool has_script = false;
  for (std::size_t i = shell + 1; i < words.size(); ++i) {
    const std::string_view word = words[i].text;
    const bool is_option = word.size() > 1 && (word[0] == '-' || word[0] == '+');
    if (!is_option) return has_script ? &words[i] : nullptr;
    if (word[0] == '-' && word[1] != '-' && word.ends_with('c')) has_script = true;
    const bool takes_value = word.ends_with('o') || word.ends_with('O') || word.ends_with("file");
    if (takes_value) ++i;
  }
  return nullptr;
}

Error find_in_command(std::span<const CommandWord> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i].text;
    if (word == "eval") {
      for (const CommandWord& argument : words.subspan(i)) {
        if (!argument.placeholder.empty())
          return error_for(argument.placeholder, "an argument of eval",
                           "leave eval out, or assign the value to a variable first");
      }
    }
    if (!is_shell(word)) continue;
    const CommandWord* script = script_of(words, i);
    if (!script || script->placeholder.empty()) continue;
    return error_for(script->placeholder, "the script of " + word + " -c",
                     "write the script itself as the one word of the command, or pass the value "
                     "as an argument: " +
                         word + " -c 'echo \"$1\"' " + word + " " + script->placeholder);
  }
  return {};
}

// Splits a script into the words of its commands, as far as their quotes say.
class CommandSplitter {
 public:
  explicit CommandSplitter(const TemplateWord& script)
      : text_(script.text), places_(script.placeholders) {}

  Error run() {
    commands_.emplace_back();
    while (at_ < text_.size() && !error_) step();
    while (!commands_.empty() && !error_) end_list();
    return error_;
  }

 private:
  enum class Quotes : std::uint8_t { none, twice };
  struct Command {
    std::vector<CommandWord> words;
    CommandWord word;
    bool in_word = false;
    Quotes quotes = Quotes::none;
    char end = '\0';  // what ends the list of commands: ) or `
  };

  void step() {
    if (take_placeholder()) return;
    Command& command = commands_.back();
    const char next = text_[at_++];
    if (next == '\\') {
      if (at_ < text_.size()) add(text_[at_++]);
    } else if (next == '"') {
      command.quotes = command.quotes == Quotes::none ? Quotes::twice : Quotes::none;
      command.in_word = true;
    } else if (next == '$' && at_ < text_.size() && text_[at_] == '(') {
      ++at_;
      begin_list(')');
    } else if (next == '`') {
      command.end == '`' ? end_list() : begin_list('`');
    } else if (command.quotes == Quotes::twice) {
      add(next);
    } else {
      step_outside_quotes(next);
    }
  }

  void step_outside_quotes(char next) {
    Command& command = commands_.back();
    if (next == '\'') {
      command.in_word = true;
      while (at_ < text_.size() && text_[at_] != '\'') {
        if (!take_placeholder()) add(text_[at_++]);
      }
      ++at_;
    } else if (next == ' ' || next == '\t') {
      end_word();
    } else if (next == '(') {
      begin_list(')');
    } else if (next == ')' && command.end == ')') {
      end_list();
    } else if (std::string_view("\n;&|)").find(next) != std::string_view::npos) {
      end_command();
    } else {
      add(next);
    }
  }

  bool take_placeholder() {
    while (next_ < places_.size() && places_[next_].at < at_) ++next_;
    if (next_ == places_.size() || places_[next_].at != at_) return false;
    const PlacedPlaceholder& place = places_[next_];
    Command& command = commands_.back();
    command.in_word = true;
    // Digits are harmless as code.
    if (!place.placeholder.is_digits() && command.word.placeholder.empty())
      command.word.placeholder = to_string(place.placeholder);
    at_ += place.size;
    return true;
  }

  void add(char c) {
    commands_.back().in_word = true;
    commands_.back().word.text += c;
  }
  void end_word() {
    Command& command = commands_.back();
    if (command.in_word) command.words.push_back(std::exchange(command.word, {}));
    command.in_word = false;
  }
  void end_command() {
    end_word();
    if (!error_) error_ = find_in_command(commands_.back().words);
    commands_.back().words.clear();
  }
  void begin_list(char end) {
    commands_.emplace_back();
    commands_.back().end = end;
  }
  // What is in $( ) belongs to the word around it.
  void end_list() {
    end_command();
    commands_.pop_back();
    if (!commands_.empty()) commands_.back().in_word = true;
  }

  std::string_view text_;
  const std::vector<PlacedPlaceholder>& places_;
  std::size_t at_ = 0, next_ = 0;
  std::vector<Command> commands_;
  Error error_;
};

}  // namespace

Error find_value_run_as_code(std::span<const TemplateWord> argv) {
  std::vector<CommandWord> words;
  for (const TemplateWord& word : argv) {
    const auto value = std::ranges::find_if(word.placeholders, [](const PlacedPlaceholder& place) {
      return !place.placeholder.is_digits();
    });
    const bool has_value = value != word.placeholders.end();
    words.push_back({word.text, has_value ? to_string(value->placeholder) : std::string()});
  }
  return find_in_command(words);
}

Error find_value_run_as_code(const TemplateWord& script) { return CommandSplitter(script).run(); }

}  // namespace errand
