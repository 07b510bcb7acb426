// SPDX-License-Identifier: Apache-2.0
#include "simulation/plan_tree.h"

#include <rapidcheck/seq/Create.h>
#include <rapidcheck/shrinkable/Create.h>

#include <algorithm>
#include <array>
#include <utility>

#include "simulation/draw.h"

namespace errand::simulation {
namespace {

constexpr unsigned kDepthMax = 3;
constexpr unsigned kTasksMax = 16;

// What a plan may have at all. Few at a time, so that one does not drown the others.
enum class Feature : std::uint8_t {
  races,
  halts,
  jobs,
  weights,
  locks,
  terminal,
  services,
  conditions,
  last,
  exclusions,
  allowances,
  codes,
  retries,
  timeouts,
  deadlines,
  hedges,
  keys,
  rates,
  breakers,
  group_timeouts,
  signals,
  gates,
  count,
};

class Planner {
 public:
  explicit Planner(const rc::Random& random) : draw_(random) {
    for (bool& has : features_) has = draw_.chance(30);
    has(Feature::jobs) |= draw_.chance(50);
  }

  PlanSpec plan() {
    PlanSpec spec;
    if (has(Feature::locks)) {
      for (std::size_t i = draw_.between(1, 3); i > 0; --i) {
        spec.limits.push_back(static_cast<unsigned>(draw_.between(1, 3)));
      }
    }
    spec.root = group(0);
    if (has(Feature::signals)) {
      spec.signal_at = draw_.ticks(0, 10);
      spec.second_signal_after = draw_.maybe_ticks(40, 0, 4);
    }
    if (has(Feature::gates)) {
      spec.delay = draw_.maybe_ticks(40, 1, 2);
      if (draw_.chance(60)) spec.tokens = static_cast<unsigned>(draw_.between(1, 3));
    }
    return spec;
  }

 private:
  bool& has(Feature feature) { return features_[static_cast<std::size_t>(feature)]; }
  bool with(Feature feature, unsigned percent) { return has(feature) && draw_.chance(percent); }
  int exit_code() { return static_cast<int>(draw_.between(1, 3)); }
  std::vector<int> exit_codes() {
    return draw_.chance(50) ? std::vector<int>() : std::vector<int>{exit_code()};
  }

  PlanNode group(unsigned depth) {
    PlanNode node = any_task(depth);
    node.is_group = true;
    if (draw_.chance(40)) node.mode = Mode::aggregate;
    if (with(Feature::races, 50)) node.mode = Mode::race;
    if (with(Feature::jobs, depth == 0 ? 80 : 50)) {
      node.jobs = static_cast<unsigned>(draw_.between(1, 4));
    }
    if (with(Feature::group_timeouts, 40)) node.timeout = draw_.ticks(1, 8);
    if (with(Feature::halts, 50)) node.halt = halt();
    if (with(Feature::rates, 50)) node.apart = draw_.ticks(1, 3);
    if (with(Feature::breakers, 50)) {
      node.breaker = BreakerRule{static_cast<unsigned>(draw_.between(1, 3)), draw_.ticks(1, 4)};
    }
    node.reversed = draw_.chance(30);
    const std::size_t most = depth == 0 ? 8 : 4;
    for (std::size_t i = draw_.below(most + 1); i > 0 && next_number_ < kTasksMax; --i) {
      const bool nested = depth < kDepthMax && draw_.chance(30);
      node.children.push_back(nested ? group(depth + 1) : task(depth + 1));
    }
    path_.pop_back();
    return node;
  }

  Halt halt() {
    Halt rule;
    if (draw_.chance(50)) rule.speed = Halt::Speed::soon;
    rule.trigger = draw_.one_of({Halt::Trigger::fail, Halt::Trigger::success, Halt::Trigger::done});
    rule.percent = draw_.chance(30);
    rule.count = rule.percent ? 50 : static_cast<unsigned>(draw_.between(1, 3));
    return rule;
  }

