// SPDX-License-Identifier: Apache-2.0
#include "errand/executor/lookup.h"

#include <asio/io_context.hpp>

#include "support/catch.h"

namespace errand::test {
namespace {

TEST_CASE("the loop runs until the addresses of a host are known") {
  asio::io_context loop;
  Lookup::Endpoints found;
  const Lookup lookup(loop.get_executor(), "127.0.0.1", "80",
                      [&](std::error_code error, Lookup::Endpoints endpoints) {
                        CHECK_FALSE(error);
                        found = std::move(endpoints);
                      });
  loop.run();
  REQUIRE(found.size() == 1);
  CHECK(found.front().address().to_string() == "127.0.0.1");
  CHECK(found.front().port() == 80);
}

TEST_CASE("a host or a port that there is not is an error") {
  for (const auto& [host, port] : {std::pair{"no host", "80"}, {"127.0.0.1", "no-such-service"}}) {
    CAPTURE(host, port);
    asio::io_context loop;
    std::error_code why;
    const Lookup lookup(loop.get_executor(), host, port,
                        [&](std::error_code error, const Lookup::Endpoints&) { why = error; });
    loop.run();
    CHECK(why);
  }
}

TEST_CASE("who has stopped a look-up hears nothing of it, and the loop waits for nothing") {
  asio::io_context loop;
  bool told = false;
  Lookup lookup(loop.get_executor(), "127.0.0.1", "80",
                [&](std::error_code, const Lookup::Endpoints&) { told = true; });
  lookup.stop();
  lookup.stop();
  loop.run();
  CHECK_FALSE(told);
}

TEST_CASE("the thread may outlive the look-up, and the loop") {
  for (int i = 0; i < 200; ++i) {
    asio::io_context loop;
    bool told = false;
    {
      const Lookup lookup(loop.get_executor(), "127.0.0.1", "80",
                          [&](std::error_code, const Lookup::Endpoints&) { told = true; });
      if (i % 2 == 0) loop.poll();
    }
    loop.restart();
    loop.run();
    if (i % 2 == 1) CHECK_FALSE(told);
  }
}

}  // namespace
}  // namespace errand::test
