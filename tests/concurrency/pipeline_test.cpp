// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/pipeline.h"

#include <stdexcept>
#include <string>

#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error E = Error::text("E");
const Error F = Error::text("F");
const Error P = Error::text("P");

using Values = std::vector<int>;

// Sends 0, 1, 2, … up to `end` and closes; notes why it stopped.
auto count_up_to(Channel<int>& out, int end, Error* cause = nullptr) {
  return [&out, end, cause](Context ctx) -> awaitable<Error> {
    Error error;
    for (int i = 0; i < end && !error; ++i) error = co_await out.send(ctx, i);
    if (cause) *cause = ctx.cause();
    out.close();
    co_return error;
  };
}

// Receives until the channel is drained, or `most` values.
auto collect(Channel<int>& in, Values& values, std::size_t most = 1000) {
  return [&in, &values, most](Context ctx) -> awaitable<Error> {
    while (values.size() < most) {
      Result<std::optional<int>> value = co_await in.recv(ctx);
      if (!value) co_return value.error();
      if (!*value) break;
      values.push_back(**value);
    }
    co_return Error();
  };
}

// Doubles, and fails with E where it is told to.
auto doubling(int fail_at = -1) {
  return [fail_at](Context ctx, int value) -> awaitable<Result<int>> {
    co_await ctx.sleep(1ms);
    if (value == fail_at) co_return std::unexpected(E);
    co_return 2 * value;
  };
}

TEST_CASE("#221 when the consumer stops, the producers are cancelled and joined") {
  VirtualTest t;
  Channel<int> a(0), b(0), c(0), out(0);
  Error causes[3];
  Values values;
  int stopped = 0;
  auto producers = [&](Context ctx) -> awaitable<Error> {
    Group group(ctx, GroupOptions());
    Channel<int>* channels[] = {&a, &b, &c};
    for (int i = 0; i < 3; ++i) {
      auto produce = [&, i](Context child) -> awaitable<Error> {
        Error error = co_await count_up_to(*channels[i], 1000, &causes[i])(child);
        ++stopped;
        co_return error;
      };
      group.go("", produce);
    }
    co_return co_await group.wait();
  };
  auto fan_in = [&](Context ctx) { return merge(ctx, {&a, &b, &c}, out); };
  const ErrorFns stages = {producers, fan_in, collect(out, values, 1)};
  CHECK_FALSE(t.run(pipeline(t.background(), stages)));
  CHECK(values == Values{0});
  CHECK(stopped == 3);
  for (const Error& cause : causes) CHECK(cause == DownstreamEnded);
  CHECK(out.closed());
}

TEST_CASE("#222 a failing stage cancels upstream with its error, and downstream drains") {
  VirtualTest t;
  Channel<int> in(1), out(10);
  Error upstream_cause;
  Values values;
  auto slowly = [&](Context ctx) -> awaitable<Error> {
    co_await ctx.sleep(1s);  // five results are waiting by then
    co_return co_await collect(out, values)(ctx);
  };
  auto middle = [&](Context ctx) { return stage(ctx, in, out, doubling(5)); };
  const ErrorFns stages = {count_up_to(in, 1000, &upstream_cause), middle, slowly};
  const Error error = t.run(pipeline(t.background(), stages));
  CHECK(error.is(E));
  CHECK(error.message() == "E");
  CHECK(upstream_cause == E);
  CHECK(values == Values{0, 2, 4, 6, 8});
  CHECK(t.elapsed() == 1s);
}

TEST_CASE("a pipeline without failures passes everything through") {
  VirtualTest t;
  Channel<int> in(1), between(1), out(1);
  Values values;
  auto first = [&](Context ctx) { return stage(ctx, in, between, doubling()); };
  auto second = [&](Context ctx) { return stage(ctx, between, out, doubling()); };
  const ErrorFns stages = {count_up_to(in, 4), first, second, collect(out, values)};
  CHECK_FALSE(t.run(pipeline(t.background(), stages)));
  CHECK(values == Values{0, 4, 8, 12});
  CHECK(t.elapsed() == 5ms);  // the stages work at the same time
}

TEST_CASE("a failing source lets the rest drain") {
  VirtualTest t;
  Channel<int> in(10), out(1);
  Values values;
  auto source = [&](Context ctx) -> awaitable<Error> {
    const detail::CloseOnExit<int> closes(in);
    co_await in.send(ctx, 1);
    co_await in.send(ctx, 2);
    throw std::runtime_error("bug");
    co_return Error();
  };
  auto middle = [&](Context ctx) { return stage(ctx, in, out, doubling()); };
  const Error error = t.run(pipeline(t.background(), {source, middle, collect(out, values)}));
  CHECK_THROWS_WITH(error.errors().front().raise(), "bug");
  CHECK(values == Values{2, 4});
}

TEST_CASE("a pipeline reports every failure that is not a consequence") {
  VirtualTest t;
  Channel<int> in(1), out(1);
  auto middle = [&](Context ctx) { return stage(ctx, in, out, doubling(0)); };
  auto sink = [&](Context ctx) -> awaitable<Error> {
    co_await ctx.sleep(1s);
    co_return F;
  };
  const Error error = t.run(pipeline(t.background(), {count_up_to(in, 100), middle, sink}));
  CHECK(error.message() == "[E, F]");
}

TEST_CASE("a cancelled pipeline says so") {
  VirtualTest t;
  Channel<int> in(0), out(0);
  Values values;
  auto main = [&](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_timeout(ctx, 10ms, P);
    auto middle = [&](Context c) { return stage(c, in, out, doubling()); };
    ErrorFns stages = {count_up_to(in, 1000), middle, collect(out, values)};
    const Error error = co_await pipeline(limited, std::move(stages));
    CHECK(error.is(DeadlineExceeded));
    CHECK(error.is(P));
    CHECK(error.message() == "context deadline exceeded: P");
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 10ms);
}

