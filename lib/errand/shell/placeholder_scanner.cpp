// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/placeholder_scanner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "errand/base/quoted_text.h"
#include "errand/shell/shell_word_state.h"

namespace errand {
namespace {

// What is open around a place.
enum class Nesting : std::uint8_t {
  parenthesis,
  array,       // name=( )
  pattern,     // word( ) or, not as a command, ( )
  command,     // $( )
  arithmetic,  // $(( ))
  parameter,   // ${ }
  quotes,      // " "
};

// What a place stands in, besides its own word.
struct Around {
  bool command = false;
  bool parameter = false;
  bool arithmetic = false;
  bool pattern = false;
  bool subscript = false;
  bool copy = false;
};

constexpr const char* kSubscript = "in [ ], which may be a subscript, which is arithmetic";

// Follows a script's quotes and parentheses as a shell does, without understanding more of it. What
// it cannot follow for sure ends in `lost_`: the reason why nothing can be replaced from there on.
class PlaceholderScanner {
 public:
  explicit PlaceholderScanner(const TemplateWord& script)
      : script_(script.text), places_(script.placeholders) {}

  Result<std::vector<FoundPlaceholder>> scan() {
    while (at_ < script_.size() && !error_) step();
    end_word();
    if (!error_ && !found_.empty() && (unclosed_ || (lost_.empty() && !open_.empty()))) {
      error_ = Error::text("a quote or a parenthesis of the command is not closed");
    }
    if (error_) return std::unexpected(error_);
    return std::move(found_);
  }

 private:
  void step() {
    if (find_place(at_)) return take_placeholder();
    if (!lost_.empty()) {
      ++at_;
    } else if (in(Nesting::quotes)) {
      step_in_quotes();
    } else if (in(Nesting::parameter)) {
      step_in_parameter();
    } else if (in(Nesting::arithmetic)) {
      step_in_arithmetic();
    } else {
      step_in_words();
    }
  }

  void take_placeholder() {
    if (take_digits()) return;
    if (!lost_.empty()) return fail(lost_);
    if (around_.parameter) return fail("in ${ }");
    if (around_.arithmetic) return fail("in arithmetic, which reads values as expressions");
    if (fails_in_word()) return;
    add_found(in(Nesting::quotes) ? Quoting::double_quotes : Quoting::none);
  }

  // In the word, or in one of those around it?
  bool fails_in_word() {
    if (around_.pattern) {
      fail("in parentheses behind a word, where zsh may run it");
    } else if (around_.copy || word_.is_descriptor_copy()) {
      fail("behind \">&\", where bash reads it twice; write >FILE 2>&1");
    } else if (around_.subscript || word_.is_in_subscript()) {
      fail(kSubscript);
    }
    return static_cast<bool>(error_);
  }

  void add_found(Quoting quoting) {
    const PlacedPlaceholder place = *find_place(at_);
    const bool is_word = quoting == Quoting::none && begins_word() && ends_word(at_ + place.size);
    found_.push_back({place, quoting, is_word, false});
    at_ += place.size;
    word_.add_special('{');
  }

  bool begins_word() const {
    const std::size_t last = script_.substr(0, at_).find_last_not_of(" \t");
    if (!word_.empty() || last == std::string_view::npos) return word_.empty();
    const bool is_copy = is_one_of("&|", script_[last]) && last > 0;  // >& and >|
    return !is_one_of("<>", script_[is_copy ? last - 1 : last]);
  }
  bool ends_word(std::size_t end) const {
    return end == script_.size() || is_one_of(" \t\n;&|()<>", script_[end]);
  }

  // Digits mean the same whatever is around them, unless they would be the number of a descriptor.
  bool take_digits() {
    const PlacedPlaceholder* place = find_place(at_);
    if (!place || !place->placeholder.is_digits()) return false;
    const bool in_words = lost_.empty() && !in(Nesting::quotes) && !in(Nesting::parameter) &&
                          !in(Nesting::arithmetic);
    const std::size_t end = at_ + place->size;
    const bool is_descriptor = in_words && end < script_.size() && is_one_of("<>", script_[end]);
    found_.push_back({*place, Quoting::none, false, is_descriptor});
    word_.add_in_quotes('0');
    skip(place->size);
    return true;
  }

  // The placeholder that begins at `at`, or null. Places are asked for in order.
  const PlacedPlaceholder* find_place(std::size_t at) {
    while (next_ < places_.size() && places_[next_].at < std::min(at, at_)) ++next_;
    for (std::size_t i = next_; i < places_.size() && places_[i].at <= at; ++i) {
      if (places_[i].at == at) return &places_[i];
    }
    return nullptr;
  }

