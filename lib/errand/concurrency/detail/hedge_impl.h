// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "errand/concurrency/detail/fallible.h"
#include "errand/concurrency/hedge.h"
#include "errand/concurrency/joiners.h"

namespace errand {
namespace detail {

// All of hedge() but the attempts and their outcomes. One coroutine, run(), takes the decisions;
// attempts report their ends with ended(). A win wakes it at once. All other news wake it through a
// timer of class policy that is due now, so that whatever happens in the same instant is known
// first.
class HedgeRace {
 public:
  // Borrows the policy.
  HedgeRace(Context context, const HedgePolicy& policy);
  // An error stops the call before its first attempt.
  Error begin();
  // lint: outlives: hedge() owns the group.
  // Starts attempts with start(index) until the race is decided, and then cancels the group.
  awaitable<Error> run(Group& group, std::function<void(int index)> start);
  // `error` is empty for a value. False: it came too late to count.
  bool ended(int index, HedgeVerdict verdict, const Error& error);
  // The attempt whose outcome is the result. None: the result is error().
  std::optional<int> decisive() const { return decisive_; }
  Error error() const;

 private:
  enum class State : std::uint8_t { open, won, context_done, fatal, exhausted };
  void win(int index);
  void fail(int index, HedgeVerdict verdict, const Error& error);
  State decide();
  void start_due();
  void start_next();
  std::optional<TimePoint> next_after_start() const;
  bool may_hedge();
  void record_latency(int index);
  void schedule_step();
  Error losers_cause() const;
  TimePoint now() const { return context_.runtime().now(); }

  Context context_;
  const HedgePolicy& policy_;
  Parking parking_;
  Timer timer_;
  std::function<void(int)> start_;
  State state_ = State::open;
  std::map<int, TimePoint> running_;  // since when
  std::map<int, Error> errors_;
  int started_ = 0;
  int immediate_starts_ = 0;       // to non-fatal failures
  std::optional<TimePoint> next_;  // when the next attempt starts; none: there will be no more
  std::optional<int> fatal_;       // the first one
  std::optional<int> last_value_;
  std::optional<int> decisive_;
  bool news_ = false;  // for the next step
};

template <class T>
struct ClassifiedOutcome {
  Result<T> outcome;
  HedgeVerdict verdict;
};

// lint: outlives: the race joins its attempts.
template <class T, class F>
awaitable<ClassifiedOutcome<T>> run_and_classify(F& attempt, const HedgeOptions<T>& options,
                                                 Context context, int index) {
  try {
    Result<T> outcome = co_await attempt(std::move(context), index);
    const HedgeVerdict verdict = options.classify ? options.classify(outcome)
                                 : outcome        ? HedgeVerdict::win
                                                  : HedgeVerdict::non_fatal;
    co_return ClassifiedOutcome<T>{std::move(outcome), verdict};
  } catch (...) {
    Error thrown = Error::from_exception(std::current_exception());
    co_return ClassifiedOutcome<T>{std::unexpected(std::move(thrown)), HedgeVerdict::fatal};
  }
}

}  // namespace detail

template <class T, class F>
awaitable<Result<T>> hedge(Context context, HedgeOptions<T> options, F attempt) {
  detail::HedgeRace race(context, options);
  if (Error refused = race.begin()) co_return std::unexpected(std::move(refused));
  std::map<int, Result<T>> outcomes;
  auto run_attempt = [&](Context attempt_context, int index) -> awaitable<Error> {
    auto [outcome, verdict] =
        co_await detail::run_and_classify<T>(attempt, options, std::move(attempt_context), index);
    const bool counts = race.ended(index, verdict, detail::error_of(outcome));
    if (counts) outcomes.emplace(index, std::move(outcome));
    co_return Error();
  };
  auto body = [&](Group& group) {
    auto start = [&](int index) {
      auto child = [&run_attempt, index](Context c) { return run_attempt(std::move(c), index); };
      group.go(std::to_string(index), std::move(child));
    };
    return race.run(group, std::move(start));
  };
  GroupOptions group_options;
  group_options.name = "hedge";
  if (Error thrown = co_await with_group(context, std::move(group_options), std::move(body))) {
    co_return std::unexpected(std::move(thrown));
  }
  if (const std::optional<int> index = race.decisive()) co_return std::move(outcomes.at(*index));
  co_return std::unexpected(race.error());
}

}  // namespace errand
