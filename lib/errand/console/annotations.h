// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "errand/console/ci.h"
#include "errand/events/root_failures.h"
#include "errand/io/writer.h"

namespace errand {

// Failures on the page of a CI system's run: errors, and warnings for allowed ones. Written when
// the run ends.
class Annotations final : public Observer {
 public:
  static constexpr std::size_t kEachMax = 9;   // more are counted in the tenth; GitHub shows ten
  static constexpr std::size_t kLinesMax = 4;  // of a failed task's last lines

  // `log` is what the system reads; it outlives this.
  Annotations(Writer& log, CiSystem system) : log_(log), system_(system) {}
  void on(const RunEvent& event) override;

 private:
  struct Kind {
    std::vector<Annotation> first;  // at most kEachMax
    std::size_t others = 0;
    bool empty() const { return first.empty(); }
    void add(Annotation annotation);
    void merge(Kind later);
  };
  void add(const TaskEnded& ended);
  void end(const RunEnded& ended);
  void print(const Kind& kind, Severity severity, const char* what);

  Writer& log_;
  const CiSystem system_;
  RootFailures<Kind> open_;
  Kind warnings_;
};

}  // namespace errand
