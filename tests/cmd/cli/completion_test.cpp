// SPDX-License-Identifier: Apache-2.0
//
// The texts for shells; tests/cli/completion_test.cpp has what the shells make of them.
#include "cmd/cli/completion.h"

#include "cmd/cli/command_table.h"
#include "support/cmd_test.h"

namespace errand::test {
namespace {

// What `begin` and `end` enclose in the text.
std::string between(std::string_view text, std::string_view begin, std::string_view end) {
  const std::size_t at = text.find(begin);
  if (at == text.npos) return {};
  const std::string_view rest = text.substr(at + begin.size());
  return std::string(rest.substr(0, rest.find(end)));
}

TEST_CASE("every option of the help is completed, in every shell") {
  const Environment env;
  cmd::Invocations into;
  const std::vector<cmd::CommandSpec> commands = cmd::command_table(into);
  const std::string bash = cmd::bash_completion(commands);
  for (const char* command : {"run", "exec", "list"}) {
    const std::string part = between(bash, std::string("\n    ") + command + ")\n", "\n    esac");
    const std::string offered =
        " " + between(part.substr(part.find("        -*)")), "compgen -W '", "'") + " ";
    for (const std::string& line : lines_of(text_instead({command, "--help"}, 0))) {
      if (!line.starts_with("  -")) continue;
      const std::string names = line.substr(2, line.find_first_of(" [", 2) - 2);
      CAPTURE(line, offered);
      for (const std::string& name :
           {names.substr(0, names.find(',')), names.substr(names.find(',') + 1)})
        CHECK(contains(offered, " " + name + " "));
    }
  }
  const std::string zsh = cmd::zsh_completion(commands);
  const std::string fish = cmd::fish_completion(commands);
  for (const char* name : {"task-timeout", "keep-going", "shuffle", "null"}) {
    CHECK(contains(zsh, std::string("--") + name));
    CHECK(contains(fish, std::string(" -l ") + name));
  }
}

}  // namespace
}  // namespace errand::test
