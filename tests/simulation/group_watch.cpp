// SPDX-License-Identifier: Apache-2.0
#include "simulation/group_watch.h"

#include <algorithm>
#include <utility>

namespace errand::simulation {
namespace {

bool is_cancellation(const Error& error) {
  return error.is(Canceled) || error.is(DeadlineExceeded);
}

}  // namespace

GroupWatch::GroupWatch(VirtualRuntime& runtime, Trace& trace, const Node& of, std::string its_name,
                       Fate& around)
    : fate(&around),
      node(of),
      name(std::move(its_name)),
      runtime_(runtime),
      trace_(trace),
      limit_(of.limit) {
  fate.on_end = [this] { remember_starting(); };
}

// Those that have their slot are not queued any more: their turn may come after the end.
void GroupWatch::remember_starting() {
  for (ChildWatch& child : children_) {
    if (child.handle && child.handle->state() == ChildState::running) child.surely_starts = true;
  }
}

void GroupWatch::opened(Group& opened_group) {
  group = &opened_group;
  expect(fate.agrees_with(group->context()), "a new group's context is wrong");
}

ChildWatch& GroupWatch::add_child(std::string child_name) {
  children_.emplace_back().name = std::move(child_name);
  return children_.back();
}

const ChildWatch* GroupWatch::handled_before(const ChildWatch& child) const {
  const ChildWatch* found = nullptr;
  for (const ChildWatch& other : children_) {
    if (other.handle && other.index < child.index) found = &other;
  }
  return found;
}

// ---- as it goes

void GroupWatch::begins(ChildWatch& child, const Context& context) {
  trace_.add(runtime_.now(), "begins", child.name);
  trace_.expect(!child.begun, "a child began twice", child.name);
  trace_.expect(!child.refused, "a child began although the group had refused it", child.name);
  trace_.expect(!waited_, "a child began after wait() had returned", child.name);
  trace_.expect(fate.agrees_with(context), "a child's context is not as it should be", child.name);
  trace_.expect(child.index.has_value(), "a child began that no one had started", child.name);
  // An earlier child that still waits for its slot has been overtaken.
  const std::size_t index = child.index.value_or(0);
  trace_.expect(index >= first_not_begun_, "a child began after a later one", child.name);
  first_not_begun_ = index + 1;
  if (fate.done && node.skip_queued) {
    // Of these nobody can ask whether they have it.
    const bool same_instant = child.waits_for_slot && fate.at == runtime_.now();
    trace_.expect(child.surely_starts || same_instant, "a child began that should be skipped",
                  child.name);
  }
  child.begun = true;
  ++active_;
  expect(!limit_ || active_ <= *limit_, "more children are active than the limit");
}

void GroupWatch::returns(ChildWatch& child, const Error& error) {
  trace_.add(runtime_.now(), "returns", child.name);
  trace_.add(runtime_.now(), error.message(), child.name);
  --active_;
  record_end(child, error);
}

void GroupWatch::raises(ChildWatch& child) {
  trace_.add(runtime_.now(), "raises", child.name);
  --active_;
}

void GroupWatch::learn_exception(const Failure& failure) {
  const auto raised =
      std::ranges::find(children_, std::optional(failure.index), &ChildWatch::index);
  if (raised == children_.end() || raised->ended) {
    return expect(false, "told of an exception that no child raised");
  }
  record_end(*raised, failure.error);
}

void GroupWatch::record_end(ChildWatch& child, const Error& error) {
  child.ended = true;
  child.error = error;
  if (!error) {
    ++succeeded_;
    return;
  }
  const bool echo = fate.done && is_cancellation(error);
  failures_.push_back({&child, error, echo});
  if (!echo && node.on_failure == OnFailure::cancel_siblings) end(Canceled, error);
}

bool GroupWatch::should_stop(const Progress& progress) {
  const std::size_t ended = progress.succeeded + progress.failed + progress.canceled;
  const bool stop = node.stop_after && ended >= *node.stop_after;
  if (stop) end(Canceled, Stopped);
  return stop;
}

void GroupWatch::end(const Error& err, const Error& cause) {
  if (fate.done) return;
  fate.end(runtime_.now(), err, cause);
  trace_.add(runtime_.now(), "ends with", name);
  trace_.add(runtime_.now(), cause.message(), name);
}

void GroupWatch::check_settled() {
  if (!group || waited_) return;
  expect(fate.agrees_with(group->context()), "the group's context is not as it should be");
  for (const ChildWatch& child : children_) {
    if (!child.index || child.begun || child.refused) continue;
    const bool skipped =
        child.handle ? child.handle->state() == ChildState::skipped : node.skip_queued && fate.done;
    trace_.expect(skipped || full(), "a child waits although there is a slot", child.name);
    trace_.expect(!fate.done || skipped || !(node.skip_queued || child.waits_for_slot),
                  "a child waits in a group whose end should have sent it away", child.name);
  }
}

// ---- at the end

bool GroupWatch::check_joined(const Error& result) {
  const bool joined = active_ == 0 && group->live_children().empty();
  expect(joined, "wait() returned before all children had ended");
  if (!joined) return false;
  check_children();
  check_failures();
  check_progress();
  check_outcomes();
  const Error expected = expected_result();
  expect(result.message() == expected.message(), "wait() returned another error than the report's");
  expect(!expected || result.is(expected.is_aggregate() ? expected.errors().front().unwrap()
                                                        : expected.unwrap()),
         "wait()'s result lost an error");
  end(Canceled,
      failures_.empty() && group->failures().empty() ? Canceled : group->failures().front().error);
  waited_ = true;
  expect(fate.agrees_with(group->context()), "the context is not as it should be after wait()");
  trace_.add(runtime_.now(), "joined", name);
  trace_.add(runtime_.now(), result.message(), name);
  return true;
}

// Every child that the group took has begun and ended; or it was sent away, by the rules.
void GroupWatch::check_children() {
  for (const ChildWatch& child : children_) {
    if (child.begun) {
      trace_.expect(child.ended, "a child's end was not told", child.name);
      trace_.expect(
          !child.handle || (child.handle->ended() && child.handle->error() == child.error),
          "a handle does not say how its child ended", child.name);
    } else if (child.index && !child.refused) {
      trace_.expect(fate.done && node.skip_queued, "a child never began", child.name);
      trace_.expect(!child.handle || child.handle->state() == ChildState::skipped,
                    "a handle says that a child ran which did not", child.name);
    }
  }
}

// Those that ran: all, in time. Those that were skipped: each once, as an echo.
void GroupWatch::check_failures() {
  std::vector<const Failure*> of_run;
  std::vector<std::size_t> skipped;
  for (const Failure& failure : group->failures()) {
    const auto child =
        std::ranges::find(children_, std::optional(failure.index), &ChildWatch::index);
    if (child == children_.end()) return expect(false, "a failure of a child that does not exist");
    trace_.expect(failure.name == child->name, "a failure has a wrong name", child->name);
    if (child->begun) {
      of_run.push_back(&failure);
      continue;
    }
    skipped.push_back(failure.index);
    trace_.expect(failure.echo && fate.explains(failure.error), "a skipped child does not say why",
                  child->name);
  }
  const bool same =
      std::ranges::equal(of_run, failures_, [](const Failure* told, const Ending& is) {
        return told->index == is.child->index && told->error == is.error && told->echo == is.echo;
      });
  expect(same, "failures() are not those of the children");
  std::vector<std::size_t> expected;
  for (const ChildWatch& child : children_) {
    if (child.index && !child.begun && !child.refused) expected.push_back(*child.index);
  }
  std::ranges::sort(skipped);
  expect(skipped == expected, "failures() do not name each skipped child once");
}

void GroupWatch::check_progress() {
  const Progress progress = group->progress();
  std::size_t begun = 0, skipped = 0;
  for (const ChildWatch& child : children_) {
    begun += child.begun;
    skipped += child.index && !child.begun && !child.refused;
  }
  const auto echoes = static_cast<std::size_t>(std::ranges::count(failures_, true, &Ending::echo));
  expect(progress.started == begun && progress.succeeded == succeeded_ &&
             progress.failed == failures_.size() - echoes && progress.canceled == echoes + skipped,
         "progress() counts wrongly");
}

void GroupWatch::check_outcomes() {
  const std::vector<Outcome> outcomes = group->outcomes();
  if (!node.keep_outcomes) return expect(outcomes.empty(), "outcomes nobody asked for");
  expect(outcomes.size() == next_index_, "outcomes() are not one for each child");
  for (const ChildWatch& child : children_) {
    if (!child.index || *child.index >= outcomes.size()) continue;
    const Outcome& outcome = outcomes[*child.index];
    const bool right =
        child.begun ? outcome.error == child.error : outcome.state == ChildState::skipped;
    trace_.expect(right && outcome.name == child.name, "an outcome is wrong", child.name);
  }
}

Error GroupWatch::expected_result() const {
  const auto all = group->failures();
  if (all.empty() || node.report == Report::none) return {};
  if (node.report == Report::first) return all.front().named();
  std::vector<Failure> told;
  std::ranges::copy_if(all, std::back_inserter(told), [](const Failure& f) { return !f.echo; });
  if (told.empty()) told.assign(all.begin(), all.end());
  std::ranges::sort(told, {}, &Failure::index);
  std::vector<Error> errors;
  for (const Failure& failure : told) errors.push_back(failure.named());
  return Aggregate::make(std::move(errors));
}

void GroupWatch::check_scope_left(const Error& result, const Error& body_error) {
  expect(active_ == 0, "with_group() returned before all children had ended");
  waited_ = true;
  group = nullptr;
  bool lost = false;
  for (const Ending& failure : failures_) {
    if (!failure.echo && (node.report == Report::all || body_error))
      lost |= !result.is(failure.error);
  }
  if (body_error) {
    expect(result.is(body_error), "with_group() lost its body's error");
  } else if (node.report == Report::first && !failures_.empty() && !node.skip_queued) {
    expect(result.is(failures_.front().error), "with_group() did not return the first failure");
  }
  expect(!lost, "with_group() lost a failure");
  expect(!failures_.empty() || body_error || !result || node.skip_queued,
         "with_group() failed although nothing did");
  trace_.add(runtime_.now(), "left", name);
  trace_.add(runtime_.now(), result.message(), name);
  end(Canceled, Canceled);
}

}  // namespace errand::simulation
