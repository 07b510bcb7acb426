// SPDX-License-Identifier: Apache-2.0
#include "cmd/input/stream_source.h"

#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "errand/events/failure.h"

namespace errand::cmd {

StreamSource::StreamSource(Runtime& runtime, TaskStream stream, Overrides overrides,
                           std::function<void(std::string)> note)
    : overrides_(std::move(overrides)),
      masker_(stream.options.masker),
      note_(std::move(note)),
      reader_(stream.options),
      records_(runtime, std::move(stream.name), std::move(stream.file), std::move(stream.begin),
               '\n') {}

awaitable<Result<std::optional<Task>>> StreamSource::next(Context context) {
  std::string line;
  for (;;) {
    if (context.done()) co_return std::unexpected(context.done_error());
    if (records_.take(line)) {
      if (line.ends_with('\r')) line.pop_back();
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      co_return read_task(line);
    }
    if (records_.at_end()) co_return std::nullopt;
    Error error = co_await records_.read_more(context);
    if (error) co_return std::unexpected(std::move(error));
  }
}

Result<std::optional<Task>> StreamSource::read_task(const std::string& line) {
  std::expected<Task, Problems> task = reader_.read(line, records_.number());
  if (!task) {
    std::string text;
    for (const Problem& problem : task.error()) {
      text += (text.empty() ? "" : "; ") + format_problem(records_.name(), problem);
    }
    return std::unexpected(Error::make(InputFailure{std::move(text)}));
  }
  if (note_ && masker_->has_short() && !std::exchange(has_noted_short_, true)) {
    note_(std::string(kShortSecretNote));
  }
  task->id = ++tasks_;
  task->number = tasks_;
  if (task->name.empty()) task->name = std::to_string(records_.number());
  task->full_name = task->name;
  apply(overrides_, *task);
  return std::move(*task);
}

awaitable<Result<std::optional<Task>>> SelectedSource::next(Context context) {
  constexpr int kAtOnce = 100;  // then timers and signals have their turn
  for (;;) {
    Result<std::optional<Task>> task = co_await all_->next(context);
    const bool ends = !task || !*task;
    if (ends || is_selected((*task)->full_name, only_, skip_)) co_return task;
    if (++left_out_ % kAtOnce == 0) {
      co_await asio::post(context.runtime().executor(), asio::use_awaitable);
    }
  }
}

awaitable<Result<std::optional<Task>>> ResumedSource::next(Context context) {
  Result<std::optional<Task>> task = co_await all_->next(context);
  if (task && *task) (*task)->earlier_result = remaining_.earlier_result(**task);
  co_return task;
}

std::unique_ptr<TaskSource> filtered_source(std::unique_ptr<TaskSource> all,
                                            const InputOptions& options,
                                            std::optional<RemainingTasks> remaining) {
  if (!options.only.empty() || !options.skip.empty())
    all = std::make_unique<SelectedSource>(std::move(all), options.only, options.skip);
  if (remaining) all = std::make_unique<ResumedSource>(std::move(all), std::move(*remaining));
  return all;
}

}  // namespace errand::cmd
