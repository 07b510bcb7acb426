// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/env_file.h"

#include <algorithm>
#include <string>
#include <utility>

#include "errand/base/quoted_text.h"

namespace errand {
namespace {

using task_file::quote;

constexpr std::string_view kBlank = " \t\r";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_name(std::string_view text) {
  return !text.empty() && kLetters.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

std::string_view trim_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

std::string_view trim_begin(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlank), text.size()));
}

std::string_view trim(std::string_view text) { return trim_end(trim_begin(text)); }

class EnvFile {
 public:
  explicit EnvFile(std::string_view text) : rest_(text) {
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
  }

  Result<std::vector<EnvEntry>> read() {
    while (!rest_.empty() && !error_) read_line();
    if (error_) return std::unexpected(error_);
    return std::move(entries_);
  }

 private:
  void read_line() {
    begin_ = ++line_;
    const std::string_view line = trim_begin(take_line());  // its end may be within quotes
    if (line.find('\0') != std::string_view::npos)
      return fail("a NUL byte; no variable can hold one");
    if (line.empty() || line.starts_with('#')) return;
    const std::string_view from_name = without_export(line);
    const std::size_t name_end =
        std::min(from_name.find_first_not_of(kNameCharacters), from_name.size());
    const std::string_view name = from_name.substr(0, name_end);
    const std::string_view behind = trim_begin(from_name.substr(name_end));
    if (is_name(name) && behind.starts_with("<<"))
      return read_lines_to(name, trim(behind.substr(2)));
    const std::size_t equals = from_name.find('=');
    if (equals == std::string_view::npos) {
      return fail(quote(trim_end(from_name)) + " has no \"=\"; write NAME=value");
    }
    if (!is_name(name) || !behind.starts_with('=')) {
      return fail(quote(trim(from_name.substr(0, equals))) +
                  " is not a variable's name; letters, digits and _ make one");
    }
    read_value(std::string(name), trim_begin(behind.substr(1)));
  }

  static std::string_view without_export(std::string_view line) {
    constexpr std::string_view word = "export";
    if (!line.starts_with(word)) return line;
    const std::string_view behind = line.substr(word.size());
    const std::string_view inside = trim_begin(behind);
    // A variable may be called so.
    return behind.size() == inside.size() || inside.starts_with('=') ? line : inside;
  }

  void read_value(std::string name, std::string_view value) {
    if (value.starts_with('\'') || value.starts_with('"'))
      return read_quoted(std::move(name), value);
    if (value.starts_with('#')) value = {};  // NAME= # none
    for (const std::string_view comment : {" #", "\t#"})
      value = value.substr(0, value.find(comment));
    add(std::move(name), std::string(trim_end(value)));
  }

  void read_quoted(std::string name, std::string_view text) {
    const char mark = text.front();
    std::string value;
    for (std::size_t at = 1;; ++at) {
      if (at == text.size()) {  // the value goes on in the next line
        if (rest_.empty()) return fail("the quote is not closed");
        value += '\n';
        ++line_;
        text = take_line();
        if (text.find('\0') != std::string_view::npos)
          return fail("a NUL byte; no variable can hold one");
        at = std::string_view::npos;  // the loop's step makes it 0
      } else if (text[at] == mark) {
        return end_quoted(std::move(name), std::move(value), text.substr(at + 1));
      } else if (mark == '"' && text[at] == '\\' && at + 1 < text.size()) {
        append_escape(value, text[++at]);
      } else {
        value += text[at];
      }
    }
  }

  static void append_escape(std::string& value, char escaped) {
    constexpr std::string_view letters = "nrt\"\\$";
    constexpr std::string_view meant = "\n\r\t\"\\$";
    const std::size_t known = letters.find(escaped);
    if (known == std::string_view::npos) value += '\\';
    value += known == std::string_view::npos ? escaped : meant[known];
  }

  void end_quoted(std::string name, std::string value, std::string_view behind) {
    const std::string_view more = trim(behind);
    if (!more.empty() && !more.starts_with('#')) {
      begin_ = line_;
      return fail(quote(more) + " stands behind the closing quote; put the quotes around it all");
    }
    add(std::move(name), std::move(value));
  }

  void read_lines_to(std::string_view name, std::string_view end) {
    if (end.empty()) return fail("the word that ends the value is missing behind \"<<\"");
    std::string value;
    for (bool first = true;; first = false) {
      if (rest_.empty()) return fail("no line is just " + quote(end) + ", which ends the value");
      ++line_;
      const std::string_view line = take_line();
      if (line.find('\0') != std::string_view::npos)
        return fail("a NUL byte; no variable can hold one");
      if (line == end) break;
      if (!first) value += '\n';
      value += line;
    }
    add(std::string(name), std::move(value));
  }

  // Without its end.
  std::string_view take_line() {
    const std::size_t newline = rest_.find('\n');
    std::string_view line = rest_.substr(0, newline);
    rest_ = newline == std::string_view::npos ? std::string_view() : rest_.substr(newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  void add(std::string name, std::string value) {
    entries_.emplace_back(std::move(name), std::move(value));
  }
  void fail(const std::string& what) {
    error_ = Error::text("line " + std::to_string(begin_) + ": " + what);
  }

  std::string_view rest_;
  std::size_t line_ = 0;
  std::size_t begin_ = 0;  // where what is being read began
  std::vector<EnvEntry> entries_;
  Error error_;
};

}  // namespace

Result<std::vector<EnvEntry>> parse_env_file(std::string_view text) { return EnvFile(text).read(); }

}  // namespace errand
