// SPDX-License-Identifier: Apache-2.0
//
// StatusLine and Heartbeat: a run's progress, on a terminal and in a log.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "errand/concurrency/runtime.h"
#include "errand/console/run_progress.h"
#include "errand/io/writer.h"

namespace errand {

// Keeps the last line of a terminal up to date: at most every kRedrawAfter, and each second while
// something runs. Gone when RunEnded has been told. Outlived by the Writer.
class StatusLine final : public Observer {
 public:
  static constexpr Duration kRedrawAfter = std::chrono::milliseconds(100);
  static constexpr Duration kTick = std::chrono::seconds(1);
  static constexpr std::size_t kColumnsMin = 10;  // in a narrower window there is none

  // `columns` says how wide the terminal is at the moment; 0: draw nothing, it is somebody else's.
  StatusLine(Runtime& runtime, Writer& terminal, std::function<std::size_t()> columns);
  ~StatusLine() override;
  void on(const RunEvent& event) override;
  // The window has changed.
  void redraw();
  // Takes it away at once; the next event or second brings it back.
  void hide() { terminal_.hide_status(); }

 private:
  void schedule();
  void draw();

  Runtime& runtime_;
  Writer& terminal_;
  const std::function<std::size_t()> columns_;
  RunProgress progress_;
  TimePoint started_{}, drawn_{}, due_{};
  Timer timer_;
};

// Says each kEvery that the run goes on, and what it waits for.
class Heartbeat final : public Observer {
 public:
  static constexpr Duration kEvery = std::chrono::seconds(60);

  // `notify` takes a text of one line.
  Heartbeat(Runtime& runtime, std::function<void(std::string)> notify);
  void on(const RunEvent& event) override;

 private:
  Runtime& runtime_;
  const std::function<void(std::string)> notify_;
  RunProgress progress_;
  TimePoint started_{}, next_{};
  Timer timer_;
};

}  // namespace errand
