// SPDX-License-Identifier: Apache-2.0
//
// Tests of errand's command line, and of what it reads, without a process of errand's.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/cli/options.h"
#include "cmd/input/input.h"
#include "support/catch.h"
#include "support/folder.h"
#include "support/surroundings.h"

namespace errand::test {

using Words = std::vector<std::string>;

// Reads the words that follow "errand".
cmd::Invocation read_words_of_line(Words words);

// Returns the command that the words give; the test fails if errand refuses them.
template <class Command>
Command command_of(Words words) {
  cmd::Invocation read = read_words_of_line(std::move(words));
  if (const auto* exit = std::get_if<cmd::ImmediateExit>(&read)) FAIL(exit->text);
  REQUIRE(std::holds_alternative<Command>(read));
  return std::get<Command>(std::move(read));
}

// Returns what errand prints instead of a command, and checks that its exit status is this one.
std::string text_instead(Words words, int exit_status);

// Returns the first line of what errand prints about words that it refuses with 125.
std::string refusal_of(Words words);

// A fresh folder that is the current one, an empty environment and nothing on standard input.
class CmdTest : public Folder {
 public:
  CmdTest() : folder_(path()) { env.set("HOME", path()); }

  // Makes a folder below the test's own the current one; "" is the test's own.
  void enter(std::string_view name) { folder_.enter(*this / name); }

  // Reads the file or stream that the words of run, check, list or graph name.
  std::expected<cmd::Input, cmd::InputError> read(const Words& words);
  // Reads it with this text on standard input.
  std::expected<cmd::Input, cmd::InputError> read_piped(const Words& words, std::string_view text);
  // Returns the file with the options of run applied; the test fails unless it is a right one.
  cmd::FilePlan file_of(const Words& words);
  Plan plan_of(const Words& words) { return file_of(words).plan; }
  // Writes errand.yaml and reads it.
  Plan plan_of_yaml(std::string_view yaml, Words words = {"run"});
  // Returns the lines about input that must be refused.
  Words problems_of(const Words& words);

  Environment env;

 private:
  WorkingFolder folder_;
  StandardInput nothing_;
};

// Returns the task with this full name; the test fails if there is none.
const Task& task_of(const Plan& plan, std::string_view full_name);
// Return the script of each task, or its words with blanks between. A stream is read to its end.
Words commands_of(const Plan& plan);
Words commands_of(const cmd::TaskStream& stream);
Words commands_of(const cmd::Input& input);
// Returns the full names of all tasks that are no groups.
Words names_of(const Plan& plan);

}  // namespace errand::test
