// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/input/input.h"
#include "cmd/input/records.h"
#include "errand/run/runner.h"

namespace errand::cmd {

// Tasks as lines of JSON, read as they arrive. Memory: one line and one buffer.
class StreamSource final : public TaskSource {
 public:
  // `note`, unless it is empty, is called with what is worth a look about the lines.
  StreamSource(Runtime& runtime, TaskStream stream, Overrides overrides,
               std::function<void(std::string)> note = {});
  awaitable<Result<std::optional<Task>>> next(Context context) override;

 private:
  Result<std::optional<Task>> read_task(const std::string& line);

  Overrides overrides_;
  std::shared_ptr<const Masker> masker_;
  std::function<void(std::string)> note_;
  bool has_noted_short_ = false;
  TaskLineReader reader_;
  Records records_;
  TaskId tasks_ = 0;
};

// Those of another source that --only and --skip leave.
class SelectedSource final : public TaskSource {
 public:
  SelectedSource(std::unique_ptr<TaskSource> all, std::vector<std::string> only,
                 std::vector<std::string> skip)
      : all_(std::move(all)), only_(std::move(only)), skip_(std::move(skip)) {}
  awaitable<Result<std::optional<Task>>> next(Context context) override;
  std::size_t left_out() const override { return left_out_; }
  Error empty_error() const override { return all_->empty_error(); }

 private:
  std::unique_ptr<TaskSource> all_;
  std::vector<std::string> only_, skip_;
  std::size_t left_out_ = 0;
};

// Those of another source, marked where an earlier run has settled them.
class ResumedSource final : public TaskSource {
 public:
  ResumedSource(std::unique_ptr<TaskSource> all, RemainingTasks remaining)
      : all_(std::move(all)), remaining_(std::move(remaining)) {}
  awaitable<Result<std::optional<Task>>> next(Context context) override;
  std::size_t left_out() const override { return all_->left_out(); }
  Error empty_error() const override { return all_->empty_error(); }

 private:
  std::unique_ptr<TaskSource> all_;
  RemainingTasks remaining_;
};

// What --only and --skip leave of `all`, marked where a run that is gone on with has settled it.
std::unique_ptr<TaskSource> filtered_source(std::unique_ptr<TaskSource> all,
                                            const InputOptions& options,
                                            std::optional<RemainingTasks> remaining);

}  // namespace errand::cmd
