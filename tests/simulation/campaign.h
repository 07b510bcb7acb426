// SPDX-License-Identifier: Apache-2.0
//
// Many runs of one simulation, a seed for each. A failing seed is shrunk and says how it is
// replayed.
#pragma once

#include <rapidcheck/Gen.h>
#include <rapidcheck/Random.h>
#include <rapidcheck/Shrinkable.h>

#include <cstdint>
#include <functional>
#include <string>

#include "support/catch.h"

namespace errand::simulation {

// What one run came to.
struct SimulationResult {
  std::string failure;  // the first invariant that did not hold; empty: all did
  std::uint64_t trace_hash = 0;
  std::string trace;  // a line for each event, where it was asked for
};

enum class Tracing : bool { hash, text };

template <class Spec>
struct Simulation {
  std::string name;
  rc::Gen<Spec> generate;
  std::function<SimulationResult(const Spec&, Tracing)> run;
  std::function<std::string(const Spec&)> describe;
};

struct CampaignOptions {
  std::uint64_t from = 1;
  std::uint64_t seeds = 1;
  bool tell = false;  // print each schedule and its trace
};
// From ERRAND_SIMULATION_FROM, _SEEDS and _TELL. By default 20,000 seeds from 1, fewer under
// sanitizers.
CampaignOptions campaign_options();

std::string replay_command(std::uint64_t seed);

// Runs it twice: the second trace must be the first.
template <class Spec>
std::string failure_of(const Simulation<Spec>& simulation, const Spec& spec) {
  const SimulationResult first = simulation.run(spec, Tracing::hash);
  if (!first.failure.empty()) return first.failure;
  const SimulationResult second = simulation.run(spec, Tracing::hash);
  if (!second.failure.empty()) return "only in the second run: " + second.failure;
  return first.trace_hash == second.trace_hash ? "" : "the same schedule gave two traces";
}

template <class Spec>
std::string tell(const Simulation<Spec>& simulation, const Spec& spec) {
  const SimulationResult verdict = simulation.run(spec, Tracing::text);
  return simulation.describe(spec) + "\ntrace:\n" + verdict.trace;
}

// A failure without the name of whom it befell.
inline std::string kind_of(const std::string& failure) {
  return failure.substr(0, failure.rfind(" ("));
}

// Greedily: the first smaller one that fails in the same way, and again from there.
template <class Spec>
rc::Shrinkable<Spec> shrunk(const Simulation<Spec>& simulation, rc::Shrinkable<Spec> failing) {
  const std::string kind = kind_of(failure_of(simulation, failing.value()));
  int attempts_left = 5000;
  for (bool smaller = true; smaller;) {
    smaller = false;
    rc::Seq<rc::Shrinkable<Spec>> candidates = failing.shrinks();
    while (auto candidate = candidates.next()) {
      if (attempts_left-- == 0) return failing;
      if (kind_of(failure_of(simulation, candidate->value())) != kind) continue;
      failing = *candidate;
      smaller = true;
      break;
    }
  }
  return failing;
}

template <class Spec>
void report_failure(const Simulation<Spec>& simulation, std::uint64_t seed,
                    const std::string& failure) {
  const auto smallest = shrunk(simulation, simulation.generate(rc::Random(seed)));
  const Spec spec = smallest.value();
  FAIL_CHECK(simulation.name << ", seed " << seed << ": " << failure
                             << "\nshrunk: " << failure_of(simulation, spec) << "\n"
                             << tell(simulation, spec) << "\nreplay: " << replay_command(seed));
}

// Ends with the first seed that fails. One that is slow takes a `part` of the seeds.
template <class Spec>
void run_campaign(const Simulation<Spec>& simulation, std::uint64_t part = 1) {
  CampaignOptions asked = campaign_options();
  asked.seeds = (asked.seeds + part - 1) / part;
  for (std::uint64_t i = 0; i < asked.seeds; ++i) {
    const std::uint64_t seed = asked.from + i;
    // Told by Catch when the library ends the program.
    INFO(simulation.name << ", replay: " << replay_command(seed));
    const Spec spec = simulation.generate(rc::Random(seed)).value();
    if (asked.tell) WARN(simulation.name << ", seed " << seed << "\n" << tell(simulation, spec));
    if (const std::string failure = failure_of(simulation, spec); !failure.empty()) {
      return report_failure(simulation, seed, failure);
    }
  }
  SUCCEED(asked.seeds << " schedules");
}

}  // namespace errand::simulation
