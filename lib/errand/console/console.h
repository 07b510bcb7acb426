// SPDX-License-Identifier: Apache-2.0
//
// Console: what tasks write, as the user sees it, and errand's one line for each task.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "errand/console/block.h"
#include "errand/console/ci.h"
#include "errand/console/file_order.h"
#include "errand/console/room_queue.h"
#include "errand/events/events.h"
#include "errand/events/output.h"
#include "errand/io/spill.h"
#include "errand/io/writer.h"

namespace errand {

enum class OutputMode : std::uint8_t {
  live,     // whole lines as they come, each with its task's label
  group,    // a block for each task when it ends
  ordered,  // blocks in file order; the first one that has not ended is shown as it comes
  errors,   // only the blocks of tasks that did not succeed
  quiet,    // no task's output and no line for a task
  raw,  // tasks write to errand's own descriptors; what the runner must see goes there as it comes
};

// errand's own lines, beside the summary.
enum class Verbosity : std::uint8_t {
  normal,   // for tasks that wrote something or did not succeed
  verbose,  // for every task and group
  none,     // none but warnings (-q)
};

struct ConsoleOptions {
  OutputMode mode = OutputMode::group;
  Verbosity verbosity = Verbosity::normal;
  bool color_labels = false;  // on task output in live mode: standard output's decision
  bool color_lines = false;   // of errand's own lines: standard error's decision
  // Blocks of tasks that did not fail are folded, for this system's log. A fold stands on standard
  // output with the block's title and all that is in it, and blocks are always whole: only at its
  // end a task is known not to have failed.
  CiSystem folds = CiSystem::none;
  bool one_log = false;  // both descriptors end up in one place: keep the order of arrival
};

// Both an OutputTarget, for the runner to open sinks on, and an Observer. Nothing is lost to a slow
// reader: sinks say behind() when a Writer is. The Writers' own failures are theirs to tell.
class Console final : public OutputTarget, public Observer {
 public:
  // Tasks that never started and get a line of their own; the summary counts the rest.
  static constexpr std::size_t kUnstartedLinesMax = 10;
  static constexpr std::size_t kLabelColumnsMax = 32;  // wider names are not padded to
  // Of lines that wait for the end of a line of a task, so that they do not tear it.
  static constexpr std::size_t kHeldLinesBytesMax = 1 << 16;

  // `out` and `err` are the same Writer where both are the same file. Everything outlives the
  // Console.
  Console(Writer& out, Writer& err, SpillSpace& space, ConsoleOptions options);
  ~Console() override;

  // Tasks wait for the reader of `writer` too, for example that of a report; it outlives the
  // Console.
  void wait_for(Writer& writer) { awaited_.push_back(&writer); }

  // A line about the run as a whole, "errand: TEXT", that can wait until it tears nobody's line.
  void print_line(std::string_view text);

  Capture capture() const override;
  std::unique_ptr<OutputSink> open(const Task& task, int attempt) override;
  std::unique_ptr<HeldSink> hold(const Task& task, int attempt) override;
  void on(const RunEvent& event) override;

 private:
  class Sink;
  class LiveSink;
  class BlockRoom;
  class BlockSink;
  class NullSink;
  class RawSink;
  class HeldBlockSink;

  void begin(const RunStarted& started);
  // An interactive task has the terminal for itself: what others write waits.
  void leave_terminal();
  void take_terminal();
  void end(const TaskEnded& ended, WallTime time);
  EndedBlock ended_block(const TaskEnded& ended, WallTime time);
  std::string result_line(const TaskEnded& ended, bool wrote);
  bool needs_line(const TaskEnded& ended, bool wrote) const;
  // Blocks that are shown as they come, and those whose turn comes then.
  void next_turn();
  void stream(Block& block);
  void stream(Block::Part& part, StdStream to, std::string_view bytes);
  void release_lines();
  void show(EndedBlock block);
  void print(const Notice& notice);
  void print_between_lines(std::string_view lines);
  // One or more whole lines of errand's.
  void own_lines(std::string_view text);
  void widen_labels(const Task& task);
  std::string label(const Task& task);
  Writer& writer(StdStream stream) { return stream == StdStream::out ? out_ : err_; }

  Writer& out_;
  Writer& err_;
  std::vector<Writer*> awaited_;
  SpillSpace& space_;
  RoomQueue room_;
  const ConsoleOptions options_;
  std::string lines_;  // lines on their way to a Writer; its memory is used again
  std::size_t label_columns_ = 0;
  std::size_t unstarted_lines_ = 0;
  std::unordered_map<TaskId, std::shared_ptr<Block>> blocks_;  // of tasks that have not ended
  FileOrder order_;
  bool is_stream_ = false;  // the order is that of arrival
  std::string held_lines_;  // until a task's line ends
};

}  // namespace errand
