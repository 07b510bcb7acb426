// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/single_flight.h"

#include <algorithm>
#include <vector>

namespace errand {

const Error ReentrantFlight = Error::text("a shared call waits for itself");

namespace detail {
namespace {

// Shared pointers, so that no later flight can have the identity of an earlier one that a context
// still names.
using Identities = std::vector<std::shared_ptr<const int>>;
const Key<Identities> kEnclosing;

Context inside(const Context& leader, const std::shared_ptr<const int>& identity) {
  const Identities* outer = leader.value(kEnclosing);
  Identities identities = outer ? *outer : Identities();
  identities.push_back(identity);
  return with_value(without_cancel(leader), kEnclosing, std::move(identities));
}

GroupOptions named() {
  GroupOptions options;
  options.name = "single flight";
  return options;
}

}  // namespace

Flight::Flight(const Context& leader)
    : identity_(std::make_shared<const int>(0)),
      group_(inside(leader, identity_), named()),
      over_(leader.runtime()) {}

bool Flight::encloses(const Context& context) const {
  const Identities* enclosing = context.value(kEnclosing);
  return enclosing && std::ranges::find(*enclosing, identity_) != enclosing->end();
}

void Flight::start(std::move_only_function<awaitable<void>(Context)> execution) {
  auto child = [this,
                execution = std::move(execution)](Context context) mutable -> awaitable<Error> {
    co_await execution(std::move(context));
    over_.set();
    co_return Error();
  };
  group_.go("execution", std::move(child));
}

void Flight::enter() {
  ++callers_;
  ++entered_;
}

awaitable<Error> Flight::wait(Context caller) {
  Error ended = co_await over_.wait(std::move(caller));
  if (!ended) co_await group_.wait();  // a turn at most: the child has nothing left to do
  co_return ended;
}

awaitable<void> Flight::abandon(Error cause) {
  group_.cancel(std::move(cause));
  co_await group_.wait();
}

}  // namespace detail
}  // namespace errand