  void step_in_words() {
    const char next = script_[at_];
    switch (next) {
      case '\'':
        return skip_single_quotes();
      case '"':
        return open(Nesting::quotes, 1);
      case '\\':
        return skip_escaped();
      case '$':
        return step_at_dollar();
      case '`':
        return skip_backquotes();
      case '#':
        if (word_.empty()) return skip_comment();
        break;
      case '(':
        return open_parenthesis();
      case ')':
        return close_parenthesis();
      case '<':
        end_word();
        if (follows("<<<")) return skip(3);
        if (follows("<<"))
          return lose("in or behind a here-document; let a file or printf give it");
        return skip_redirection();
      case '>':
        end_word();
        return skip_redirection();
      default:
        break;
    }
    if (is_one_of(" \t\n;&|", next)) {
      end_word();
      if (!is_one_of(" \t", next)) begin_command();
    } else if (next == '[' && word_.empty() && (in(Nesting::array) || in(Nesting::pattern))) {
      word_.add_key();
    } else {
      word_.add(next);
    }
    skip(1);
  }

  void skip_redirection() {
    skip(1);
    word_.begin_arguments();
    if (follows("&")) {
      word_.begin_descriptor_copy();
      skip(1);
    }
    if (follows("|")) skip(1);
  }

  void step_in_quotes() {
    if (script_[at_] == '"') return close(1);
    step_in_text();
  }

  void step_in_parameter() {
    switch (script_[at_]) {
      case '}':
        return close(1);
      case '\'':
      case '"':  // what quotes mean here depends on the operator and on the shell
        return lose("behind quotes in ${ }");
      default:
        return step_in_text();
    }
  }

  // Where only these have a meaning.
  void step_in_text() {
    switch (script_[at_]) {
      case '\\':
        return skip_escaped();
      case '$':
        return step_at_dollar();
      case '`':
        return skip_backquotes();
      default:
        word_.add_in_quotes(script_[at_]);
        return skip(1);
    }
  }

  void step_in_arithmetic() {
    switch (script_[at_]) {
      case '(':
        return open(Nesting::parenthesis, 1);
      case ')':
        if (follows("))")) return close(2);
        return lose("behind \"$((\" that is not arithmetic; write \"$( (\"");
      case '$':
        return step_at_dollar();
      case '\'':
      case '"':
      case '`':
      case '\\':
        return lose("behind quotes in arithmetic");
      default:
        return skip(1);
    }
  }

  void step_at_dollar() {
    if (follows("$((")) return open(Nesting::arithmetic, 3);
    if (follows("$(")) return open(Nesting::command, 2);
    if (follows("${")) return open(Nesting::parameter, 2);
    if (follows("$[")) return lose("behind \"$[\", which is arithmetic in some shells");
    if (follows("$'") && !in(Nesting::quotes))
      return lose("in or behind $'...', which not all shells know");
    word_.add_special('$');
    skip(1);
  }

  void skip_escaped() {
    const PlacedPlaceholder* place = find_place(at_ + 1);
    if (place && !place->placeholder.is_digits()) return fail_at(at_ + 1, "behind a backslash");
    if (place) return skip(1);
    if (at_ + 1 == script_.size()) return lose("behind a backslash");
    // A line that goes on is no part of a word.
    if (script_[at_ + 1] != '\n') {
      word_.add_special('\\');
      word_.add_quoted(script_[at_ + 1]);
    }
    skip(2);
  }

  void skip_single_quotes() {
    word_.add_special('\'');
    for (++at_; at_ < script_.size() && script_[at_] != '\'';) {
      if (take_digits()) continue;
      if (!find_place(at_)) {
        word_.add_quoted(script_[at_++]);
      } else if (around_.parameter || around_.arithmetic) {
        return fail("in ${ } or arithmetic");
      } else if (fails_in_word()) {
        return;
      } else {
        add_found(Quoting::single_quotes);
      }
    }
    unclosed_ = at_ == script_.size();
    skip(1);
  }

  // Their inside is read twice, by rules that differ between shells.
  void skip_backquotes() {
    word_.add_special('`');
    for (++at_; at_ < script_.size() && script_[at_] != '`'; ++at_) {
      if (script_[at_] == '\\') ++at_;
      while (take_digits()) {
      }
      if (find_place(at_)) return fail("in backquotes; write $( )");
      if (at_ < script_.size() && script_[at_] == '`') break;
      if (at_ < script_.size()) word_.add_quoted(script_[at_]);
    }
    unclosed_ = at_ >= script_.size();
    skip(1);
  }

