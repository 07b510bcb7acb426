// SPDX-License-Identifier: Apache-2.0
//
// A bounded crawl: pages lead to pages, two are fetched at a time, each once.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "errand/concurrency/joiners.h"
#include "errand/concurrency/virtual_runtime.h"

using namespace errand;
using namespace std::chrono_literals;

namespace {

using Links = std::vector<std::string>;

const std::map<std::string, Links> kSite = {
    {"/", {"/news", "/about", "/shop"}},
    {"/news", {"/", "/news/1", "/news/2"}},
    {"/about", {"/gone"}},
    {"/shop", {"/", "/about"}},
    {"/news/1", {"/news"}},
    {"/news/2", {}},
};

// Stands for the network.
awaitable<Result<Links>> get(Context context, std::string url) {
  if (Error stopped = co_await context.sleep(10ms)) co_return std::unexpected(stopped);
  const auto page = kSite.find(url);
  if (page == kSite.end()) co_return std::unexpected(Error::text("404"));
  co_return page->second;
}

}  // namespace

// [crawl]
class Crawl {
 public:
  explicit Crawl(Group& group) : group_(group) {}

  void visit(const std::string& url) {
    if (!seen_.insert(url).second) return;
    group_.go(url, [this, url](Context context) { return fetch(context, url); });
  }

 private:
  awaitable<Error> fetch(Context context, std::string url) {
    most_ = std::max(most_, ++active_);
    const Result<Links> links = co_await get(context, url);
    --active_;
    if (!links) co_return links.error();
    std::printf("%s (at most %d at a time)\n", url.c_str(), most_);
    for (const std::string& link : *links) visit(link);  // queues; never blocks
    co_return Error();
  }

  Group& group_;
  std::set<std::string> seen_;
  int active_ = 0;
  int most_ = 0;
};

awaitable<Error> crawl(Context context, std::string start) {
  GroupOptions options;
  options.limit = 2;
  options.on_failure = OnFailure::keep_going;  // a dead link does not end the crawl
  options.report = Report::all;
  Group group(context, options);
  Crawl pages(group);
  pages.visit(start);
  co_return co_await group.wait();  // also waits for what children start
}
// [end]

int main() {
  VirtualRuntime runtime;
  const Error error = runtime.run(crawl(Context::background(runtime), "/"));
  std::printf("%s after %s\n", error.message().c_str(), format_duration(runtime.elapsed()).c_str());
}
