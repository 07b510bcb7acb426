// SPDX-License-Identifier: Apache-2.0
#include "errand/console/console.h"

#include <algorithm>
#include <array>
#include <utility>

#include "errand/base/escape_text.h"
#include "errand/events/task_text.h"

namespace errand {
namespace {

// Not red and not yellow: those mean failures and warnings.
constexpr std::array<std::string_view, 8> kLabelColors = {"36", "35", "34", "32",
                                                          "96", "95", "94", "92"};

}  // namespace

// ---- Console

Console::Console(Writer& out, Writer& err, SpillSpace& space, ConsoleOptions options)
    : out_(out),
      err_(err),
      awaited_{&out, &err},
      space_(space),
      room_(space, [this] { return out_.has_queued_block() || err_.has_queued_block(); }),
      options_(options) {}
Console::~Console() = default;

Capture Console::capture() const {
  if (options_.mode == OutputMode::raw) return Capture::inherit;
  // Nobody sees it in quiet mode; in one pipe the last lines for the summary have their order.
  if (options_.mode == OutputMode::quiet) return Capture::merged;
  return &out_ == &err_ || options_.one_log ? Capture::merged : Capture::separate;
}

void Console::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) begin(*started);
  if (const auto* ready = std::get_if<TaskReady>(&event.kind)) {
    if (is_stream_ && options_.mode == OutputMode::ordered) order_.add(ready->task->id);
  }
  if (const auto* attempt = std::get_if<AttemptStarted>(&event.kind)) {
    if (attempt->task->policy->interactive) leave_terminal();
  }
  if (const auto* attempt = std::get_if<AttemptEnded>(&event.kind)) {
    if (attempt->task->policy->interactive) take_terminal();
    if (order_.is_next(attempt->task->id)) release_lines();
  }
  if (const auto* ended = std::get_if<TaskEnded>(&event.kind)) end(*ended, event.time);
  if (const auto* notice = std::get_if<Notice>(&event.kind)) print(*notice);
}

void Console::leave_terminal() {
  for (Writer* const writer : {&out_, &err_}) {
    writer->begin_line();
    writer->hold();
  }
}

void Console::take_terminal() {
  for (Writer* const writer : {&out_, &err_}) writer->release();
}

void Console::begin(const RunStarted& started) {
  is_stream_ = !started.plan;
  if (is_stream_) return;
  if (options_.mode == OutputMode::ordered) order_.begin(*started.plan);
  if (options_.mode != OutputMode::live) return;
  for (const Task& task : started.plan->tasks()) {
    if (!task.is_group) widen_labels(task);
  }
}

// ---- blocks

void Console::end(const TaskEnded& ended, WallTime time) {
  EndedBlock block = ended_block(ended, time);
  // A group has no block, and its line is news of the run rather than of a place in the file.
  const TaskId id = ended.task->id;
  if (options_.mode != OutputMode::ordered || ended.task->is_group) {
    show(std::move(block));
  } else if (!order_.is_next(id)) {
    order_.keep(id, std::move(block));
  } else {
    show(std::move(block));
    order_.advance();
    next_turn();
  }
  room_.check();
}

EndedBlock Console::ended_block(const TaskEnded& ended, WallTime time) {
  EndedBlock shown;
  bool wrote = false;
  if (auto found = blocks_.extract(ended.task->id)) {
    const bool wanted = options_.mode != OutputMode::errors || ended.state != TaskState::succeeded;
    for (Block::Output& output : found.mapped()->attempts) {
      for (const StdStream stream : {StdStream::out, StdStream::err}) {
        Block::Part& part = output[stream];
        wrote = wrote || part.begun || !part.empty();
        if (wanted) part.finish_cut();
        if (wanted && !part.buffer.empty()) shown.parts.push_back({stream, std::move(part.buffer)});
      }
    }
  }
  const bool failed = is_failure(ended.state);
  std::string line = result_line(ended, wrote);
  if (options_.folds != CiSystem::none && !failed && !shown.parts.empty()) {
    const bool unreported = options_.verbosity == Verbosity::none;
    const Fold fold{
        ended.task->id,
        unreported ? escape_text(ended.task->full_name) : task_result_line(ended, false),
        time - std::chrono::duration_cast<WallTime::duration>(ended.duration), time};
    shown.before = fold_begin(options_.folds, fold);
    shown.after = fold_end(options_.folds, fold);
  } else if (options_.mode == OutputMode::ordered) {
    shown.after = std::move(line);  // what it wrote may have been shown before its end
  } else {
    shown.before = std::move(line);
  }
  return shown;
}

std::string Console::result_line(const TaskEnded& ended, bool wrote) {
  if (!needs_line(ended, wrote)) return {};
  // A failure early in a large run leaves thousands of them.
  const bool unstarted = ended.attempts == 0 && !ended.task->is_group &&
                         ended.state != TaskState::succeeded &&
                         options_.verbosity == Verbosity::normal;
  if (unstarted && ++unstarted_lines_ > kUnstartedLinesMax) {
    const bool first = unstarted_lines_ == kUnstartedLinesMax + 1;
    return first ? "more tasks never start; the summary counts them\n" : std::string();
  }
  return task_result_line(ended, options_.color_lines) + "\n";
}

