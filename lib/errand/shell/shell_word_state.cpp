// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/shell_word_state.h"

#include <algorithm>
#include <cctype>
#include <span>

namespace errand {
namespace {

// zsh has names in other alphabets.
bool is_in_name(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || c == '_' || byte >= 0x80;
}

bool is_any_of(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

void ShellWordState::add(char c) {
  if (c == '=' && open_ == 0 && name_size_ == 0) begin_value();
  if (c == '[' && !text_.empty() && name_ != Name::never) {
    open_bracket();
  } else {
    add_in_quotes(c);
  }
  if (open_ == 0 && !is_in_name(c) && !is_one_of(".[]", c)) {
    name_ = name_ != Name::unsure && is_one_of("/?*:%", c) ? Name::never : Name::unsure;
  }
}

void ShellWordState::add_in_quotes(char c) {
  if (c == '[' && (is_in_subscript() || dollar_ != Dollar::none)) {
    open_bracket();
  } else if (c == ']' && open_ > 0) {
    --open_;
    dollar_ = Dollar::whole;
    text_ += c;
  } else {
    add_to_parameter(c);
    text_ += c;
  }
}

void ShellWordState::add_special(char mark) {
  text_ += mark;
  dollar_ = mark == '$' ? Dollar::flags : Dollar::none;
  if (open_ == 0) name_ = Name::unsure;
}

void ShellWordState::add_quoted(char c) {
  if (is_in_subscript() && is_one_of("[$`", c)) has_lost_end_ = true;
}

ShellWordState ShellWordState::next() const {
  ShellWordState next;
  next.spot_ = next_spot();
  if (continues_after_blank()) {
    next.open_ = open_;
    next.continues_after_blank_ = true;
  }
  if (is_part_) {
    next.is_part_ = true;
    next.is_part_of_subscript_ = is_part_of_subscript_;
    next.has_lost_end_ = open_ > 0 || has_lost_end_;
  }
  return next;
}

void ShellWordState::begin_value() {
  name_size_ = text_.size();
  std::string_view name = text_;
  if (name.ends_with('+')) name.remove_suffix(1);
  assigns_ = !name.empty() && !std::isdigit(static_cast<unsigned char>(name.front())) &&
             std::ranges::all_of(name, is_in_name);
}

ShellWordState::Spot ShellWordState::next_spot() const {
  constexpr std::string_view before_commands[] = {"if",    "then", "elif", "else", "while",
                                                  "until", "do",   "!",    "{",    "time"};
  constexpr std::string_view declaring[] = {"declare", "export", "local", "readonly", "typeset"};
  const bool is_command = spot_ == Spot::command;
  if (spot_ == Spot::declarations) return spot_;
  if (is_command && is_any_of(before_commands, text_)) return spot_;
  if (is_command && is_any_of(declaring, text_)) return Spot::declarations;
  return assigns_ && spot_ != Spot::arguments ? Spot::assignments : Spot::arguments;
}

void ShellWordState::open_bracket() {
  if (open_ == 0) continues_after_blank_ = name_ == Name::so_far;
  ++open_;
  text_ += '[';
}

void ShellWordState::add_to_parameter(char c) {
  if (dollar_ == Dollar::flags && is_one_of("#+~=^", c)) return;
  const bool may_begin = dollar_ == Dollar::flags;
  const bool may_continue = may_begin || dollar_ == Dollar::name;
  dollar_ = may_continue && is_in_name(c)        ? Dollar::name
            : may_begin && is_one_of("@*?!-", c) ? Dollar::whole
                                                 : Dollar::none;
}

}  // namespace errand
