// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "cmd/commands/commands.h"
#include "cmd/input/input.h"
#include "cmd/input/stream_source.h"
#include "cmd/print.h"

namespace errand::cmd {
namespace {

std::string count(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string ok_line(const std::string& file, std::size_t tasks, std::size_t groups) {
  return file + ": ok, " + count(tasks, "task") +
         (groups == 0 ? "" : " in " + count(groups, "group")) + "\n";
}

// Every line is looked at, so that all problems come out at once.
std::expected<std::string, InputError> check_stream(const TaskStream& stream) {
  TaskLineReader reader(stream.options);
  std::vector<std::string> lines;
  std::size_t tasks = 0;
  const auto check_line = [&](std::string_view line, std::uint32_t number) {
    if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return;
    const std::expected<Task, Problems> task = reader.read(line, number);
    if (task)
      ++tasks;
    else
      for (const Problem& problem : task.error())
        lines.push_back(format_problem(stream.name, problem));
  };
  if (Error error = for_each_line(stream, check_line))
    lines.push_back("errand: " + error.message());
  if (lines.empty() && tasks == 0) lines.push_back(stream.name + ": no tasks");
  if (!lines.empty()) return std::unexpected(InputError{std::move(lines)});
  return ok_line(stream.name, tasks, 0);
}

}  // namespace

std::expected<std::string, InputError> check_input(const Input& input) {
  if (const auto* stream = std::get_if<TaskStream>(&input)) return check_stream(*stream);
  const auto& found = std::get<FilePlan>(input);
  const auto all = found.plan.tasks().subspan(1);
  const auto groups =
      std::count_if(all.begin(), all.end(), [](const Task& task) { return task.is_group; });
  return ok_line(found.file, all.size() - static_cast<std::size_t>(groups),
                 static_cast<std::size_t>(groups));
}

int check(const CheckCommand& command) {
  const std::expected<Input, InputError> input = read_input(command.input, {});
  const auto line = input ? check_input(*input) : std::unexpected(input.error());
  if (input) print_errors(notes_of(*input));
  if (line) return print(*line);
  print_errors(line.error().lines);
  return kErrandFailed;
}

}  // namespace errand::cmd
