// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/expand/expression.h"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "errand/base/quoted_text.h"

namespace errand {
namespace {

using task_file::quote;

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kOpen = "${{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kNameStart = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-";
constexpr std::string_view kAllowed = "vars.NAME, matrix.NAME and env.NAME";

std::unexpected<Error> wrong(std::string what) {
  return std::unexpected(Error::text(std::move(what)));
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool is_name(std::string_view text) {
  return !text.empty() && kNameStart.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

enum class Unset { is_error, is_empty };  // a variable that is not there

// The value of "vars.x" and its like.
Result<std::string> look_up(std::string_view reference, const ExpressionScope& scope, Unset unset) {
  const std::size_t dot = reference.find('.');
  const std::string_view context = reference.substr(0, dot);
  const std::string_view name =
      dot == std::string_view::npos ? std::string_view() : reference.substr(dot + 1);
  const bool env = context == "env";
  const bool vars = context == "vars";
  if ((!env && !vars && context != "matrix") || !is_name(name)) {
    return wrong(quote(reference) + " is unknown here; there are " + std::string(kAllowed));
  }
  const ExpressionScope::Lookup& lookup = env ? scope.env : vars ? scope.vars : scope.matrix;
  if (std::optional<std::string> value = lookup ? lookup(name) : std::nullopt)
    return std::move(*value);
  if (env && unset == Unset::is_empty) return std::string();
  if (env) {
    return wrong("the variable " + quote(name) + " is not set; set it in env, or let the shell " +
                 "read it at its time");
  }
  return wrong("there is no " + quote(reference) + "; " +
               (vars ? "add it to the file's vars" : "add it to the task's matrix"));
}

// What the mind has ready from elsewhere, and what it is called here.
struct ForeignContext {
  std::string_view word, advice;
};
constexpr std::array<ForeignContext, 7> kForeignContexts = {{
    {"and", "write &&"},
    {"or", "write ||"},
    {"not", "write !"},
    {"always", "write when: always beside if"},
    {"failure", "write when: on_failure beside if"},
    {"success", "leave it out, it is the default"},
    {"cancelled", "write when: always beside if"},
}};

struct Value {
  std::string text;
  bool is_number = false;  // written as one

  bool is_true() const { return !text.empty() && text != "false" && text != "0"; }
};

std::optional<double> as_number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string::npos) return {};
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !std::isfinite(number)) return {};
  return number;
}

bool equal(const Value& left, const Value& right) {
  if (left.is_number || right.is_number) {
    const auto a = as_number(left.text), b = as_number(right.text);
    if (a && b) return *a == *b;
  }
  return left.text == right.text;
}

// Recursive descent; each level is one parenthesis, of which there are at most kConditionDepthMax.
// After an error everything is read as the end of the text.
class ConditionEvaluator final {
 public:
  ConditionEvaluator(std::string_view text, const ExpressionScope& scope)
      : text_(text), scope_(scope) {}

  Result<bool> evaluate() {
    const Value value = either();
    if (!failed() && !at_end()) fail("it should end there; && or || joins two conditions");
    if (failed()) return std::unexpected(error_);
    return value.is_true();
  }

 private:
  Value either() {
    Value value = both();
    while (take("||")) {
      const Value other = both();
      value = truth(value.is_true() || other.is_true());
    }
    return value;
  }

  Value both() {
    Value value = comparison();
    while (take("&&")) {
      const Value other = comparison();
      value = truth(value.is_true() && other.is_true());
    }
    return value;
  }

  Value comparison() {
    Value left = operand();
    const bool same = take("==");
    if (!same && !take("!=")) return left;
    Value result = truth(equal(left, operand()) == same);
    if (at("==") || at("!=")) fail("a comparison of a comparison needs ( ) around the first");
    return result;
  }

  Value operand() {
    bool negated = false, any = false;
    while (!at("!=") && take("!")) {
      negated = !negated;
      any = true;
    }
    Value value = primary();
    return any ? truth(value.is_true() != negated) : value;
  }

  Value primary() {
    if (at_end()) return fail("a value is missing");
    const char next = text_[at_];
    if (next == '(') return parenthesized();
    if (next == '\'' || next == '"') return quoted(next);
    if ((next >= '0' && next <= '9') || next == '-') return number();
    if (kNameStart.find(next) != std::string_view::npos) return reference();
    return fail(advice_for(next));
  }

  Value parenthesized() {
    if (++depth_ > kConditionDepthMax) {
      return fail("more than " + std::to_string(kConditionDepthMax) + " parentheses in each other");
    }
    ++at_;
    Value value = either();
    --depth_;
    if (!failed() && !take(")")) return fail("a \")\" is missing");
    return truth(value.is_true());
  }