  void skip_comment() {
    if (word_.continues_after_blank()) return lose(kSubscript);
    for (; at_ < script_.size() && script_[at_] != '\n'; ++at_) {
      while (take_digits()) {
      }
      if (find_place(at_)) return fail("in a comment");
      if (at_ >= script_.size() || script_[at_] == '\n') break;
    }
  }

  void open_parenthesis() {
    if (word_.continues_after_blank()) return lose(kSubscript);
    if (word_.is_before_list()) return open_list();
    const bool is_substitution = word_.is("=");  // of zsh: =( )
    const bool is_function = follows("()");
    if (!is_substitution && !is_function && !may_begin_commands()) return open(Nesting::pattern, 1);
    end_word();
    if (follows("((")) return lose("behind \"((\"");
    if (is_function) begin_command();
    open(Nesting::parenthesis, 1);
  }

  bool may_begin_commands() const {
    const bool is_process = at_ > 0 && is_one_of("<>", script_[at_ - 1]);
    return word_.empty() && (is_process || word_.may_be_command());
  }

  void open_list() {
    end_word();
    if (follows("((")) return lose("behind \"((\"");
    open(Nesting::array, 1);
    word_.begin_arguments();
  }

  void close_parenthesis() {
    if (word_.continues_after_blank()) return lose(kSubscript);
    end_word();
    if (in(Nesting::parenthesis) || in(Nesting::array) || in(Nesting::pattern) ||
        in(Nesting::command))
      return close(1);
    begin_command();  // behind a pattern of `case`
    skip(1);
  }

  void begin_command() {
    if (!in(Nesting::array)) word_.begin_command();
  }

  void end_word() {
    // The parentheses of its patterns need not be balanced.
    if (word_.is("case") && around_.command) lose("behind `case` in $( )");
    if (word_.is("[[")) lose("in or behind [[ ]], which may run what is compared; write [ ]");
    if (word_.is("let")) lose("behind `let`, which reads values as expressions");
    if (!word_.empty()) word_ = word_.next();
  }

  std::string_view rest() const { return script_.substr(std::min(at_, script_.size())); }
  bool follows(std::string_view text) const { return rest().starts_with(text); }
  void skip(std::size_t bytes) { at_ += bytes; }

  bool in(Nesting what) const { return !open_.empty() && open_.back().what == what; }
  void open(Nesting what, std::size_t bytes) {
    const bool is_list = what == Nesting::parenthesis || what == Nesting::array;
    if (!is_list) word_.add_special(is_part(what) ? '"' : '$');
    ShellWordState inner = is_part(what) ? ShellWordState::part_of(word_) : ShellWordState();
    open_.push_back({what, around_, std::exchange(word_, std::move(inner))});
    const Level& level = open_.back();
    around_.command |= what == Nesting::command;
    around_.parameter |= what == Nesting::parameter;
    around_.arithmetic |= what == Nesting::arithmetic;
    around_.pattern |= what == Nesting::pattern;
    around_.subscript |= level.word.is_in_subscript();
    around_.copy |= level.word.is_descriptor_copy();
    skip(bytes);
  }
  // The word around goes on where something inside of it ends.
  void close(std::size_t bytes) {
    const Level level = std::move(open_.back());
    open_.pop_back();
    const ShellWordState inner = std::exchange(word_, level.word);
    around_ = level.around;
    if (is_part(level.what)) {
      word_.end_part(inner);
    } else if (level.what != Nesting::parenthesis && level.what != Nesting::array) {
      word_.end_parameter();
    }
    skip(bytes);
  }
  static bool is_part(Nesting what) { return what == Nesting::quotes || what == Nesting::pattern; }

  void lose(std::string why) {
    if (lost_.empty()) lost_ = std::move(why);
  }
  void fail(const std::string& why) { fail_at(at_, why); }
  void fail_at(std::size_t at, const std::string& why) {
    error_ = Error::text(to_string(find_place(at)->placeholder) + " cannot be replaced " + why);
  }

  struct Level {
    Nesting what;
    Around around;
    ShellWordState word;  // that it stands in
  };
  std::string_view script_;
  const std::vector<PlacedPlaceholder>& places_;
  std::size_t next_ = 0;  // of the places, the first that is not before at_
  std::size_t at_ = 0;
  std::vector<Level> open_;
  ShellWordState word_;
  Around around_;
  std::string lost_;
  bool unclosed_ = false;
  std::vector<FoundPlaceholder> found_;
  Error error_;
};

}  // namespace

Result<std::vector<FoundPlaceholder>> find_placeholders(const TemplateWord& script) {
  return PlaceholderScanner(script).scan();
}

}  // namespace errand
