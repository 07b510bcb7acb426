// SPDX-License-Identifier: Apache-2.0
//
// Summary: the last thing on the screen: what happened, how often, and what to do about it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "errand/events/events.h"
#include "errand/events/root_failures.h"
#include "errand/io/writer.h"
#include "errand/report/failure_list.h"

namespace errand {

enum class SummaryDetail : std::uint8_t {
  full,
  error_only,  // only the run's error and the failed tasks (-q)
};

struct SummaryOptions {
  SummaryDetail detail = SummaryDetail::full;
  bool color = false;
  // The folder in which the reader will paste the commands that run tasks again.
  std::string folder;
  // Returns the command that runs a task again that is in no file, or an empty text.
  std::function<std::string(const Task&)> rerun;
  // Returns the path of the output of a task whose end is being reported, or an empty text.
  std::function<std::string(const Task&)> log;
  // Returns the folder of the run's journal; empty if there is none. Then the run cannot be
  // resumed.
  std::function<std::string()> journal;
  // Returns the id that --resume and --failed have to name; not set: none, it is the last run.
  std::function<std::string()> resume_id;
  // Returns how wide the screen is; not set: kUsualColumns.
  std::function<std::size_t()> columns;
};

// The last thing that a run prints. It must get each event after the Console, and prints at
// RunEnded; the very last lines are the failed tasks. Memory is bounded however many tasks fail.
class Summary final : public Observer {
 public:
  static constexpr std::size_t kUsualColumns = 80;
  static constexpr std::size_t kNamesMax = 5;          // flaky and slow tasks that are named
  static constexpr std::size_t kLinesForEach = 20;     // failed tasks with a line of their own
  static constexpr std::size_t kFirstLinesMax = 10;    // last lines of the first failure
  static constexpr std::size_t kOtherLinesMax = 4;     // and of each other one
  static constexpr std::size_t kCausesMax = 3;         // told for canceled and skipped tasks each
  static constexpr std::size_t kCommandColumns = 100;  // longer commands are shortened
  static constexpr std::size_t kLineColumns = 300;     // and longer last lines

  Summary(Writer& err, SummaryOptions options) : err_(err), options_(std::move(options)) {}
  void on(const RunEvent& event) override;

 private:
  // Tasks with one text: the cause of canceled and skipped ones, the end of allowed failures.
  struct Causes {
    std::map<std::string, std::size_t> counts;  // at most kCausesMax
    std::size_t others = 0;
    void add(std::string text);
  };

  // Tasks of which something is to be told beside their state, by name.
  struct Noted {
    std::vector<std::string> texts;  // the first kNamesMax: "b (attempt 2)"
    std::size_t count = 0;
    void add(const Task& task, const std::string& what);
  };

  void count(const TaskEnded& ended);
  void record(const AttemptEnded& attempt);
  void record(const Notice& notice);
  void add_failure(const TaskEnded& ended);
  void add_details(FailedTask& task, const TaskEnded& ended) const;
  void drop(const FailureList& lost);
  void print(const RunEnded& ended);
  std::string counts_text(const RunEnded& ended) const;
  void print_causes(std::string_view state, const Causes& causes);
  void print_noted(std::string_view what, const Noted& noted);
  void print_warnings();
  void print_failures();
  void print_failure(const FailureList::Distinct& failures, std::size_t lines_max, bool mark_first);
  void print_same(const FailureList::Distinct& failures);
  void print_continue(const RunEnded& ended);
  void print_error(const RunEnded& ended);
  void print_failed_tasks();
  void line(std::string_view text);

  Writer& err_;
  const SummaryOptions options_;
  Mode mode_ = Mode::errgroup;
  Origin origin_;
  // Tasks, without groups, by state.
  std::array<std::size_t, 5> states_{}, allowed_{};
  std::size_t tasks_ = 0;
  std::size_t lost_ = 0;  // of them: failed, but the group around them succeeded
  std::size_t never_started_ = 0;
  std::uint64_t failures_seen_ = 0;
  RootFailures<FailureList> open_;  // while the run lasts
  FailureList failures_;            // of the run, once it has ended
  bool is_stream_ = false;
  Causes canceled_, skipped_, warnings_, leaks_;
  Noted flaky_, slow_;
};

}  // namespace errand
