// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace errand {

// The addresses of a host, asked for in a thread: getaddrinfo(3) waits for name servers that do not
// answer, and cannot be interrupted. Who asks through Asio waits for it again when the loop ends;
// this one is left alone. Not called from more than one thread.
class Lookup {
 public:
  using Endpoints = std::vector<asio::ip::tcp::endpoint>;
  using Found = std::function<void(std::error_code error, Endpoints endpoints)>;

  // Keeps the loop of `executor` running, and calls `found` there once, unless stop() or the
  // destructor comes first. Where no thread can be had the error says so.
  Lookup(asio::any_io_executor executor, std::string host, std::string port, Found found);
  ~Lookup() { stop(); }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  // `found` is not called any more. A second call does nothing.
  void stop();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace errand
