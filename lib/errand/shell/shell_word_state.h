// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace errand {

inline bool is_one_of(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

// A word as far as it was read; in quotes and in parentheses the part of it that stands there. It
// knows where a [ makes a subscript of what follows: for bash and ksh behind a name, for zsh behind
// a parameter, in quotes too. Where they differ a subscript begins early and ends late.
class ShellWordState {
 public:
  ShellWordState() = default;
  static ShellWordState part_of(const ShellWordState& outer) {
    ShellWordState part;
    part.is_part_ = true;
    part.is_part_of_subscript_ = outer.is_in_subscript();
    return part;
  }

  bool empty() const { return text_.empty(); }
  bool is(std::string_view text) const { return text_ == text; }
  bool ends_with(char c) const { return text_.ends_with(c); }
  bool is_in_subscript() const { return open_ > 0 || has_lost_end_ || is_part_of_subscript_; }
  bool is_descriptor_copy() const { return is_descriptor_copy_; }
  // Does a ( begin the list of an array? Elsewhere zsh reads what looks like one as a pattern.
  bool is_before_list() const {
    return assigns_ && text_.size() == name_size_ + 1 && spot_ != Spot::arguments;
  }
  bool may_be_command() const { return spot_ == Spot::command; }
  // Do bash and ksh go on with this subscript behind a blank?
  bool continues_after_blank() const { return continues_after_blank_ && open_ > 0; }

  void add(char c);

  // Between " " only a parameter has subscripts.
  void add_in_quotes(char c);

  // A key of an array begins.
  void add_key() { open_bracket(); }
  void begin_descriptor_copy() { is_descriptor_copy_ = true; }
  void begin_command() { spot_ = Spot::command; }
  void begin_arguments() { spot_ = Spot::arguments; }

  // Something quoted or replaced, which `mark` stands for.
  void add_special(char mark);

  // To zsh it may be as good as the same without its quotes.
  void add_quoted(char c);

  void end_parameter() { dollar_ = Dollar::whole; }
  void end_part(const ShellWordState& part) {
    if (part.open_ > 0 || part.has_lost_end_) has_lost_end_ = true;
  }

  // What the next word begins with.
  ShellWordState next() const;

 private:
  enum class Spot : std::uint8_t { command, assignments, declarations, arguments };
  enum class Name : std::uint8_t { so_far, unsure, never };
  enum class Dollar : std::uint8_t { none, flags, name, whole };  // of a parameter

  void begin_value();

  Spot next_spot() const;

  void open_bracket();

  void add_to_parameter(char c);

  std::string text_;  // roughly
  Spot spot_ = Spot::command;
  std::size_t name_size_ = 0;  // what stands before the first =
  bool assigns_ = false;
  Name name_ = Name::so_far;
  Dollar dollar_ = Dollar::none;  // does it end in one?
  std::size_t open_ = 0;          // brackets of a subscript
  bool continues_after_blank_ = false;
  bool has_lost_end_ = false;  // all that is left of the word may be in a subscript
  bool is_part_ = false;
  bool is_part_of_subscript_ = false;
  bool is_descriptor_copy_ = false;  // it stands behind >& or <&
};

}  // namespace errand
