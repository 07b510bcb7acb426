// SPDX-License-Identifier: Apache-2.0
//
// How errors read, and how they are asked.
#include <chrono>
#include <cstdio>
#include <string>

#include "errand/concurrency/joiners.h"
#include "errand/concurrency/virtual_runtime.h"

using namespace errand;
using namespace std::chrono_literals;

// [errors]
const Error Busy = Error::text("the disk is busy");

struct HttpStatus {  // a type of your own inside an error
  int code;
  std::string message() const { return "HTTP status " + std::to_string(code); }
};

awaitable<Error> show(Context context) {
  Error error = Error::wrap("save 'a.txt'", Busy);
  std::printf("%s; is Busy: %d\n", error.message().c_str(), error.is(Busy));

  error = Error::wrap("get /", Error::make(HttpStatus{503}));
  std::printf("%s; the code: %d\n", error.message().c_str(), error.as<HttpStatus>()->code);

  const Context limited = with_timeout(context, 1s, Busy).first;
  error = co_await limited.sleep(1h);
  std::printf("%s; is DeadlineExceeded: %d, is Busy: %d\n", error.message().c_str(),
              error.is(DeadlineExceeded), error.is(Busy));

  error = Aggregate::make({Busy, Error::text("no answer"), Busy});
  std::printf("%s; %zu errors\n", error.message().c_str(), error.errors().size());
  co_return Error();
}
// [end]

int main() {
  VirtualRuntime runtime;
  runtime.run(show(Context::background(runtime)));
}
