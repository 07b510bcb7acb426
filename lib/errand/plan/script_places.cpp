// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/script_places.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "errand/plan/quote.h"

namespace errand {
namespace {

// What is open around a place.
enum class Open : std::uint8_t {
  parenthesis,
  pattern,     // word( )
  command,     // $( )
  arithmetic,  // $(( ))
  parameter,   // ${ }
  quotes,      // " "
};

// Does an open [ make a subscript of what follows? zsh knows them in "$x[...]" too.
bool is_in_subscript(std::string_view text, bool quoted) {
  constexpr std::string_view flags = "@*#?!+~=^-_";
  int closed = 0;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (text[i] == ']') ++closed;
    if (text[i] != '[' || closed-- > 0) continue;
    closed = 0;
    const std::string_view before = text.substr(0, i);
    const std::size_t dollar = before.rfind('$');
    if (before.ends_with(']') || (!quoted && i > 0)) return true;
    if (dollar != std::string_view::npos &&
        std::ranges::all_of(before.substr(dollar + 1), [&](char c) {
          return std::isalnum(static_cast<unsigned char>(c)) || flags.contains(c);
        }))
      return true;
  }
  return false;
}

// Follows a script's quotes and parentheses as a shell does, without understanding more of it. What
// it cannot follow for sure ends in `lost_`: the reason why nothing can be replaced from there on.
class Scanner {
 public:
  explicit Scanner(std::string_view script) : script_(script) {}

  Result<std::vector<ScriptPlace>> scan() {
    while (at_ < script_.size() && !error_) step();
    end_word();
    if (!error_ && !places_.empty() && (unclosed_ || (lost_.empty() && !open_.empty()))) {
      error_ = Error::text("a quote or a parenthesis of the command is not closed");
    }
    if (error_) return std::unexpected(error_);
    return std::move(places_);
  }

 private:
  void step() {
    if (placeholder_at(rest())) return take_placeholder();
    if (!lost_.empty()) {
      ++at_;
    } else if (in(Open::quotes)) {
      step_in_quotes();
    } else if (in(Open::parameter)) {
      step_in_parameter();
    } else if (in(Open::arithmetic)) {
      step_in_arithmetic();
    } else {
      step_in_words();
    }
  }

  void take_placeholder() {
    if (!lost_.empty()) return fail(lost_);
    if (is_open(Open::parameter)) return fail("in ${ }");
    if (is_open(Open::arithmetic)) return fail("in arithmetic, which reads values as expressions");
    if (fails_in_word()) return;
    add_place(in(Open::quotes) ? Quoting::double_quotes : Quoting::none);
  }

  // In the word, or in one of those around it?
  bool fails_in_word() {
    if (is_open(Open::pattern)) {
      fail("in parentheses behind a word, where zsh may run it; write a blank between");
    } else if (any_word([](const Word& word, bool) { return word.is_copy; })) {
      fail("behind \">&\", where bash reads it twice; write >FILE 2>&1");
    } else if (any_word([this](const Word& word, bool quoted) {
                 return is_in_subscript(word.text, quoted) || is_key(word.text);
               })) {
      fail("in [ ], which may be a subscript, which is arithmetic");
    }
    return static_cast<bool>(error_);
  }

  // Of a=([...]=x)? A word that begins with [ is a pattern elsewhere.
  bool is_key(std::string_view word) const {
    const bool assigns =
        rest().find("]=") != std::string_view::npos || rest().find("]+=") != std::string_view::npos;
    return assigns && word.starts_with('[');
  }

  void add_place(Quoting quoting) {
    const Placeholder placeholder = *placeholder_at(rest());
    places_.push_back({at_, placeholder, quoting});
    at_ += to_string(placeholder).size();
    word_.text += '{';
  }

  void step_in_words() {
    const char next = script_[at_];
    switch (next) {
      case '\'':
        return skip_single_quotes();
      case '"':
        word_.text += next;
        return open(Open::quotes, 1);
      case '\\':
        return skip_escaped();
      case '$':
        return step_at_dollar();
      case '`':
        return skip_backquotes();
      case '#':
        if (word_.text.empty()) return skip_comment();
        break;
      case '(':
        if (!word_.text.empty() && word_.text.back() != '=' && !follows("()"))
          return open(Open::pattern, 1);
        end_word();
        if (follows("((")) return lose("behind \"((\"");
        return open(Open::parenthesis, 1);
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
    constexpr std::string_view separators = " \t\n;&|";
    if (separators.find(next) != std::string_view::npos) {
      end_word();
    } else {
      word_.text += next;
    }
    skip(1);
  }

  void skip_redirection() {
    skip(1);
    word_.is_copy = follows("&");
    if (word_.is_copy) skip(1);
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
        word_.text += script_[at_];
        return skip(1);
    }
  }