  Value quoted(char mark) {
    const std::size_t begin = at_;
    Value value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == mark) {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != mark) {
          ++at_;
          return value;
        }
        ++at_;
      }
      value.text += text_[at_];
    }
    at_ = begin;
    return fail("the quote is not closed");
  }

  Value number() {
    const std::size_t begin = at_;
    take_while("0123456789.eE+-");
    Value value{std::string(text_.substr(begin, at_ - begin)), true};
    if (const auto read = as_number(value.text)) {
      if (*read == 0) value.text = "0";
      return value;
    }
    at_ = begin;
    return fail(quote(value.text) + " is not a number; text stands in quotes");
  }

  Value reference() {
    const std::size_t begin = at_;
    take_while(kNameCharacters);
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      take_while(kNameCharacters);
      if (at_ < text_.size() && text_[at_] == '.') take_while(".abcdefghijklmnopqrstuvwxyz_");
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "true" || word == "false") return Value{std::string(word)};
    Result<std::string> value = look_up(word, scope_, Unset::is_empty);
    if (value) return Value{std::move(*value)};
    at_ = begin;
    for (const auto& [other, advice] : kForeignContexts) {
      if (word == other) return fail(quote(word) + " is unknown here; " + std::string(advice));
    }
    if (word.find('.') != std::string_view::npos) return fail(value.error().message());
    return fail(quote(word) + " is unknown; text stands in quotes, and values are " +
                std::string(kAllowed));
  }

  static std::string advice_for(char next) {
    switch (next) {
      case '=':
        return "\"=\" is not an operator; write ==";
      case '&':
        return "\"&\" is not an operator; write &&";
      case '|':
        return "\"|\" is not an operator; write ||";
      case ')':
        return "a value is missing before \")\"";
      case '$':
      case '{':
      case '}':
        return "${{ }} may only stand around the whole condition; leave it out";
      default:
        return "a value is missing; there are " + std::string(kAllowed) +
               ", 'text', numbers, true and false";
    }
  }

  bool at(std::string_view word) {
    skip_blank();
    return !failed() && text_.substr(at_).starts_with(word);
  }
  bool take(std::string_view word) {
    if (!at(word)) return false;
    at_ += word.size();
    return true;
  }
  void take_while(std::string_view characters) {
    at_ = std::min(text_.find_first_not_of(characters, at_), text_.size());
  }
  void skip_blank() { take_while(kBlank); }
  bool at_end() {
    skip_blank();
    return failed() || at_ == text_.size();
  }

  Value fail(const std::string& what) {
    if (failed()) return {};
    std::string place = "in the condition at its end";
    if (at_ < text_.size()) place = "in the condition at " + quote(text_.substr(at_));
    error_ = Error::text(place + ": " + better(what));
    return {};
  }
  bool failed() const { return static_cast<bool>(error_); }

  // What stands where something else should begin says more than what was missed.
  std::string better(const std::string& what) const {
    constexpr std::string_view telling = "=&|${}<>";
    if (at_ == text_.size() || telling.find(text_[at_]) == std::string_view::npos) return what;
    if (text_[at_] == '<' || text_[at_] == '>') {
      return "there are only == and !=; compare by other means in a script";
    }
    const bool doubled = at_ + 1 < text_.size() && text_[at_] == text_[at_ + 1];
    return doubled && text_[at_] != '{' && text_[at_] != '}' ? what : advice_for(text_[at_]);
  }

  static Value truth(bool value) { return Value{value ? "true" : "false"}; }

  std::string_view text_;
  const ExpressionScope& scope_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  Error error_;
};

}  // namespace

bool has_expressions(std::string_view text) { return text.find(kOpen) != std::string_view::npos; }

Result<std::string> expand_expressions(std::string_view text, const ExpressionScope& scope) {
  std::string expanded;
  for (;;) {
    const std::size_t begin = text.find(kOpen);
    expanded += text.substr(0, begin);
    if (expanded.size() > kExpandedBytesMax)
      return wrong("it is longer than 16 MiB with all ${{ }} replaced");
    if (begin == std::string_view::npos) return expanded;
    const std::string_view from_here = text.substr(begin);
    const std::size_t end = from_here.find(kClose);
    if (end == std::string_view::npos) {
      return wrong("at " + quote(from_here) + ": the \"}}\" is missing");
    }
    const std::string_view inside = trim(from_here.substr(kOpen.size(), end - kOpen.size()));
    if (inside.empty()) return wrong("${{ }} is empty; there are " + std::string(kAllowed));
    Result<std::string> value = look_up(inside, scope, Unset::is_error);
    if (!value) return value;
    expanded += *value;
    text = from_here.substr(end + kClose.size());
  }
}

Result<bool> evaluate_condition(std::string_view expression, const ExpressionScope& scope) {
  if (expression.size() > kConditionBytesMax) {
    return wrong("the condition is longer than 64 KiB; put it into a script");
  }
  std::string_view inside = trim(expression);
  if (inside.starts_with(kOpen) && inside.ends_with(kClose) &&
      inside.size() >= kOpen.size() + kClose.size()) {
    inside.remove_prefix(kOpen.size());
    inside.remove_suffix(kClose.size());
  }
  if (trim(inside).empty()) {
    return wrong("the condition is empty; write one such as env.CI == 'true'");
  }
  return ConditionEvaluator(inside, scope).evaluate();
}

}  // namespace errand
