// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/pipeline.h"

namespace errand {

const Error DownstreamEnded = Error::text("nobody reads any more");

namespace {

using Stage = ErrorFns::value_type;
using Scope = std::pair<Context, CancelFn>;

// Each stage's context lies below that of the stage it feeds: cancelling one reaches all upstream.
std::vector<Scope> nested_scopes(const Context& outermost, std::size_t count) {
  std::vector<Scope> scopes;
  for (std::size_t i = 0; i < count; ++i) {
    scopes.insert(scopes.begin(), with_cancel(i == 0 ? outermost : scopes.front().first));
  }
  return scopes;
}

// lint: outlives: pipeline() owns the stages and joins.
awaitable<Error> run_stage(Context pipeline_context, Stage& stage, Scope scope) {
  Error error;
  try {
    error = co_await stage(scope.first);
  } catch (...) {
    error = Error::from_exception(std::current_exception());
  }
  const bool stopped = scope.first.done() && !pipeline_context.done();
  scope.second(error ? error : DownstreamEnded);
  co_return stopped&& error.is(Canceled) ? Error() : error;
}

}  // namespace

// lint: outlives: the group is this coroutine's.
awaitable<Error> pipeline(Context context, ErrorFns stages) {
  auto body = [&stages](Group& group) -> awaitable<Error> {
    std::vector<Scope> scopes = nested_scopes(group.context(), stages.size());
    for (std::size_t i = 0; i < stages.size(); ++i) {
      auto child = [&stage = stages[i], scope = scopes[i]](Context c) {
        return run_stage(std::move(c), stage, scope);
      };
      group.go("", std::move(child));
    }
    co_return Error();
  };
  GroupOptions options;
  options.name = "pipeline";
  options.on_failure = OnFailure::keep_going;
  options.report = Report::all;
  co_return co_await with_group(std::move(context), std::move(options), std::move(body));
}

}  // namespace errand
