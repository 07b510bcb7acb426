// SPDX-License-Identifier: Apache-2.0
#include "simulation/group_world.h"

#include <memory>
#include <set>
#include <utility>

#include "errand/concurrency/joiners.h"
#include "simulation/group_leaf.h"
#include "simulation/group_watch.h"

namespace errand::simulation {
namespace {

// Ends a fate when a timer would end the context: set just before the library's, so that it fires
// just before it.
class DeadlineWatch {
 public:
  DeadlineWatch(Runtime& runtime, Duration timeout, std::function<void()> end)
      : timer_(runtime, end, TimerClass::deadline) {
    if (timeout > Duration::zero()) {
      timer_.set_after(timeout);
    } else {
      end();
    }
  }

 private:
  Timer timer_;
};

class GroupWorld {
 public:
  GroupWorld(const Node& root, Tracing tracing)
      : root_(root), trace_(tracing), leaves_(runtime_, trace_), ended_(runtime_) {}

  SimulationResult run() {
    runtime_.start(main());
    run_until_idle();
    // Everything has whole ticks. Nothing armed and main waits: let the runtime say who else does.
    while (!ended_.is_set() && runtime_.counts().timers > 0) {
      runtime_.advance(std::chrono::seconds(1));
      run_until_idle();
    }
    try {
      runtime_.run(ended_.wait());
      const Runtime::Counts left = runtime_.counts();
      trace_.expect(left.children == 0, "children are left", "at the end");
      trace_.expect(left.timers == 0, "timers are left", "at the end");
      trace_.expect(left.registrations == 0, "registrations are left", "at the end");
      leaves_.check_end();
    } catch (const Deadlock& deadlock) {
      trace_.expect(false, deadlock.what(), "deadlock");
    }
    return trace_.verdict();
  }

 private:
  awaitable<void> main() {
    Fate around(nullptr);
    const Context background = Context::background(runtime_);
    co_await group(root_, "0", around, background);
    ended_.set();
  }

  void run_until_idle() {
    runtime_.run_until_idle();
    for (GroupWatch* watch : watches_) watch->check_settled();
    leaves_.check_settled();
  }

  // One group: the context around it, the group, those who cancel it, and its children.
  awaitable<Error> group(const Node& node, std::string name, Fate& above, Context parent) {
    Fate around(&above);
    const Error late = Error::text(name + ": time around");
    std::optional<DeadlineWatch> around_ends;
    std::pair<Context, CancelFn> scope = with_cancel(parent);
    if (node.timeout_around) {
      around_ends.emplace(runtime_, *node.timeout_around,
                          [&] { around.end(runtime_.now(), DeadlineExceeded, late); });
      scope = with_timeout(parent, *node.timeout_around, late);
    }
    const TimePoint around_until = runtime_.now() + node.timeout_around.value_or(Duration::zero());
    const TimePoint until = runtime_.now() + node.timeout.value_or(Duration::zero());
    Timer cancel_around(runtime_, [&] {
      const Error cause = Error::text(name + ": around");
      const bool timer = node.timeout_around && has_timer(around, scope.first, around_until);
      around.end(runtime_.now(), Canceled, cause);
      const std::size_t armed = runtime_.counts().timers;
      scope.second(cause);
      check_disarmed(timer, armed, name);
    });
    if (node.cancel_around_after) cancel_around.set_after(*node.cancel_around_after);

    GroupWatch watch(runtime_, trace_, node, name, around);
    watches_.insert(&watch);
    Timer cancel_group(runtime_, [&] {
      const Error cause = node.patient ? Error() : Error::text(name + ": canceled");
      if (!watch.group) return watch.end(Canceled, cause ? cause : Canceled);
      const bool timer = node.timeout && has_timer(watch.fate, watch.group->context(), until);
      watch.end(Canceled, cause ? cause : Canceled);
      const std::size_t armed = runtime_.counts().timers;
      watch.group->cancel(cause);
      check_disarmed(timer, armed, name);
    });
    if (node.cancel_after) cancel_group.set_after(*node.cancel_after);
    std::optional<DeadlineWatch> group_ends;
    if (node.timeout) {
      group_ends.emplace(runtime_, *node.timeout,
                         [&] { watch.end(DeadlineExceeded, DeadlineExceeded); });
    }
    const Error result =
        node.scoped ? co_await scoped(watch, scope.first) : co_await unscoped(watch, scope.first);
    watches_.erase(&watch);
    co_return result;
  }