bool Console::needs_line(const TaskEnded& ended, bool wrote) const {
  if (options_.verbosity == Verbosity::none || options_.mode == OutputMode::quiet) return false;
  if (options_.verbosity == Verbosity::verbose) return true;
  if (!ended.same_as.empty()) return true;  // it has not run, which is news
  // A group fails through its tasks, which have lines; its own timeout is news.
  if (ended.task->is_group) return ended.state == TaskState::timed_out;
  if (ended.excluded) return false;  // as the file says
  const bool in_blocks = options_.mode == OutputMode::group || options_.mode == OutputMode::ordered;
  return ended.state != TaskState::succeeded || ended.flaky || (in_blocks && wrote);
}

void Console::show(EndedBlock block) {
  // In a log with folds a title must stay with its block, whichever descriptor is read first.
  Writer& words = options_.folds == CiSystem::none ? err_ : out_;
  if (!block.before.empty()) {
    words.begin_line();
    words.write(block.before);
  }
  for (EndedBlock::Part& part : block.parts) {
    writer(part.stream).begin_line();
    writer(part.stream).write(std::move(part.buffer));
  }
  if (!block.after.empty()) {
    words.begin_line();
    words.write(block.after);
  }
  release_lines();
}

void Console::next_turn() {
  while (std::optional<EndedBlock> block = order_.take()) {
    show(std::move(*block));
    order_.advance();
  }
  const auto next = order_.next();
  const auto found = next ? blocks_.find(*next) : blocks_.end();
  if (found != blocks_.end()) stream(*found->second);
  room_.wake_all();
}

void Console::stream(Block& block) {
  if (options_.folds != CiSystem::none || block.is_live) return;
  block.streams = true;
  for (Block::Output& output : block.attempts) {
    for (const StdStream stream : {StdStream::out, StdStream::err}) {
      Block::Part& part = output[stream];
      if (part.buffer.empty()) continue;
      writer(stream).begin_line();
      writer(stream).write(std::exchange(part.buffer, SpillBuffer(space_)));
      part.begun = true;
    }
  }
}

void Console::stream(Block::Part& part, StdStream to, std::string_view bytes) {
  if (bytes.empty()) return;
  if (!part.begun) writer(to).begin_line();
  part.begun = true;
  const auto newline = bytes.find('\n');
  if (!held_lines_.empty() && &writer(to) == &err_ && newline != bytes.npos) {
    err_.write(bytes.substr(0, newline + 1));
    bytes.remove_prefix(newline + 1);
    release_lines();
  }
  writer(to).write(bytes);
}

void Console::release_lines() {
  if (held_lines_.empty()) return;
  err_.begin_line();
  err_.write(held_lines_);
  held_lines_.clear();
}

// ---- errand's own lines

void Console::print(const Notice& notice) {
  const bool warning = notice.level == Notice::Level::warning;
  const bool wanted = options_.verbosity != Verbosity::none && options_.mode != OutputMode::quiet;
  if (!warning && !wanted) return;
  const std::string who = notice.task ? escape_text(notice.task->full_name) : "errand";
  const std::string line =
      who + ": " + (warning ? "warning: " : "") + escape_text(notice.text) + "\n";
  // What concerns the whole run, such as a stop, does not wait for the end of a line.
  notice.task ? print_between_lines(line) : own_lines(line);
}

void Console::print_line(std::string_view text) {
  print_between_lines("errand: " + std::string(text) + "\n");
}

void Console::print_between_lines(std::string_view lines) {
  const auto next = order_.next();
  const auto streaming = next ? blocks_.find(*next) : blocks_.end();
  const bool tears = err_.mid_line() && streaming != blocks_.end() && streaming->second->streams;
  if (!tears) return own_lines(lines);
  held_lines_ += lines;
  if (held_lines_.size() > kHeldLinesBytesMax) release_lines();
}

void Console::own_lines(std::string_view text) {
  err_.begin_line();
  err_.write(text);
}

void Console::widen_labels(const Task& task) {
  const std::size_t columns = text_columns(escape_text(task.full_name));
  if (columns <= kLabelColumnsMax) label_columns_ = std::max(label_columns_, columns);
}

std::string Console::label(const Task& task) {
  widen_labels(task);
  const std::string name = escape_text(task.full_name);
  const std::size_t columns = text_columns(name);
  const std::string padding(label_columns_ - std::min(columns, label_columns_), ' ');
  if (!options_.color_labels) return name + padding + " | ";
  const std::string_view color = kLabelColors[task.id % kLabelColors.size()];
  return "\x1b[" + std::string(color) + "m" + name + padding + " |\x1b[0m ";
}

}  // namespace errand