  PlanNode task(unsigned depth) {
    PlanNode node = any_task(depth);
    path_.pop_back();
    node.turns.clear();
    for (std::size_t i = has(Feature::retries) || has(Feature::hedges) ? 3 : 1; i > 0; --i) {
      node.turns.push_back(turn());
    }
    // Some would take longer than what runs last may after a cancel.
    if (node.when != When::on_success && draw_.chance(15)) {
      node.turns.front().takes = std::chrono::seconds(40);
    }
    node.stops_in = draw_.ticks(0, 3);
    node.ignores_stop = draw_.chance(15);
    node.exits_cleanly = draw_.chance(20);
    node.grace = draw_.ticks(0, 5);
    add_policies(node);
    if (with(Feature::services, 25)) return make_service(std::move(node));
    if (with(Feature::hedges, 40)) node.hedge = hedge();
    if (with(Feature::keys, 40)) node.key = static_cast<unsigned>(draw_.between(1, 2));
    node.interactive = !node.hedge && with(Feature::terminal, 40);
    if (with(Feature::weights, 40)) node.weight = static_cast<unsigned>(draw_.between(1, 4));
    for (std::size_t i = with(Feature::locks, 60) ? draw_.between(1, 2) : 0; i > 0; --i) {
      const std::size_t limit = draw_.below(3);
      node.locks.push_back(
          {static_cast<unsigned>(limit), static_cast<unsigned>(draw_.between(1, 3))});
    }
    return node;
  }

  Turn turn() {
    Turn turn;
    if (draw_.chance(6)) turn.outcome = draw_.one_of({Outcome::not_found, Outcome::throws});
    turn.takes = draw_.ticks(0, 5);
    if (draw_.chance(25)) turn.exit_code = exit_code();
    return turn;
  }

  void add_policies(PlanNode& node) {
    if (with(Feature::timeouts, 40)) node.timeout = draw_.ticks(1, 5);
    if (with(Feature::deadlines, 40)) node.deadline = draw_.ticks(1, 9);
    if (with(Feature::allowances, 40)) node.allow = NodeAllow{draw_.chance(50), exit_codes()};
    node.turns_codes_round = with(Feature::codes, 30);
    if (with(Feature::retries, 50)) {
      node.retry = NodeRetry{static_cast<unsigned>(draw_.between(1, 3)), draw_.ticks(0, 3),
                             draw_.chance(20), exit_codes(), draw_.chance(70)};
    }
  }

  NodeHedge hedge() {
    return {draw_.ticks(0, 3), static_cast<unsigned>(draw_.between(2, 3)), exit_codes()};
  }

  // One in three ends by itself.
  PlanNode make_service(PlanNode node) {
    node.when = When::on_success;
    node.turns_codes_round = false;
    for (Turn& turn : node.turns) {
      turn.takes = draw_.chance(67) ? std::chrono::seconds(5000) : draw_.ticks(0, 8);
    }
    NodeService service;
    service.check =
        draw_.one_of({NodeService::Check::none, NodeService::Check::log, NodeService::Check::exec});
    service.ready_after = draw_.chance(10) ? std::chrono::seconds(5000) : draw_.ticks(0, 4);
    service.ready_timeout = draw_.ticks(1, 8) + std::chrono::milliseconds(500);  // no ties
    node.service = service;
    return node;
  }

  // Whatever came before and is not around this one may be needed: all that is in it came before
  // too.
  PlanNode any_task(unsigned depth) {
    PlanNode node;
    node.number = next_number_++;
    path_.push_back(node.number);
    const unsigned often = has(Feature::services) ? 50 : 30;
    for (std::size_t i = depth > 0 && draw_.chance(often) ? draw_.between(1, 3) : 0; i > 0; --i) {
      const auto need = static_cast<unsigned>(draw_.below(node.number));
      if (std::ranges::find(path_, need) != path_.end()) continue;
      const Condition condition =
          with(Feature::conditions, 60)
              ? draw_.one_of({Condition::done, Condition::started, Condition::ready})
              : Condition::success;
      node.needs.push_back({need, condition});
    }
    if (depth == 0) return node;
    if (with(Feature::last, 30)) node.when = draw_.one_of({When::always, When::on_failure});
    node.excluded = with(Feature::exclusions, 20);
    return node;
  }

  Draw draw_;
  std::array<bool, static_cast<std::size_t>(Feature::count)> features_{};
  unsigned next_number_ = 0;
  std::vector<unsigned> path_;  // the groups around
};

}  // namespace

PlanSpec draw_plan(const rc::Random& random) { return Planner(random).plan(); }

rc::Gen<PlanSpec> plan_trees() {
  return [](const rc::Random& random, int) {
    return rc::shrinkable::shrinkRecur(draw_plan(random), [](const PlanSpec& spec) {
      return rc::seq::fromContainer(smaller_plans(spec));
    });
  };
}

}  // namespace errand::simulation