TEST_CASE("a pipeline of nothing has nothing to do") {
  VirtualTest t;
  CHECK_FALSE(t.run(pipeline(t.background(), {})));
}

TEST_CASE("merge passes on every value, each input in its order") {
  VirtualTest t;
  Channel<int> a(1), b(1), out(1);
  Values values;
  auto fan_in = [&](Context ctx) { return merge(ctx, {&a, &b}, out); };
  auto main = [&](Context ctx) -> awaitable<void> {
    Group group(ctx);
    group.go("a", count_up_to(a, 50));
    group.go("b", count_up_to(b, 70));
    group.go("merge", fan_in);
    CHECK_FALSE(co_await collect(out, values)(ctx));
    CHECK_FALSE(co_await group.wait());
  };
  t.run(main(t.background()));
  CHECK(values.size() == 120);
  CHECK(std::count(values.begin(), values.end(), 49) == 2);
  CHECK(std::count(values.begin(), values.end(), 69) == 1);
}

TEST_CASE("merge of no inputs closes its output") {
  VirtualTest t;
  Channel<int> out(1);
  CHECK_FALSE(t.run(merge(t.background(), std::vector<Channel<int>*>(), out)));
  CHECK(out.closed());
}

TEST_CASE("merge and stage end when their output is closed") {
  VirtualTest t;
  Channel<int> in(10), out(1);
  CHECK_FALSE(t.run(in.send(t.background(), 1)));
  CHECK_FALSE(t.run(in.send(t.background(), 2)));
  out.close();
  CHECK(t.run(merge(t.background(), std::vector<Channel<int>*>{&in}, out)).is(ChannelClosed));
  CHECK(t.run(stage(t.background(), in, out, doubling())).is(ChannelClosed));
}

TEST_CASE("a stage closes its output also when its function throws") {
  VirtualTest t;
  Channel<int> in(1), out(1);
  CHECK_FALSE(t.run(in.send(t.background(), 1)));
  auto throwing = [](Context, int) -> awaitable<Result<int>> {
    throw std::runtime_error("bug");
    co_return 1;
  };
  CHECK_THROWS_WITH(t.run(stage(t.background(), in, out, throwing)), "bug");
  CHECK(out.closed());
}

// ---- ordered

// Functions that take as many milliseconds as listed and give their index; a negative one fails
// then.
Fns<int> taking(std::vector<int> times) {
  Fns<int> functions;
  for (std::size_t i = 0; i < times.size(); ++i) {
    functions.push_back([i, time = times[i]](Context ctx) -> awaitable<Result<int>> {
      if (Error stopped = co_await ctx.sleep(std::abs(time) * 1ms))
        co_return std::unexpected(stopped);
      if (time < 0) co_return std::unexpected(E);
      co_return static_cast<int>(i);
    });
  }
  return functions;
}

TEST_CASE("#103 results reach the sink one at a time in the order of the functions") {
  VirtualTest t;
  Values values;
  bool busy = false;
  auto sink = [&](int value) -> awaitable<Error> {
    CHECK_FALSE(busy);
    busy = true;
    co_await t.background().sleep(10ms);
    busy = false;
    values.push_back(value);
    co_return Error();
  };
  CHECK_FALSE(t.run(ordered(t.background(), taking({50, 10, 30, 20, 40}), sink)));
  CHECK(values == Values{0, 1, 2, 3, 4});
  CHECK(t.elapsed() == 100ms);
}

TEST_CASE("#103 a sink that throws does not block the producers") {
  for (std::optional<std::size_t> limit :
       {std::optional<std::size_t>(), std::optional<std::size_t>(1)}) {
    VirtualTest t;
    int calls = 0;
    auto sink = [&](int) -> awaitable<Error> {
      ++calls;
      throw std::runtime_error("bug");
      co_return Error();
    };
    GroupOptions options;
    options.limit = limit;
    const Error error = t.run(ordered(t.background(), taking({10, 20, 30}), sink, options));
    CHECK(error.message() == "bug");
    CHECK(calls == 1);
    CHECK(t.elapsed() == 10ms);  // what still ran has been cancelled
  }
}

TEST_CASE("a limit of one serves the sink too") {
  VirtualTest t;
  Values values;
  auto sink = [&](int value) -> awaitable<Error> {
    values.push_back(value);
    co_return Error();
  };
  GroupOptions options;
  options.limit = 1;
  CHECK_FALSE(t.run(ordered(t.background(), taking({30, 20, 10}), sink, options)));
  CHECK(values == Values{0, 1, 2});
  CHECK(t.elapsed() == 60ms);
  options.limit = 0;
  CHECK(t.run(ordered(t.background(), taking({1}), sink, options)) == LimitIsZero);
}

TEST_CASE("after a failure the sink gets what came before it, or all the rest") {
  VirtualTest t;
  Values values;
  auto sink = [&](int value) -> awaitable<Error> {
    values.push_back(value);
    co_return Error();
  };
  CHECK(t.run(ordered(t.background(), taking({10, 20, -30, 25}), sink)).is(E));
  CHECK(values == Values{0, 1});
  values.clear();
  GroupOptions options;
  options.on_failure = OnFailure::keep_going;
  CHECK(t.run(ordered(t.background(), taking({10, 20, -30, 25}), sink, options)).is(E));
  CHECK(values == Values{0, 1, 3});
}

}  // namespace
}  // namespace errand::test
