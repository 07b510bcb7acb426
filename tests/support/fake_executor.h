// SPDX-License-Identifier: Apache-2.0
//
// An executor without processes: attempts take virtual time and end as their script says.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "errand/run/runner.h"
#include "errand/taskfile/read.h"
#include "support/virtual_test.h"

namespace errand::test {

class FakeExecutor final : public Executor {
 public:
  awaitable<std::vector<std::string>> close() override {
    closed = true;
    co_return left_behind;
  }
  awaitable<Error> probe(Context, Context, const Attempt& attempt) override {
    co_return ready.contains(attempt.task->full_name) ? Error() : Error::text("not yet");
  }
  std::vector<std::string> left_behind;
  std::set<std::string> ready;  // services whose checks succeed
  bool closed = false;

  struct Behavior {
    Duration takes = 1s;
    int exit_code = 0;
    Duration stops_in = 0s;      // from the polite signal
    bool ignores_stop = false;   // only the end of the grace, or force_stop, ends it
    int stopped_exit_code = -1;  // exits by itself with this when stopped; -1: dies of the signal
    int dies_of = 0;             // a signal that errand did not send
    std::string output = {};
    StdStream stream = StdStream::out;  // of the output
    std::vector<std::string> notices = {};
    Error error_beside = {};  // an error beside the status
    Duration speaks_after = 0s;
    Error error = {};  // never starts
    bool throws = false;
    bool out_of_memory = false;
    Duration lingers = 0s;  // what the main process left, after it has ended by itself
  };

  std::map<std::string, Behavior> behaviors;              // by full name; others: the default
  std::map<std::string, std::vector<Behavior>> attempts;  // one after another; the last stays
  std::vector<std::string> started;
  std::size_t running = 0, running_max = 0;

  awaitable<AttemptResult> run(Context context, Context force_stop, const Attempt& attempt,
                               OutputSink& output, Capture) override {
    const Task& task = *attempt.task;
    const Behavior behavior = behavior_of(attempt);
    started.push_back(task.full_name);
    if (behavior.throws) throw std::runtime_error("the executor broke");
    AttemptResult result;
    result.notices = behavior.notices;
    result.error = behavior.error;
    if (result.error) co_return result;
    result.error = behavior.error_beside;
    running_max = std::max(running_max, ++running);
    Error interrupted;
    if (behavior.speaks_after > 0s) interrupted = co_await context.sleep(behavior.speaks_after);
    if (!behavior.output.empty()) output.write(behavior.stream, behavior.output);
    if (!interrupted) interrupted = co_await context.sleep(behavior.takes);
    if (interrupted) {
      result.stopped = true;
      co_await force_stop.sleep(behavior.ignores_stop ? task.grace : behavior.stops_in);
      result.status = behavior.stopped_exit_code >= 0
                          ? ExitStatus::exited(behavior.stopped_exit_code)
                          : ExitStatus::signaled(behavior.ignores_stop ? 9 : task.kill_signal);
    } else {
      result.out_of_memory = behavior.out_of_memory;
      result.status = behavior.dies_of > 0 ? ExitStatus::signaled(behavior.dies_of)
                                           : ExitStatus::exited(behavior.exit_code);
    }
    if (!interrupted && attempt.exited) attempt.exited();
    if (!interrupted && behavior.lingers > 0s) (void)co_await context.sleep(behavior.lingers);
    --running;
    co_return result;
  }

 private:
  Behavior behavior_of(const Attempt& attempt) {
    const auto found = attempts.find(attempt.task->full_name);
    if (found == attempts.end()) return behaviors[attempt.task->full_name];
    const std::size_t index = static_cast<std::size_t>(attempt.number) - 1;
    return found->second[std::min(index, found->second.size() - 1)];
  }
};

// Keeps what would be shown, "TASK: BYTES" for each write.
class ShownOutput final : public OutputTarget {
 public:
  std::vector<std::string> shown;

