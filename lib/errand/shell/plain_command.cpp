// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/plain_command.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace errand {
namespace {

// Reserved words and builtins of POSIX, dash, bash, busybox, ksh, mksh, yash and zsh, also where
// their programs would do the same. Sorted.
constexpr auto kShellWords = std::to_array<std::string_view>({
    "!",         ".",       ":",        "[",       "[[",        "]]",     "alias",     "autoload",
    "bg",        "bind",    "break",    "builtin", "caller",    "case",   "cd",        "chdir",
    "command",   "compgen", "complete", "compopt", "continue",  "coproc", "declare",   "dirs",
    "disown",    "do",      "done",     "echo",    "echotc",    "elif",   "else",      "emulate",
    "enable",    "end",     "enum",     "esac",    "eval",      "exec",   "exit",      "export",
    "false",     "fc",      "fg",       "fi",      "float",     "for",    "foreach",   "function",
    "functions", "getconf", "getopts",  "global",  "hash",      "help",   "hist",      "history",
    "if",        "in",      "inlib",    "integer", "jobs",      "kill",   "let",       "limit",
    "local",     "logout",  "mapfile",  "mknod",   "namespace", "newgrp", "noglob",    "nocorrect",
    "popd",      "print",   "printf",   "pushd",   "pwd",       "read",   "readarray", "readonly",
    "rehash",    "rename",  "repeat",   "return",  "sched",     "select", "set",       "setopt",
    "shift",     "shopt",   "source",   "stop",    "suspend",   "test",   "then",      "time",
    "times",     "trap",    "true",     "type",    "typeset",   "ulimit", "umask",     "unalias",
    "unset",     "until",   "vared",    "wait",    "whence",    "where",  "which",     "while",
    "zmodload",  "{",       "}",
});

constexpr std::string_view kBlank = " \t";
// Unquoted, these may mean something to a shell.
constexpr std::string_view kSpecial = "$`~*?[{|&;<>()^";
constexpr std::string_view kSpecialInQuotes = "$`";
constexpr std::string_view kEscapedInQuotes = "\"\\";

bool is_shell_word(const std::string& word) {
  return std::ranges::find(kShellWords, word) != kShellWords.end();
}

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F; }

// What may stand where a command's name does: no assignment, nothing a shell does itself.
bool may_be_program(const std::string& word) {
  return !word.empty() && word.find('=') == std::string::npos && word.front() != '%' &&
         word.find('!') == std::string::npos && !is_shell_word(word);
}

class WordParser {
 public:
  explicit WordParser(std::string_view text) : text_(text) {}

  std::optional<Argv> read() {
    Argv words;
    for (;;) {
      at_ = std::min(text_.find_first_not_of(kBlank, at_), text_.size());
      if (at_ == text_.size()) break;
      std::string word;
      if (text_[at_] == '#' || !read_word(word)) return std::nullopt;
      words.push_back(std::move(word));
    }
    if (words.empty() || !may_be_program(words.front())) return std::nullopt;
    return words;
  }

 private:
  bool read_word(std::string& word) {
    for (; at_ < text_.size() && kBlank.find(text_[at_]) == std::string_view::npos; ++at_) {
      const char next = text_[at_];
      if (next == '\'' || next == '"') {
        if (!(next == '"' ? read_double(word) : read_single(word))) return false;
      } else if (next == '\\') {
        if (++at_ == text_.size() || is_control(text_[at_])) return false;
        word += text_[at_];
      } else if (kSpecial.find(next) != std::string_view::npos || is_control(next)) {
        return false;
      } else {
        word += next;
      }
    }
    return true;
  }

  bool read_single(std::string& word) {
    const std::size_t end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos) return false;
    word += text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    return true;
  }

  bool read_double(std::string& word) {
    for (++at_; at_ < text_.size(); ++at_) {
      const char next = text_[at_];
      if (next == '"') return true;
      if (kSpecialInQuotes.find(next) != std::string_view::npos) return false;
      if (next == '\\') {
        if (++at_ == text_.size() || text_[at_] == '\n') return false;
        const char escaped = text_[at_];
        const bool is_special = kEscapedInQuotes.find(escaped) != std::string_view::npos ||
                                kSpecialInQuotes.find(escaped) != std::string_view::npos;
        if (!is_special) word += '\\';
        word += escaped;
      } else {
        word += next;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Argv> plain_command(std::string_view script) {
  if (script.find('\0') != std::string_view::npos) return std::nullopt;
  // The last newlines end the command; those within would begin another.
  while (script.ends_with('\n')) script.remove_suffix(1);
  return WordParser(script).read();
}

}  // namespace errand
