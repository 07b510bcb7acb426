// SPDX-License-Identifier: Apache-2.0
//
// Random plans that are run, perhaps killed on the way, and gone on with until nothing is left.
#include <optional>

#include "errand/concurrency/virtual_runtime.h"
#include "errand/events/failure.h"
#include "errand/journal/earlier_ends.h"
#include "simulation/campaign.h"
#include "simulation/plan_executor.h"
#include "simulation/plan_tree.h"
#include "simulation/trace.h"

using namespace errand;
using namespace errand::simulation;

namespace {

// Attempts end as the nodes say, or all of them well.
class Attempts final : public Executor {
 public:
  Attempts(const std::vector<const PlanNode*>& nodes, bool all_well)
      : nodes_(nodes), all_well_(all_well) {}
  std::vector<TaskId> started;

  awaitable<std::vector<std::string>> close() override {
    std::vector<std::string> left_behind;
    co_return left_behind;
  }
  awaitable<Error> probe(Context, Context, const Attempt&) override { co_return Error(); }

  awaitable<AttemptResult> run(Context context, Context, const Attempt& attempt, OutputSink& output,
                               Capture) override {
    started.push_back(attempt.task->id);
    const PlanNode& node = *nodes_[attempt.task->id];
    if (node.service) output.write(StdStream::out, "it is up\n");
    const Turn& turn = node.turns.front();
    const Duration takes = node.service ? std::chrono::hours(1)
                           : all_well_  ? std::chrono::milliseconds(1)
                                        : turn.takes;
    AttemptResult result;
    const Error interrupted = co_await context.sleep(takes);
    result.stopped = bool(interrupted);
    const int well = attempt.task->policy->success_exit_codes.front();
    result.status = ExitStatus::exited(all_well_ ? well : turn.exit_code);
    co_return result;
  }

 private:
  const std::vector<const PlanNode*>& nodes_;
  const bool all_well_;
};

// Hears of a run until it is killed.
class UntilKilled final : public Observer {
 public:
  UntilKilled(Observer& inner, std::size_t events) : inner_(inner), left_(events) {}
  void on(const RunEvent& event) override {
    if (left_ > 0) inner_.on(event);
    if (left_ > 0) --left_;
  }

 private:
  Observer& inner_;
  std::size_t left_;
};

// Notes what is told, too.
class Told final : public Observer {
 public:
  Told(Trace& trace, Observer& inner) : trace_(trace), inner_(inner) {}
  void on(const RunEvent& event) override {
    const TimePoint at{event.since_start};
    if (const auto* ended = std::get_if<TaskEnded>(&event.kind)) {
      trace_.add(at, to_string(ended->state), ended->task->full_name);
    } else if (const auto* run = std::get_if<RunEnded>(&event.kind)) {
      trace_.add(at, to_string(run->state), "the run");
    }
    inner_.on(event);
  }

 private:
  Trace& trace_;
  Observer& inner_;
};

class ResumeWorld {
 public:
  ResumeWorld(const PlanSpec& spec, Tracing tracing)
      : spec_(spec), built_(build_plan(spec)), trace_(tracing) {}

  SimulationResult run() {
    // Where it is cut depends on the plan alone.
    const std::size_t events = built_.plan->tasks().size() * 5 % 23 + 1;
    const bool killed = built_.plan->tasks().size() % 3 != 0;
    PriorResults ends = perform(*built_.plan, killed ? events : kAll, false, {}).ends;
    const Plan rest =
        mark_remaining_tasks(*built_.plan, ends, RerunScope::unfinished, Fingerprints());
    const Past second = perform(rest, kAll, true, ends);
    const Plan nothing =
        mark_remaining_tasks(*built_.plan, second.ends, RerunScope::unfinished, Fingerprints());
    for (const Task& task : nothing.tasks()) {
      if (second.succeeded) expect_done(task);
    }
    const Plan failures =
        mark_remaining_tasks(*built_.plan, ends, RerunScope::failed, Fingerprints());
    const Past mended = perform(failures, kAll, true, ends);
    for (const Task& task : built_.plan->tasks()) expect_kept(task, ends, mended.ends);
    return trace_.verdict();
  }

