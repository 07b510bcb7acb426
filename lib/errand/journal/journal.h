// SPDX-License-Identifier: Apache-2.0
//
// Journal: what happened in a run, on disk while it goes on, for `errand report` and those who look
// for a failed task's output.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "errand/base/result.h"
#include "errand/concurrency/runtime.h"
#include "errand/events/event_lines.h"
#include "errand/events/events.h"
#include "errand/io/unique_fd.h"
#include "errand/journal/log_names.h"
#include "errand/journal/output_store.h"

namespace errand {

// Events are collected and written some times a second at most, so that they cost no system call
// each. A journal that cannot be written any more stops; the run does not.
class Journal final : public Observer {
 public:
  static constexpr Duration kWriteAfter = std::chrono::milliseconds(5);
  static constexpr std::size_t kBufferBytes = 1 << 16;
  // Beyond this only ends are noted, of a stream those of failures.
  static constexpr std::uint64_t kEventBytesMax = std::uint64_t{256} << 20;

  // RUNS/ID is made; `runtime` outlives it. The error says what could not be made.
  static Result<std::unique_ptr<Journal>> open(Runtime& runtime, const std::string& runs,
                                               const std::string& id,
                                               std::uint64_t event_bytes_max = kEventBytesMax);
  ~Journal() override;

  void on(const RunEvent& event) override;
  OutputStore& output() { return output_; }
  const std::string& folder() const { return folder_; }
  // Why it is not complete, as far as that is known; empty if it is.
  const Error& error() const { return error_ ? error_ : output_.error(); }
  // Where the output of a task that has failed is; empty: it wrote nothing, or is not kept.
  std::string log_of(const Task& task) const;
  // Everything is written when it returns, or why not. Then removes what is too old.
  Error finish();

 private:
  Journal(Runtime& runtime, std::string runs, std::string id, UniqueFd events,
          std::uint64_t event_bytes_max);
  bool wanted(const EventKind& kind) const;
  void note_limit(const RunEvent& event);
  void write();
  void write_log(const TaskEnded& ended);

  std::string runs_, id_, folder_;
  UniqueFd events_;
  std::uint64_t event_bytes_max_;
  EventLines lines_;
  std::string buffer_;
  std::uint64_t bytes_ = 0;
  bool limited_ = false, is_stream_ = false;
  Error error_;
  OutputStore output_;
  Timer timer_;
  LogNames log_names_;
  std::pair<TaskId, std::string> last_log_;
};

}  // namespace errand