  // Its own, and not a parent's earlier one.
  static bool has_timer(const Fate& fate, const Context& context, TimePoint until) {
    return !fate.done && context.deadline() == until;
  }
  void check_disarmed(bool had_timer, std::size_t armed_before, const std::string& name) {
    trace_.expect(!had_timer || runtime_.counts().timers < armed_before,
                  "a canceled context leaves its timer armed", name);
  }

  GroupOptions options(GroupWatch& watch) {
    GroupOptions options;
    options.name = watch.name;
    options.limit = watch.node.limit;
    options.on_failure = watch.node.on_failure;
    options.report = watch.node.report;
    options.skip_queued_on_cancel = watch.node.skip_queued;
    options.keep_outcomes = watch.node.keep_outcomes;
    options.timeout = watch.node.timeout;
    options.on_exception = [&watch](const Failure& failure) { watch.learn_exception(failure); };
    if (watch.node.stop_after) {
      options.stop_when = [&watch](const Progress& progress) {
        return watch.should_stop(progress);
      };
    }
    return options;
  }

  awaitable<Error> unscoped(GroupWatch& watch, Context parent) {
    Group group(std::move(parent), options(watch));
    watch.opened(group);
    Group helpers(Context::background(runtime_));
    if (watch.node.two_spawners) {
      const auto odd = [this, &watch](Context) -> awaitable<Error> {
        co_await spawn_children(watch, watch.node, Share::odd);
        co_return Error();
      };
      helpers.go("spawner", odd);
    }
    co_await spawn_children(watch, watch.node, watch.node.two_spawners ? Share::even : Share::all);
    const Error result = co_await group.wait();
    if (!watch.check_joined(result))
      co_await never();  // destroying the group would end the program
    const Error again = co_await group.wait();
    trace_.expect(again.message() == result.message(), "a second wait() returned another error",
                  watch.name);
    co_await helpers.wait();
    co_await check_closed(watch, group);
    co_return result;
  }

  awaitable<Error> scoped(GroupWatch& watch, Context parent) {
    const Error own = watch.node.end == End::succeed ? Error() : Error::text(watch.name + ": body");
    auto body = [this, &watch, &own](Group& group) { return scope_body(watch, group, own); };
    const Error result = co_await with_group(std::move(parent), options(watch), std::move(body));
    watch.check_scope_left(result, own);
    co_return result;
  }

  awaitable<Error> scope_body(GroupWatch& watch, Group& group, Error own) {
    watch.opened(group);
    co_await spawn_children(watch, watch.node);
    if (own) watch.end(Canceled, own);
    if (watch.node.end == End::raise) own.raise();
    co_return own;
  }

  awaitable<void> check_closed(GroupWatch& watch, Group& group) {
    const auto late = [this, &watch](Context) -> awaitable<Error> {
      trace_.expect(false, "a child began in a closed group", watch.name);
      co_return Error();
    };
    const Error refused = co_await group.go_wait("late", late);
    const bool closed = refused == GroupClosed && !group.try_go("late", late) &&
                        group.go("late", late).error() == GroupClosed;
    trace_.expect(closed, "a group takes children after wait()", watch.name);
  }

  awaitable<void> never() {
    Event event(runtime_);
    co_await event.wait();
  }

  // ---- children

  enum class Share : std::uint8_t { all, even, odd };

  awaitable<void> spawn_children(GroupWatch& watch, const Node& parent, Share share = Share::all) {
    for (const Node& node : parent.children) {
      const bool odd = (&node - parent.children.data()) % 2 != 0;
      if (share != Share::all && odd != (share == Share::odd)) continue;
      const Context context = watch.group->context();
      const Context heard = watch.node.patient ? without_cancel(context) : context;
      if (node.before > Duration::zero()) co_await heard.sleep(node.before);
      co_await spawn(watch, node);
      if (&parent == &watch.node) ask_for_limit(watch);
    }
  }

