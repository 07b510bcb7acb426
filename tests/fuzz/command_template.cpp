// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/command_template.h"

#include <algorithm>

#include "errand/shell/placeholder_scanner.h"
#include "errand/shell/plain_command.h"
#include "fuzz/check.h"
#include "fuzz/targets.h"

namespace errand::fuzz {
namespace {

constexpr std::uint64_t kNumber = 7;
constexpr std::string_view kMark = "Zq9mark9qZ";

std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(mark);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

void check_places(const std::string& script) {
  const auto places = find_placeholders(script);
  if (!places) return check_error(places.error());
  std::size_t behind = 0;
  for (const FoundPlaceholder& place : *places) {
    promise(place.at >= behind, "places stand in order");
    const auto found = placeholder_at(std::string_view(script).substr(place.at));
    promise(found == place.placeholder, "at each place there is its placeholder");
    behind = place.at + to_string(place.placeholder).size();
  }
}

std::string script_of(const CommandTemplate& form, std::string_view argument) {
  return std::get<Script>(form.instantiate(argument, kNumber).run).text;
}

// Has no other placeholder than {}: those change the mark as they change the argument, but not
// always.
bool is_all_whole(std::string_view script) {
  for (std::size_t at = 0; (at = script.find('{', at)) != std::string_view::npos; ++at) {
    const auto found = placeholder_at(script.substr(at));
    if (found && *found != Placeholder::whole) return false;
  }
  return true;
}

// Where a script is a plain command, an argument changes nothing but the words that it stands in.
void check_plain(const CommandTemplate& form, const std::string& script,
                 const std::string& argument) {
  if (!is_all_whole(script) || script.find(kMark) != std::string::npos) return;
  const auto marked = errand::plain_command(script_of(form, kMark));
  if (!marked) return;
  const auto argv = errand::plain_command(script_of(form, argument));
  const bool names_the_command = marked->front().find(kMark) != std::string::npos;
  promise(argv || names_the_command, "an argument does not make a script of a plain command");
  if (!argv) return;
  Argv expected = *marked;
  for (std::string& word : expected) word = replace_all(std::move(word), kMark, argument);
  promise(argv == expected, "an argument stays in its words");
}

void check_words(const CommandTemplate& form, const std::vector<std::string>& words,
                 const std::string& argument) {
  const CommandTemplate::Instance made = form.instantiate(argument, kNumber);
  const Argv& argv = std::get<Argv>(made.run);
  const bool appended = std::ranges::none_of(words, has_placeholder);
  promise(argv.size() == words.size() + (appended ? 1 : 0), "each word stays one word");
  promise(!appended || argv.back() == argument, "an argument is appended as it is");
  for (std::size_t i = 0; i < words.size(); ++i) {
    promise(words[i] != "{}" || argv[i] == argument, "an argument is a word as it is");
    promise(has_placeholder(words[i]) || argv[i] == words[i], "other words stay");
  }
  for (const SlotPlaceholder& slot : made.slots) {
    promise(slot.word < argv.size() && argv[slot.word].substr(slot.at).starts_with("{%}"),
            "a slot's place is known");
  }
}

}  // namespace

// The text is ARGUMENT, then each word, with a NUL between them.
void command_template(std::string_view text) {
  std::vector<std::string> words = split(text, '\0');
  const std::string argument = words.front();
  words.erase(words.begin());
  for (const std::string& word : words) check_places(word);
  const auto form = CommandTemplate::make(words, {"sh", "-ec"});
  if (!form) return check_error(form.error());
  if (words.size() > 1) return check_words(*form, words, argument);
  check_plain(*form, words.empty() ? "" : words.front(), argument);
}

}  // namespace errand::fuzz
