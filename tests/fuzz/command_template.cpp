// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/command_template.h"

#include <algorithm>

#include "errand/shell/placeholder_scanner.h"
#include "errand/shell/plain_command.h"
#include "errand/shell/run_as_code.h"
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
  const TemplateWord word = read_template_word(script, PlaceholderSet::all);
  std::size_t end = 0;
  for (const PlacedPlaceholder& place : word.placeholders) {
    promise(place.at >= end, "placeholders stand in order");
    end = place.at + place.size;
    promise(word.text.substr(place.at, place.size) == to_string(place.placeholder) ||
                place.placeholder.position > 0,
            "at each place there is its placeholder");
  }
  (void)find_value_run_as_code(word);
  (void)find_foreign_placeholder(script);
  const auto places = find_placeholders(word);
  if (!places) return check_error(places.error());
  promise(places->size() == word.placeholders.size(), "each placeholder is found once");
}

std::string script_of(const CommandTemplate& form, std::string_view argument) {
  const std::vector<std::string> values = {std::string(argument)};
  return std::get<Script>(form.instantiate(values, kNumber)->run).text;
}

// Has no other placeholder than {}: those change the mark as they change the argument, but not
// always.
bool is_all_whole(std::string_view script) {
  const TemplateWord word = read_template_word(script, PlaceholderSet::all);
  return std::ranges::all_of(word.placeholders, [](const PlacedPlaceholder& place) {
    return place.placeholder.kind == Placeholder::Kind::whole;
  });
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
  const std::vector<std::string> values = {argument};
  const CommandTemplate::Instance made = *form.instantiate(values, kNumber);
  const Argv& argv = std::get<Argv>(made.run);
  const auto has_none = [](const std::string& word) {
    return read_template_word(word, PlaceholderSet::all).placeholders.empty();
  };
  const bool appended = std::ranges::all_of(words, has_none);
  promise(argv.size() == words.size() + (appended ? 1 : 0), "each word stays one word");
  promise(!appended || argv.back() == argument, "an argument is appended as it is");
  for (std::size_t i = 0; i < words.size(); ++i) {
    promise(words[i] != "{}" || argv[i] == argument, "an argument is a word as it is");
    const TemplateWord word = read_template_word(words[i], PlaceholderSet::all);
    promise(!word.placeholders.empty() || argv[i] == word.text, "other words stay");
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
