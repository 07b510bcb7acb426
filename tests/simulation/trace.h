// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "errand/base/time.h"
#include "simulation/campaign.h"

namespace errand::simulation {

// What happened, in order, and the first thing that should not have.
class Trace {
 public:
  explicit Trace(Tracing tracing) : tracing_(tracing) {}

  void add(TimePoint at, std::string_view what, std::string_view whom) {
    mix(static_cast<std::uint64_t>(at.time_since_epoch().count()));
    mix(what);
    mix(whom);
    if (tracing_ == Tracing::hash) return;
    verdict_.trace += "  " + format_duration(at.time_since_epoch()) + " ";
    verdict_.trace.append(what).append(" ").append(whom) += "\n";
  }
  // `whom` may be anything that gives a text; nothing is built while all is well.
  void expect(bool holds, std::string_view what, std::string_view whom) {
    if (holds || !verdict_.failure.empty()) return;
    verdict_.failure.append(what).append(" (").append(whom).append(")");
    if (tracing_ == Tracing::text) verdict_.trace += "  FAILED: " + verdict_.failure + "\n";
  }
  bool failed() const { return !verdict_.failure.empty(); }
  const SimulationResult& verdict() const { return verdict_; }

 private:
  void mix(std::uint64_t number) {
    verdict_.trace_hash = (verdict_.trace_hash ^ number) * 0x9E3779B97F4A7C15U;
    verdict_.trace_hash ^= verdict_.trace_hash >> 29;
  }
  void mix(std::string_view text) { mix(std::hash<std::string_view>()(text)); }

  Tracing tracing_;
  SimulationResult verdict_;
};

}  // namespace errand::simulation
