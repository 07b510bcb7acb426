// SPDX-License-Identifier: Apache-2.0
//
// Summary: the last thing on the screen. What happened, how often, and what to do about it.
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

namespace errand {

enum class SummaryDetail : std::uint8_t {
  full,
  error_only,  // only the run's error (-q)
};

struct SummaryOptions {
  SummaryDetail detail = SummaryDetail::full;
  bool color = false;
  // The folder of whoever reads how to run tasks of a file again.
  std::string folder;
  // The command that runs a task again that is in no file. Neither set nor a text: no such line.
  std::function<std::string(const Task&)> rerun;
  // Where the output of a task is whose end is being told. As above.
  std::function<std::string(const Task&)> log;
};

// Tell it of events after the Console, so that it comes last. Prints at RunEnded. Memory is bounded
// however many tasks fail: equal failures are folded as they come.
class Summary final : public Observer {
 public:
  static constexpr std::size_t kDistinctMax = 20;      // failures told in detail
  static constexpr std::size_t kNamesMax = 5;          // tasks named for folded failures
  static constexpr std::size_t kFirstLinesMax = 10;    // last lines of the first failure
  static constexpr std::size_t kOtherLinesMax = 4;     // and of each other one
  static constexpr std::size_t kCausesMax = 3;         // told for canceled and skipped tasks each
  static constexpr std::size_t kCommandColumns = 100;  // longer commands are shortened
  static constexpr std::size_t kLineColumns = 300;     // and longer last lines
  static constexpr std::size_t kRerunNamesMax = 50;    // for more there is no command
  static constexpr std::size_t kErrorsInTextMax = 3;   // more are a count in the last line

  Summary(Writer& err, SummaryOptions options) : err_(err), options_(std::move(options)) {}
  void on(const RunEvent& event) override;

 private:
  // Equal failures.
  struct Failures {
    std::string key, heading, command, last_lines, rerun, log;
    std::vector<std::string> names;  // the first kNamesMax
    std::size_t count = 0;
    bool first = false;
  };
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
  Failures describe(const TaskEnded& ended) const;
  void print(const RunEnded& ended);
  std::string counts_text(const RunEnded& ended) const;
  void print_causes(std::string_view state, const Causes& causes);
  void print_noted(std::string_view what, const Noted& noted);
  void print_warnings();
  void print_failures();
  void print_failure(const Failures& failures, std::size_t lines_max, bool mark_first);
  void print_error(const RunEnded& ended);
  void line(std::string_view text);

  Writer& err_;
  const SummaryOptions options_;
  Mode mode_ = Mode::errgroup;
  Origin origin_;
  // Tasks, without groups, by state.
  std::array<std::size_t, 5> states_{}, allowed_{};
  std::size_t tasks_ = 0;
  std::vector<Failures> failures_;  // in time, the first failure first
  std::size_t failures_count_ = 0;  // all of them
  std::size_t other_failures_ = 0;  // not in failures_
  RootCauseFilter root_cause_filter_;
  std::vector<std::string> failed_names_;  // up to one more than kRerunNamesMax
  bool failed_masked_name_ = false;        // one of them was changed because of a secret in it
  Causes canceled_, skipped_, warnings_, leaks_;
  Noted flaky_, slow_;
};

}  // namespace errand