  void ask_for_limit(GroupWatch& watch) {
    if (!watch.node.new_limit || watch.node.two_spawners) return;
    const bool alive = !watch.group->live_children().empty();
    const Error refused = watch.group->set_limit(watch.node.new_limit);
    trace_.expect(bool(refused) == alive, "set_limit() with children alive", watch.name);
    if (!refused) watch.set_limit(watch.node.new_limit);
  }

  awaitable<void> spawn(GroupWatch& watch, const Node& node) {
    ChildWatch& child = watch.add_child(watch.name + "." + std::to_string(node.number));
    auto body = [this, &watch, &child, &node](Context context) {
      if (node.end == End::raise_at_once && node.work != Work::group) {
        watch.begins(child, context);
        watch.raises(child);
        throw std::runtime_error(child.name + ": raised at once");
      }
      return run_child(watch, child, node, std::move(context));
    };
    trace_.add(runtime_.now(), "starts", child.name);
    Group& group = *watch.group;
    switch (node.start) {
      case Start::go:
        if (watch.takes()) watch.took(child);
        child.handle = group.go(child.name, std::move(body));
        child.refused = !child.index;
        child.surely_starts = child.handle->state() == ChildState::running;
        trace_.expect((child.handle->error() == watch.refusal()) == child.refused,
                      "go() refuses what it should take, or the reverse", child.name);
        break;
      case Start::try_go:
        try_spawn(watch, child, std::move(body));
        break;
      case Start::go_wait:
        co_await spawn_waiting(watch, child, std::move(body));
        break;
    }
  }

  template <class Body>
  void try_spawn(GroupWatch& watch, ChildWatch& child, Body body) {
    if (watch.takes()) watch.took(child);
    const bool full = watch.full();
    const bool taken = watch.group->try_go(child.name, std::move(body));
    trace_.expect(!taken || (!full && watch.takes()), "try_go() took a child beyond the limit",
                  child.name);
    child.surely_starts = taken && !watch.fate.done;
    if (taken) return;
    child.refused = true;
    watch.give_back(child);
  }

  template <class Body>
  awaitable<void> spawn_waiting(GroupWatch& watch, ChildWatch& child, Body body) {
    if (watch.takes() && !watch.fate.done) watch.took(child);
    child.waits_for_slot = child.index.has_value();
    const TimePoint asked = runtime_.now();
    const Error error = co_await watch.group->go_wait(child.name, std::move(body));
    if (!error) {
      child.surely_starts = true;
      trace_.expect(child.index.has_value(), "go_wait() started what it should refuse", child.name);
      co_return;
    }
    child.refused = true;
    trace_.expect(!child.begun, "go_wait() failed and the child began", child.name);
    const bool right = watch.takes() ? watch.fate.explains(error) : error == watch.refusal();
    trace_.expect(right, "go_wait() failed without a reason", child.name);
    const TimePoint due = watch.fate.done ? std::max(asked, watch.fate.at) : asked;
    trace_.expect(runtime_.now() == due, "go_wait() did not end with the context", child.name);
  }

  awaitable<Error> run_child(GroupWatch& watch, ChildWatch& child, const Node& node,
                             Context context) {
    watch.begins(child, context);
    Error error;
    if (node.work == Work::group) {
      error = co_await group(node, child.name, watch.fate, context);
    } else {
      error = co_await leaves_.run(watch, child, node, context);
      co_await spawn_children(watch, node);
      if (node.end == End::raise && !error) {
        watch.raises(child);
        throw std::runtime_error(child.name + ": raised");
      }
    }
    trace_.expect(watch.fate.agrees_with(context), "a child's context is not as it should be",
                  child.name);
    watch.returns(child, error);
    co_return error;
  }

  const Node& root_;
  VirtualRuntime runtime_;
  Trace trace_;
  GroupLeaves leaves_;
  Event ended_;
  std::set<GroupWatch*> watches_;
};

}  // namespace

SimulationResult run_tree(const Node& root, Tracing tracing) {
  auto world = std::make_unique<GroupWorld>(root, tracing);
  SimulationResult verdict = world->run();
  // What still waits refers to this world, and destroying it might end the program.
  if (!verdict.failure.empty()) static_cast<void>(world.release());
  return verdict;
}

}  // namespace errand::simulation
