// SPDX-License-Identifier: Apache-2.0
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
namespace Catch {
using EventListenerBase = TestEventListenerBase;  // its name in Catch2 3
}
#endif
#include "support/watchdog.h"

namespace {

struct Watched : Catch::EventListenerBase {
  using Catch::EventListenerBase::EventListenerBase;
  void testCaseStarting(const Catch::TestCaseInfo& test) override {
    errand::test::watch_test(test.name, test.tagsAsString());
  }
  void testCaseEnded(const Catch::TestCaseStats& /*stats*/) override {
    errand::test::unwatch_test();
  }
};

CATCH_REGISTER_LISTENER(Watched)

}  // namespace

#if __has_include(<catch2/catch_all.hpp>)
int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
#endif
