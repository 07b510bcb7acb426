// SPDX-License-Identifier: Apache-2.0
#include "errand/executor/connect.h"

#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "errand/base/whole_number.h"
#include "errand/concurrency/event.h"
#include "errand/executor/lookup.h"

namespace errand {
namespace {

using asio::ip::tcp;

// The loop's too: its handlers may run after the coroutine has gone on.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(Runtime& runtime) : parking_(runtime), socket_(runtime.executor()) {}

  void begin(const std::string& host, const std::string& port);
  void abandon();
  awaitable<void> wait() { return parking_.park(); }
  void wake() { parking_.wake(); }
  bool ended() const { return ended_; }
  std::error_code error() const { return error_; }

 private:
  void look_up(const std::string& host, const std::string& port);
  void try_next();
  void end(std::error_code error);

  Parking parking_;
  std::optional<Lookup> lookup_;
  tcp::socket socket_;
  std::vector<tcp::endpoint> endpoints_;
  std::size_t next_ = 0;
  bool ended_ = false;
  std::error_code error_;  // the first one
};

std::vector<asio::ip::address> addresses(const std::string& host) {
  if (host == "localhost") {
    return {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  std::error_code error;
  const auto address =
      asio::ip::make_address(bracketed ? host.substr(1, host.size() - 2) : host, error);
  return error ? std::vector<asio::ip::address>() : std::vector{address};
}

void Connection::begin(const std::string& host, const std::string& port) {
  const std::optional<std::uint16_t> known_port = parse_whole_number<std::uint16_t>(port);
  if (known_port) {
    for (const auto& address : addresses(host)) endpoints_.emplace_back(address, *known_port);
  }
  if (endpoints_.empty()) {
    look_up(host, port);
  } else {
    try_next();
  }
}

void Connection::look_up(const std::string& host, const std::string& port) {
  auto found = [this](std::error_code error, Lookup::Endpoints endpoints) {
    if (error) return end(error);
    endpoints_ = std::move(endpoints);
    try_next();
  };
  lookup_.emplace(socket_.get_executor(), host, port, std::move(found));
}

void Connection::try_next() {
  if (next_ == endpoints_.size()) return end(error_);
  socket_.async_connect(endpoints_[next_++], [self = shared_from_this()](std::error_code error) {
    if (self->ended_) return;
    if (!error) return self->end({});
    if (!self->error_) self->error_ = error;
    self->socket_.close(error);
    self->try_next();
  });
}

void Connection::end(std::error_code error) {
  ended_ = true;
  error_ = error;
  socket_.close(error);
  parking_.wake();
}

void Connection::abandon() {
  ended_ = true;
  std::error_code ignored;
  socket_.close(ignored);
  lookup_.reset();
}

}  // namespace

awaitable<Error> connect_once(Context context, std::string host, std::string port) {
  if (context.done()) co_return context.done_error();
  const auto connection = std::make_shared<Connection>(context.runtime());
  const detail::CancelHook on_cancel(context, [&connection] { connection->wake(); });
  connection->begin(host, port);
  while (!connection->ended() && !context.done()) co_await connection->wait();
  if (!connection->ended()) {
    connection->abandon();
    co_return context.done_error();
  }
  if (!connection->error()) co_return Error();
  co_return Error::text("connect " + host + ":" + port + ": " + connection->error().message());
}

}  // namespace errand
