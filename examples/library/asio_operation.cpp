// SPDX-License-Identifier: Apache-2.0
//
// An operation of Asio under a context: when the context is done, the operation is cancelled.
#include <array>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <string>

#include "errand/concurrency/joiners.h"

using namespace errand;

// [operation]
using Socket = asio::local::stream_protocol::socket;

awaitable<Result<std::string>> read(Context context, Socket& socket) {
  const Registration stop = after_func(context, [&socket] { socket.cancel(); });
  std::array<char, 1024> buffer;
  std::error_code error;
  const std::size_t size = co_await socket.async_read_some(
      asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return std::string(buffer.data(), size);
  if (context.done()) co_return std::unexpected(context.done_error());
  co_return std::unexpected(Error::system("read", error.value()));
}
// [end]

namespace {

awaitable<Error> print_answer(Context context, Socket& socket) {
  const Result<std::string> answer = co_await read(context, socket);
  std::printf("%s\n", answer ? answer->c_str() : answer.error().message().c_str());
  co_return answer ? Error() : answer.error();
}

awaitable<Error> give_up(Context) { co_return Error::text("the user has left"); }

// Nobody writes to the other end.
awaitable<void> run(Runtime& runtime, Socket& socket) {
  auto body = [&socket](Group& group) -> awaitable<Error> {
    group.go("answer", [&socket](Context c) { return print_answer(c, socket); });
    group.go("user", give_up);
    co_return Error();
  };
  const Context context = Context::background(runtime);
  const GroupOptions options;
  const Error error = co_await with_group(context, options, body);
  std::printf("group: %s\n", error.message().c_str());
}

}  // namespace

int main() {
  asio::io_context loop(1);
  Runtime runtime(loop.get_executor());
  Socket ours(loop);
  Socket theirs(loop);
  asio::local::connect_pair(ours, theirs);
  asio::co_spawn(loop, run(runtime, ours), asio::detached);
  loop.run();
}
