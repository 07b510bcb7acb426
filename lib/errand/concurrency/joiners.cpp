// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/joiners.h"

namespace errand {

const Error NothingToRun = Error::text("nothing to run");
const Error Superseded = Error::text("another one was first");

namespace detail {

awaitable<Error> join_body(Group& group, std::exception_ptr thrown, Error error) {
  if (thrown) error = Error::from_exception(thrown);
  if (error) group.cancel(error);
  const Error children = co_await group.wait();
  if (!error) co_return children;
  std::vector<Error> errors = {error};
  for (const Failure& failure : group.failures()) {
    if (!failure.echo) errors.push_back(failure.named());
  }
  co_return errors.size() == 1 ? error : Aggregate::make(std::move(errors));
}

}  // namespace detail

awaitable<Error> aggregate(Context context, ErrorFns functions) {
  GroupOptions options;
  options.on_failure = OnFailure::keep_going;
  options.report = Report::all;
  Group group(std::move(context), std::move(options));
  for (auto& function : functions) {
    auto child = [&function](Context c) { return function(std::move(c)); };
    group.go("", std::move(child));
  }
  co_return co_await group.wait();
}

}  // namespace errand