  void step_in_arithmetic() {
    switch (script_[at_]) {
      case '(':
        return open(Open::parenthesis, 1);
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
    if (follows("$((")) return open(Open::arithmetic, 3);
    if (follows("$(")) return open(Open::command, 2);
    if (follows("${")) {
      if (placeholder_at(rest().substr(1))) return fail_at(at_ + 1, "behind \"$\"");
      return open(Open::parameter, 2);
    }
    if (follows("$[")) return lose("behind \"$[\", which is arithmetic in some shells");
    if (follows("$'") && !in(Open::quotes))
      return lose("in or behind $'...', which not all shells know");
    word_.text += '$';
    skip(1);
  }

  void skip_escaped() {
    if (placeholder_at(rest().substr(1))) return fail_at(at_ + 1, "behind a backslash");
    if (at_ + 1 == script_.size()) return lose("behind a backslash");
    // A line that goes on is no part of a word.
    if (script_[at_ + 1] != '\n') word_.text += '\\';
    skip(2);
  }

  void skip_single_quotes() {
    word_.text += '\'';
    for (++at_; at_ < script_.size() && script_[at_] != '\'';) {
      if (!placeholder_at(rest())) {
        ++at_;
      } else if (is_open(Open::parameter) || is_open(Open::arithmetic)) {
        return fail("in ${ } or arithmetic");
      } else if (fails_in_word()) {
        return;
      } else {
        add_place(Quoting::single_quotes);
      }
    }
    unclosed_ = at_ == script_.size();
    skip(1);
  }

  // Their inside is read twice, by rules that differ between shells.
  void skip_backquotes() {
    word_.text += '`';
    for (++at_; at_ < script_.size() && script_[at_] != '`'; ++at_) {
      if (script_[at_] == '\\') ++at_;
      if (placeholder_at(rest())) return fail("in backquotes; write $( )");
    }
    unclosed_ = at_ >= script_.size();
    skip(1);
  }

  void skip_comment() {
    for (; at_ < script_.size() && script_[at_] != '\n'; ++at_) {
      if (placeholder_at(rest())) return fail("in a comment");
    }
  }

  void close_parenthesis() {
    end_word();
    // One that nothing opened ends a pattern of `case`.
    if (in(Open::parenthesis) || in(Open::pattern) || in(Open::command)) return close(1);
    skip(1);
  }

  void end_word() {
    // The parentheses of its patterns need not be balanced.
    if (word_.text == "case" && is_open(Open::command)) lose("behind `case` in $( )");
    if (word_.text == "[[") lose("in or behind [[ ]], which may run what is compared; write [ ]");
    if (word_.text == "let") lose("behind `let`, which reads values as expressions");
    if (!word_.text.empty()) word_ = {};
  }

  std::string_view rest() const { return script_.substr(std::min(at_, script_.size())); }
  bool follows(std::string_view text) const { return rest().starts_with(text); }
  void skip(std::size_t bytes) { at_ += bytes; }

  bool in(Open what) const { return !open_.empty() && open_.back().what == what; }
  bool is_open(Open what) const {
    return std::ranges::any_of(open_, [what](const Level& level) { return level.what == what; });
  }
  template <class Test>
  bool any_word(Test test) const {
    if (test(word_, in(Open::quotes))) return true;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (test(open_[i].word, i > 0 && open_[i - 1].what == Open::quotes)) return true;
    }
    return false;
  }
  void open(Open what, std::size_t bytes) {
    open_.push_back({what, std::exchange(word_, {})});
    skip(bytes);
  }
  // The word around goes on where something inside of it ends.
  void close(std::size_t bytes) {
    word_ = std::move(open_.back().word);
    if (open_.back().what != Open::parenthesis) word_.text += '$';
    open_.pop_back();
    skip(bytes);
  }

  void lose(std::string why) {
    if (lost_.empty()) lost_ = std::move(why);
  }
  void fail(const std::string& why) { fail_at(at_, why); }
  void fail_at(std::size_t at, const std::string& why) {
    const std::string_view found = script_.substr(at);
    error_ =
        Error::text(std::string(to_string(*placeholder_at(found))) + " cannot be replaced " + why);
  }

  struct Word {
    std::string text;      // what was read of it, roughly
    bool is_copy = false;  // it stands behind >& or <&
  };
  struct Level {
    Open what;
    Word word;  // that it stands in
  };
  std::string_view script_;
  std::size_t at_ = 0;
  std::vector<Level> open_;
  Word word_;
  std::string lost_;
  bool unclosed_ = false;
  std::vector<ScriptPlace> places_;
  Error error_;
};

}  // namespace

Result<std::vector<ScriptPlace>> find_places(std::string_view script) {
  return Scanner(script).scan();
}

}  // namespace errand