  class Sink final : public HeldSink {
   public:
    Sink(ShownOutput& target, const Task& task, bool held)
        : target_(target), name_(task.full_name), held_(held) {}
    Error keep() override {
      held_ = false;
      for (const std::string& bytes : std::exchange(kept_, {})) show(bytes);
      return {};
    }
    Error write(StdStream, std::string_view bytes) override {
      if (held_) {
        kept_.emplace_back(bytes);
      } else {
        show(std::string(bytes));
      }
      return {};
    }
    bool behind() const override { return false; }
    awaitable<void> caught_up(Context) override { co_return; }

   private:
    void show(const std::string& bytes) { target_.shown.push_back(name_ + ": " + bytes); }
    ShownOutput& target_;
    std::string name_;
    bool held_;
    std::vector<std::string> kept_;
  };
  Capture capture() const override { return Capture::merged; }
  std::unique_ptr<OutputSink> open(const Task& task, int) override {
    return std::make_unique<Sink>(*this, task, false);
  }
  std::unique_ptr<HeldSink> hold(const Task& task, int) override {
    return std::make_unique<Sink>(*this, task, true);
  }
};

// Writes each event as a line: "2s task_ended build failed: exit 2".
class Recorder final : public Observer {
 public:
  std::vector<std::string> lines;
  std::map<std::string, TaskEnded> ended;  // by full name
  std::vector<AttemptEnded> attempts;
  std::size_t groups_after_children = 0;

  void on(const RunEvent& event) override {
    const std::string at = format_duration(event.since_start) + " ";
    if (const auto* e = std::get_if<AttemptStarted>(&event.kind)) {
      lines.push_back(at + "start " + e->task->full_name);
    } else if (const auto* a = std::get_if<AttemptEnded>(&event.kind)) {
      attempts.push_back(*a);
    } else if (const auto* n = std::get_if<Notice>(&event.kind)) {
      lines.push_back(at + "notice " + n->text);
    } else if (std::holds_alternative<RunEnded>(event.kind)) {
      lines.push_back(at + "end");
    } else if (const auto* t = std::get_if<TaskEnded>(&event.kind)) {
      lines.push_back(at + std::string(to_string(t->state)) + " " + t->task->full_name +
                      (t->error ? ": " + t->error.message() : ""));
      const bool fresh = ended.emplace(t->task->full_name, *t).second;
      if (!fresh) throw std::logic_error("ended twice: " + t->task->full_name);
    }
  }
  std::string state(const std::string& name) const {
    const auto found = ended.find(name);
    if (found == ended.end()) return "never ended";
    const Error& error = found->second.error;
    return std::string(to_string(found->second.state)) + (error ? ": " + error.message() : "");
  }
};

// One run of a task file on the virtual clock.
class RunTest : public VirtualTest {
 public:
  FakeExecutor executor;
  ShownOutput output;
  Recorder recorder;
  unsigned processors = 64;

  // `call` at this time of the run, if it is still going on.
  void after(Duration time, std::function<void()> call) {
    timers_.emplace_back(std::make_unique<Timer>(runtime, std::move(call)))->set_after(time);
  }

  RunOptions options;  // processors are set from the member above

  Plan plan(const std::string& yaml) {
    auto read = read_plan(yaml, Format::yaml, {});
    if (!read) throw std::logic_error(format_problem("plan", read.error().front()));
    return std::move(*read);
  }
  RunEnded run_plan(const std::string& yaml) {
    std::function<void(CancelFn, CancelFn)> nothing;
    return run_plan(plan(yaml), nothing);
  }
  // `meanwhile(cancel, force_stop)` is called before the run starts, to arm timers.
  RunEnded run_plan(const std::string& yaml,
                    const std::function<void(CancelFn, CancelFn)>& meanwhile) {
    return run_plan(plan(yaml), meanwhile);
  }
  RunEnded run_plan(Plan checked, const std::function<void(CancelFn, CancelFn)>& meanwhile = {}) {
    auto [context, cancel] = with_cancel(background());
    auto [force_stop, hasten] = with_cancel(background());
    if (meanwhile) meanwhile(cancel, hasten);
    options.processors = processors;
    Runner runner(executor, output, recorder, options);
    const RunEnded ended = run(runner.run(context, force_stop, checked));
    timers_.clear();
    return ended;
  }

 private:
  std::vector<std::unique_ptr<Timer>> timers_;
};

}  // namespace errand::test
