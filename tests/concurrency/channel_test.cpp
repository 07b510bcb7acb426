// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/channel.h"

#include <memory>

#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");

auto send_all(Channel<int>& channel, std::vector<int> values) {
  return [&channel, values](Context ctx) -> awaitable<Error> {
    for (int value : values) {
      if (Error error = co_await channel.send(ctx, value)) co_return error;
    }
    co_return Error();
  };
}

awaitable<std::vector<int>> receive_all(Context ctx, Channel<int>& channel) {
  std::vector<int> received;
  while (true) {
    const Result<std::optional<int>> value = co_await channel.recv(ctx);
    if (!value || !*value) co_return received;
    received.push_back(**value);
  }
}

using Values = std::vector<int>;

TEST_CASE("a channel hands values over in their order, whatever its capacity") {
  for (std::size_t capacity : {0u, 1u, 2u, 100u}) {
    VirtualTest t;
    auto main = [&](Context ctx) -> awaitable<void> {
      Channel<int> channel(capacity);
      Group group(ctx);
      auto send = [&](Context c) -> awaitable<Error> {
        auto send = send_all(channel, {1, 2, 3, 4, 5});
        Error error = co_await send(c);
        channel.close();
        co_return error;
      };
      group.go("sender", send);
      const Values received = co_await receive_all(ctx, channel);
      CHECK(received == Values{1, 2, 3, 4, 5});
      CHECK_FALSE(co_await group.wait());
    };
    t.run(main(t.background()));
  }
}

TEST_CASE("a sender waits while the buffer is full") {
  VirtualTest t;
  auto main = [&](Context ctx) -> awaitable<void> {
    Channel<int> channel(2);
    Group group(ctx);
    Group::Handle sender = group.go("sender", send_all(channel, {1, 2, 3}));
    co_await ctx.sleep(1s);
    CHECK(channel.size() == 2);
    CHECK_FALSE(sender.ended());
    CHECK(**(co_await channel.recv(ctx)) == 1);
    co_await ctx.sleep(1s);
    CHECK(sender.ended());
    CHECK(channel.size() == 2);
    co_await group.wait();
  };
  t.run(main(t.background()));
}

TEST_CASE("without a buffer a sender waits for its receiver") {
  VirtualTest t;
  auto main = [&](Context ctx) -> awaitable<void> {
    Channel<int> channel(0);
    Group group(ctx);
    Group::Handle sender = group.go("sender", send_all(channel, {7}));
    co_await ctx.sleep(1s);
    CHECK_FALSE(sender.ended());
    CHECK(**(co_await channel.recv(ctx)) == 7);
    co_await group.wait();
  };
  t.run(main(t.background()));
}

TEST_CASE("receivers are served in the order they came") {
  VirtualTest t;
  auto main = [&](Context ctx) -> awaitable<void> {
    Channel<int> channel(1);
    Values received(3);
    Group group(ctx);
    for (int& slot : received) {
      group.go("", [&channel, &slot](Context c) -> awaitable<Error> {
        slot = **(co_await channel.recv(c));
        co_return Error();
      });
    }
    co_await ctx.sleep(1s);
    group.go("sender", send_all(channel, {1, 2, 3}));
    co_await group.wait();
    CHECK(received == Values{1, 2, 3});
  };
  t.run(main(t.background()));
}

TEST_CASE("a closed channel is drained first and then says so; senders are refused") {
  VirtualTest t;
  auto main = [&](Context ctx) -> awaitable<void> {
    Channel<int> channel(1);
    Group group(ctx);
    CHECK_FALSE(co_await channel.send(ctx, 1));
    Group::Handle waiting = group.go("sender", send_all(channel, {2}));
    co_await ctx.sleep(1s);
    channel.close();
    channel.close();
    co_await group.wait();
    CHECK(waiting.error() == ChannelClosed);
    CHECK(co_await channel.send(ctx, 3) == ChannelClosed);
    const Values received = co_await receive_all(ctx, channel);
    CHECK(received == Values{1});
    CHECK_FALSE((co_await channel.recv(ctx))->has_value());
  };
  t.run(main(t.background()));
}

TEST_CASE("closing wakes receivers") {
  VirtualTest t;
  auto main = [&](Context ctx) -> awaitable<void> {
    Channel<int> channel(1);
    Timer timer(ctx.runtime(), [&] { channel.close(); });
    timer.set_after(1s);
    CHECK((co_await receive_all(ctx, channel)).empty());
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 1s);
}

TEST_CASE("both ends wait only as long as their context") {
  VirtualTest t;
  auto main = [&](Context ctx) -> awaitable<void> {
    Channel<int> channel(0);
    const auto [first, cancel_first] = with_timeout(ctx, 1s, P);
    CHECK((co_await channel.send(first, 1)).is(P));
    const auto [second, cancel_second] = with_timeout(ctx, 1s, P);
    CHECK((co_await channel.recv(second)).error().is(DeadlineExceeded));
    Channel<int> roomy(1);
    CHECK((co_await roomy.send(second, 1)).is(P));
    CHECK(roomy.size() == 0);
    CHECK_FALSE(co_await roomy.send(ctx, 1));
    CHECK((co_await roomy.recv(second)).error().is(P));
    CHECK(roomy.size() == 1);
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 2s);
}

TEST_CASE("a value is not handed to a receiver whose context has ended") {
  VirtualTest t;
  auto main = [&](Context ctx) -> awaitable<void> {
    Channel<int> channel(1);
    const auto [leaving, cancel] = with_cancel(ctx);
    Group group(leaving);
    group.go("receiver", [&](Context c) -> awaitable<Error> {
      const Result<std::optional<int>> value = co_await channel.recv(c);
      CHECK_FALSE(value.has_value());
      co_return Error();
    });
    co_await ctx.sleep(1s);
    cancel(P);  // the receiver has not resumed yet
    CHECK_FALSE(co_await channel.send(ctx, 1));
    CHECK(channel.size() == 1);
    co_await group.wait();
  };
  t.run(main(t.background()));
}

TEST_CASE("a value handed over before the context ended is received and counts as sent") {
  VirtualTest t;
  auto main = [&](Context ctx) -> awaitable<void> {
    Channel<int> channel(0);
    const auto [leaving, cancel] = with_cancel(ctx);
    Group group(leaving);
    Group::Handle receiver = group.go("receiver", [&](Context c) -> awaitable<Error> {
      const Result<std::optional<int>> value = co_await channel.recv(c);
      co_return value ? Error() : value.error();
    });
    co_await ctx.sleep(1s);
    CHECK_FALSE(co_await channel.send(ctx, 1));
    cancel(P);
    co_await group.wait();
    CHECK(receiver.state() == ChildState::succeeded);
    Group senders(ctx);
    Group::Handle sender = senders.go("sender", send_all(channel, {2}));
    co_await ctx.sleep(1s);
    CHECK(**(co_await channel.recv(ctx)) == 2);
    senders.cancel(P);
    co_await senders.wait();
    CHECK(sender.state() == ChildState::succeeded);
  };
  t.run(main(t.background()));
}

TEST_CASE("values need only be movable") {
  VirtualTest t;
  auto main = [&](Context ctx) -> awaitable<void> {
    Channel<std::unique_ptr<int>> channel(1);
    CHECK_FALSE(co_await channel.send(ctx, std::make_unique<int>(7)));
    Result<std::optional<std::unique_ptr<int>>> value = co_await channel.recv(ctx);
    CHECK(***value == 7);
  };
  t.run(main(t.background()));
}

}  // namespace
}  // namespace errand::test
