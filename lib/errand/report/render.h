// SPDX-License-Identifier: Apache-2.0
//
// Reports that are written when the run has ended, or any time later from its events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "errand/report/run_record.h"

namespace errand {

enum class ReportKind : std::uint8_t { json, junit, html, markdown, trace, events };

using TextSink = std::function<void(std::string_view)>;
// Reads what is kept of an attempt's output; empty where nobody kept it.
using OutputReader = std::function<std::string(const OutputPiece&)>;

// The report as text, given to `to` piece by piece. The same record gives the same bytes. Not for
// `events`, which are written as they happen.
void render(ReportKind kind, const RunRecord& run, const OutputReader& output, const TextSink& to);

// A text on its way to a sink, which gets it in large pieces.
class ReportText {
 public:
  static constexpr std::size_t kPieceBytes = 1 << 16;

  explicit ReportText(const TextSink& to) : to_(to) {}
  ~ReportText() { flush(); }
  ReportText(const ReportText&) = delete;
  ReportText& operator=(const ReportText&) = delete;

  std::string& text() { return text_; }
  ReportText& operator<<(std::string_view more) {
    text_ += more;
    if (text_.size() >= kPieceBytes) flush();
    return *this;
  }
  void flush() {
    if (!text_.empty()) to_(text_);
    text_.clear();
  }

 private:
  const TextSink& to_;
  std::string text_;
};

// GitHub takes 1 MiB for all that a step writes into its summary, and refuses all of it when there
// is more.
inline constexpr std::size_t kMarkdownBytesMax = 1'000'000;

// What each kind is.
void render_json(const RunRecord& run, const TextSink& to);
void render_junit(const RunRecord& run, const TextSink& to);
// At most `bytes_max` bytes; nothing where not even the heading fits.
void render_markdown(const RunRecord& run, const TextSink& to,
                     std::size_t bytes_max = kMarkdownBytesMax);
void render_trace(const RunRecord& run, const TextSink& to);
void render_html(const RunRecord& run, const OutputReader& output, const TextSink& to);

// Returns true if it failed, but the group around it has succeeded all the same, as with the losers
// of a race.
bool is_lost(const TaskRecord& task, const RunRecord& run);
// "attempt 1: exit 3" for a task that succeeded after that; empty for any other.
std::string flaky_reason(const TaskRecord& task);
// "succeeded", or "unfinished" where there is no end.
std::string_view state_name(bool ended, TaskState state);
// Why a task did not succeed, for people.
std::string_view cause_of(const TaskRecord& task);
inline constexpr std::string_view kUnfinishedText =
    "there is no end: errand was killed, or still runs";
// Is it a failure that somebody has to look at? Not where it was allowed, or where the group around
// it has succeeded all the same.
bool counts_as_failure(const TaskRecord& task, const RunRecord& run);

}  // namespace errand
