// SPDX-License-Identifier: Apache-2.0
//
// A cache that asks the database once, however many callers miss at the same time.
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "errand/concurrency/joiners.h"
#include "errand/concurrency/single_flight.h"
#include "errand/concurrency/virtual_runtime.h"

using namespace errand;
using namespace std::chrono_literals;

namespace {

// Stands for the database.
awaitable<Result<std::string>> query(Context context, std::string key) {
  std::printf("query %s\n", key.c_str());
  if (Error stopped = co_await context.sleep(100ms)) co_return std::unexpected(stopped);
  co_return "value of " + key;
}

}  // namespace

// [cache]
class Cache {
 public:
  awaitable<Result<std::string>> get(Context context, std::string key) {
    const auto found = values_.find(key);
    if (found != values_.end()) co_return found->second;
    auto fill = [this, key](Context shared) { return load(shared, key); };
    auto [value, is_shared] = co_await flights_.run(context, key, fill);
    co_return value;
  }

 private:
  awaitable<Result<std::string>> load(Context context, std::string key) {
    Result<std::string> value = co_await query(context, key);
    if (value) values_.emplace(key, *value);
    co_return value;
  }

  std::map<std::string, std::string> values_;
  SingleFlight<std::string, std::string> flights_;
};
// [end]

namespace {

awaitable<Error> ask(Context context, Cache& cache, std::string name, Duration patience) {
  const Context limited = with_timeout(context, patience).first;
  const Result<std::string> value = co_await cache.get(limited, "answer");
  std::printf("%s: %s\n", name.c_str(), value ? value->c_str() : value.error().message().c_str());
  co_return Error();
}

awaitable<Error> ask_all(Context context, Cache& cache) {
  auto body = [&cache](Group& group) -> awaitable<Error> {
    group.go("", [&cache](Context c) { return ask(c, cache, "impatient leader", 10ms); });
    group.go("", [&cache](Context c) { return ask(c, cache, "follower", 1s); });
    co_return Error();
  };
  const GroupOptions options;
  co_await with_group(context, options, body);
  co_return co_await ask(context, cache, "later caller", 10ms);
}

}  // namespace

int main() {
  VirtualRuntime runtime;
  Cache cache;
  runtime.run(ask_all(Context::background(runtime), cache));
}