 private:
  static constexpr std::size_t kAll = static_cast<std::size_t>(-1);
  struct Past {
    PriorResults ends;
    bool succeeded = false;
  };

  // After a run that succeeded, only what the file leaves out and what comes last may be left.
  void expect_done(const Task& task) {
    if (task.is_group || task.earlier_result || task.policy->service) return;
    for (const Task* at = &task; at->id != 0; at = &built_.plan->task(at->parent)) {
      if (at->policy->when != When::on_success || !at->excluded.empty()) return;
    }
    trace_.expect(needs_what_may_not_run(task), "left after a run that succeeded", task.full_name);
  }
  // It was skipped without a failure, because of something that the file leaves out.
  bool needs_what_may_not_run(const Task& task) const {
    for (const Task* at = &task;; at = &built_.plan->task(at->parent)) {
      if (!at->needs.empty()) return true;
      if (at->id == 0) return false;
    }
  }

  // Nothing that has succeeded is forgotten by a run of the failures.
  void expect_kept(const Task& task, const PriorResults& before, const PriorResults& after) {
    const std::uint64_t fingerprint = Fingerprints().of(task);
    if (task.is_group || !before.succeeded.contains(fingerprint)) return;
    const bool kept = after.succeeded.contains(fingerprint);
    trace_.expect(kept || may_run_again(task), "a success was forgotten", task.full_name);
  }
  // With a race, or behind what runs last: then its end may be another one, or none.
  bool may_run_again(const Task& task) const {
    for (const Task* at = &task;; at = &built_.plan->task(at->parent)) {
      if (at->mode == Mode::race || at->policy->when != When::on_success || at->policy->service) {
        return true;
      }
      if (at->id == 0) return false;
    }
  }

  Past perform(const Plan& plan, std::size_t events, bool all_well, const PriorResults& earlier) {
    Past past;
    VirtualRuntime runtime;
    PriorResultsCollector collector{Fingerprints()};
    Told told(trace_, collector);
    UntilKilled observer(told, events);
    Attempts attempts(built_.nodes, all_well);
    NoOutput output;
    RunOptions options;
    options.id = "r";
    options.processors = 4;
    options.earlier =
        std::make_shared<const PriorResults>(remaining_results(earlier, plan, Fingerprints()));
    Runner runner(attempts, output, observer, options);
    auto [context, cancel] = with_cancel(Context::background(runtime));
    Timer signal(runtime, [&stop = cancel] { stop(Error::make(SignalReceived{2})); });
    if (!all_well && spec_.signal_at) signal.set_after(*spec_.signal_at);
    try {
      const Context force_stop = Context::background(runtime);
      const RunEnded ended = runtime.run(runner.run(context, force_stop, plan));
      past.succeeded = ended.state == TaskState::succeeded;
    } catch (const Deadlock& deadlock) {
      trace_.expect(false, deadlock.what(), "deadlock");
    }
    for (const TaskId id : attempts.started) {
      trace_.expect(!plan.task(id).earlier_result, "a settled task was started",
                    plan.task(id).full_name);
    }
    past.ends = std::move(collector).take();
    return past;
  }

  const PlanSpec& spec_;
  BuiltPlan built_;
  Trace trace_;
};

SimulationResult run_and_resume(const PlanSpec& spec, Tracing tracing) {
  return ResumeWorld(spec, tracing).run();
}

}  // namespace

// Long: it runs hundreds of random worlds.
TEST_CASE("a run that is gone on with starts nothing that is settled, ends, and leaves nothing",
          "[long:120]") {
  const auto text = [](const PlanSpec& spec) { return describe(spec); };
  run_campaign(Simulation<PlanSpec>{"resumed plans", plan_trees(), run_and_resume, text}, 4);
}
