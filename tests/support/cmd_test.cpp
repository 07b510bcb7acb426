// SPDX-License-Identifier: Apache-2.0
#include "support/cmd_test.h"

#include <cstdint>

#include "cmd/input/exec_tasks.h"
#include "errand/plan/edit/overrides.h"
#include "errand/taskfile/read.h"

namespace errand::test {
namespace {

struct Request {
  cmd::InputOptions input;
  Words shell;
  Overrides overrides;
};

Request request_of(const Words& words) {
  cmd::Invocation read = read_words_of_line(words);
  if (auto* run = std::get_if<cmd::RunCommand>(&read)) {
    run->overrides.env = run->input.env;
    return {run->input, run->shell, run->overrides};
  }
  if (auto* check = std::get_if<cmd::CheckCommand>(&read)) return {check->input, {}, {}};
  if (auto* list = std::get_if<cmd::ListCommand>(&read)) return {list->input, {}, {}};
  if (auto* graph = std::get_if<cmd::GraphCommand>(&read)) return {graph->input, {}, {}};
  if (const auto* exit = std::get_if<cmd::ImmediateExit>(&read)) FAIL(exit->text);
  FAIL("no command that reads a file");
  return {};
}

std::string text_of(const Task& task) {
  if (const auto* script = std::get_if<Script>(&task.run)) return script->text;
  std::string text;
  if (const auto* argv = std::get_if<Argv>(&task.run)) {
    for (const std::string& word : *argv) text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

}  // namespace

cmd::Invocation read_words_of_line(Words words) {
  words.insert(words.begin(), "errand");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return cmd::read_command_line(static_cast<int>(words.size()), argv.data());
}

std::string text_instead(Words words, int exit_status) {
  CAPTURE(words);
  const cmd::Invocation read = read_words_of_line(std::move(words));
  const auto* exit = std::get_if<cmd::ImmediateExit>(&read);
  REQUIRE(exit);
  CHECK(exit->exit_status == exit_status);
  return exit->text;
}

std::string refusal_of(Words words) {
  const std::string text = text_instead(std::move(words), 125);
  return text.substr(0, text.find('\n'));
}

// ---- CmdTest

std::expected<cmd::Input, cmd::InputError> CmdTest::read(const Words& words) {
  const Request request = request_of(words);
  return cmd::read_input(request.input, request.shell);
}

std::expected<cmd::Input, cmd::InputError> CmdTest::read_piped(const Words& words,
                                                               std::string_view text) {
  const StandardInput in(text);
  return read(words);
}

cmd::FilePlan CmdTest::file_of(const Words& words) {
  CAPTURE(words);
  std::expected<cmd::Input, cmd::InputError> input = read(words);
  if (!input) FAIL(input.error().lines.front());
  auto* file = std::get_if<cmd::FilePlan>(&*input);
  REQUIRE(file);
  file->plan = apply(request_of(words).overrides, std::move(file->plan));
  return std::move(*file);
}

Plan CmdTest::plan_of_yaml(std::string_view yaml, Words words) {
  write("errand.yaml", yaml);
  return plan_of(words);
}

Words CmdTest::problems_of(const Words& words) {
  CAPTURE(words);
  const std::expected<cmd::Input, cmd::InputError> input = read(words);
  REQUIRE_FALSE(input);
  return input.error().lines;
}

// ---- plans

const Task& task_of(const Plan& plan, std::string_view full_name) {
  for (const Task& task : plan.tasks()) {
    if (task.full_name == full_name && task.id != 0) return task;
  }
  FAIL("no task " << full_name);
  return plan.root();
}

Words commands_of(const Plan& plan) {
  Words commands;
  for (const Task& task : plan.tasks()) {
    if (!task.is_group) commands.push_back(text_of(task));
  }
  return commands;
}

Words commands_of(const cmd::TaskStream& stream) {
  TaskLineReader reader(stream.options);
  Words commands;
  const auto read = [&](std::string_view line, std::uint32_t number) {
    if (line.empty()) return;
    const std::expected<Task, Problems> task = reader.read(line, number);
    commands.push_back(task ? text_of(*task) : format_problem(stream.name, task.error().front()));
  };
  CHECK_FALSE(cmd::for_each_line(stream, read));
  return commands;
}

Words commands_of(const cmd::Input& input) {
  if (const auto* file = std::get_if<cmd::FilePlan>(&input)) return commands_of(file->plan);
  const auto* stream = std::get_if<cmd::TaskStream>(&input);
  REQUIRE(stream);
  return commands_of(*stream);
}

Words names_of(const Plan& plan) {
  Words names;
  for (const Task& task : plan.tasks()) {
    if (!task.is_group) names.push_back(task.full_name);
  }
  return names;
}

}  // namespace errand::test
