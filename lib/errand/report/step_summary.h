// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "errand/run/events.h"

namespace errand {

// A Markdown table of the run, for GitHub's page of it: failures first, then the rest in the order
// of their ends. Memory is bounded: what cannot fit is only counted.
class StepSummary final : public Observer {
 public:
  // GitHub takes 1 MiB for all that a step writes, and refuses all of it when there is more.
  static constexpr std::size_t kBytesMax = 1'000'000;

  void on(const RunEvent& event) override;
  // At most `bytes_max` bytes; empty where nothing sensible fits.
  std::string text(std::size_t bytes_max) const;

 private:
  struct Rows {
    std::string text;
    std::size_t count = 0;  // also of those that are not in the text
  };
  void add(const TaskEnded& ended);
  std::string heading() const;

  std::string name_;
  RunEnded ended_;
  std::array<std::size_t, 5> states_{};
  Rows failed_, warned_, others_;
};

}  // namespace errand
