// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/plain_command.h"

#include <wordexp.h>

#include "errand/shell/shell_quote.h"
#include "fuzz/check.h"
#include "fuzz/targets.h"

namespace errand::fuzz {
namespace {

std::string join(const Argv& argv) {
  std::string script;
  for (const std::string& word : argv) script += (script.empty() ? "" : " ") + shell_quote(word);
  return script;
}

// The C library's idea of the script's words; nothing where it has none of it.
std::optional<Argv> words_of_libc(const std::string& script) {
  // glibc makes a word of its own of empty quotes.
  if (script.find("''") != script.npos || script.find("\"\"") != script.npos) return {};
  wordexp_t found = {};
  const int failed = ::wordexp(script.c_str(), &found, WRDE_NOCMD | WRDE_UNDEF);
  std::optional<Argv> words;
  if (failed == 0) words.emplace(found.we_wordv, found.we_wordv + found.we_wordc);
  if (failed == 0 || failed == WRDE_NOSPACE) ::wordfree(&found);
  return words;
}

}  // namespace

void plain_command(std::string_view text) {
  const auto argv = errand::plain_command(text);
  if (!argv) return;
  promise(!argv->empty() && !argv->front().empty(), "a command has a name");
  promise(errand::plain_command(join(*argv)) == argv, "its words, quoted, are the same command");
  const auto words = words_of_libc(std::string(text));
  promise(!words || words == argv, "the words are those of a shell");
}

}  // namespace errand::fuzz
