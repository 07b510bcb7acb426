// SPDX-License-Identifier: Apache-2.0
//
// SingleFlight: callers that ask for the same thing at the same time share one execution.
// Go: golang.org/x/sync/singleflight. Differences: callers bring contexts, and the execution lives
// as long as one of them still wants it; calling oneself is an error and not a hang.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "errand/base/result.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"
#include "errand/concurrency/group.h"

namespace errand {

extern const Error ReentrantFlight;  // "a shared call waits for itself"

namespace detail {

// One execution and the callers that share it, who own it together: the last one to leave cancels
// and joins it.
class Flight {
 public:
  // The execution sees the values of `leader`, not its deadline and not its end.
  explicit Flight(const Context& leader);
  // Was `context` given to this execution, or derived from what was?
  bool encloses(const Context& context) const;
  // Runs `execution`, once.
  void start(std::move_only_function<awaitable<void>(Context)> execution);

  // For each caller: enter, then wait, which suspends until the execution has ended (none) or the
  // caller's context is done, then leave, which says whether that was the last one.
  void enter();
  awaitable<Error> wait(Context caller);
  bool leave() { return --callers_ == 0; }
  // Cancels the execution and suspends until it has ended.
  awaitable<void> abandon(Error cause);
  // Has more than one caller entered?
  bool shared() const { return entered_ > 1; }

 private:
  std::shared_ptr<const int> identity_;
  Group group_;
  Event over_;
  std::size_t callers_ = 0;
  std::size_t entered_ = 0;
};

}  // namespace detail

// Keys are ordered with <; V is copied to each caller. Outlives its callers; loop's thread only.
// Two executions that wait for each other without being inside one another are not found out.
template <class K, class V>
class SingleFlight {
 public:
  struct Outcome {
    Result<V> result;
    bool shared;  // did more than one caller get this result?
  };

  SingleFlight() = default;
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;

  // Runs function(context), an awaitable<Result<V>>, and gives its result to every caller that came
  // with `key` before it ended; only the first caller's function runs. Nothing is kept for later
  // calls. Suspends until that end, or until the caller's context is done: then done_error() at
  // once while others wait; the last one to leave cancels the execution, joins it and then gets
  // done_error(). The function's context has the first caller's values and no deadline.
  // ReentrantFlight for a call with the context of the execution that it would wait for. What the
  // function throws comes back to every caller as an error that raise() throws again.
  template <class F>
  awaitable<Outcome> run(Context context, K key, F function);

  // The next call with `key` starts a new execution; those who wait still get the result of theirs.
  void forget(const K& key) { flights_.erase(key); }

 private:
  struct Flight : detail::Flight {
    using detail::Flight::Flight;
    std::optional<Result<V>> result;
  };
  // Forgets `flight`, but not a newer one of the same key.
  void erase_flight(const K& key, const Flight& flight);
  template <class F>
  std::shared_ptr<Flight> start_flight(const Context& leader, const K& key, F function);

  std::map<K, std::shared_ptr<Flight>> flights_;
};

// ---- templates

template <class K, class V>
void SingleFlight<K, V>::erase_flight(const K& key, const Flight& flight) {
  const auto found = flights_.find(key);
  if (found != flights_.end() && found->second.get() == &flight) flights_.erase(found);
}

template <class K, class V>
template <class F>
auto SingleFlight<K, V>::start_flight(const Context& leader, const K& key, F function)
    -> std::shared_ptr<Flight> {
  auto flight = std::make_shared<Flight>(leader);
  flights_.emplace(key, flight);
  // Not an owner, or it would own itself; the callers keep it until the execution has ended.
  Flight* const raw = flight.get();
  auto execution = [this, key, raw,
                    function = std::move(function)](Context context) mutable -> awaitable<void> {
    try {
      raw->result.emplace(co_await function(std::move(context)));
    } catch (...) {
      raw->result.emplace(std::unexpect, Error::from_exception(std::current_exception()));
    }
    erase_flight(key, *raw);
  };
  flight->start(std::move(execution));
  return flight;
}

template <class K, class V>
template <class F>
auto SingleFlight<K, V>::run(Context context, K key, F function) -> awaitable<Outcome> {
  if (context.done()) co_return Outcome{std::unexpected(context.done_error()), false};
  const auto found = flights_.find(key);
  std::shared_ptr<Flight> flight = found == flights_.end() ? nullptr : found->second;
  if (flight && flight->encloses(context)) {
    co_return Outcome{std::unexpected(ReentrantFlight), false};
  }
  if (!flight) flight = start_flight(context, key, std::move(function));
  flight->enter();
  Error ended = co_await flight->wait(context);
  const bool last = flight->leave();
  if (!ended) co_return Outcome{*flight->result, flight->shared()};
  if (last) {
    erase_flight(key, *flight);
    co_await flight->abandon(ended);
  }
  co_return Outcome{std::unexpected(std::move(ended)), false};
}

}  // namespace errand
