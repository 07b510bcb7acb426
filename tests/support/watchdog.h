// SPDX-License-Identifier: Apache-2.0
//
// Ends a test binary whose test hangs, after printing what is still alive. Each TEST_CASE has 10
// seconds, in the end-to-end tests 60; a test that needs more has a tag such as [long:120] and a
// comment that says why. The limit stretches while other processes use the processors. Sanitizers
// and ERRAND_TEST_SLOWNESS (a factor) multiply the limit.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace errand::test {

// Printed if a test hangs while the object exists. `text` is called on the test's thread in a
// signal handler, as a last resort before the program is aborted; it must not wait for anything.
class AliveReport {
 public:
  explicit AliveReport(std::function<std::string()> text);
  AliveReport(const AliveReport&) = delete;
  AliveReport& operator=(const AliveReport&) = delete;
  ~AliveReport();

  std::string text() const { return text_(); }

 private:
  std::function<std::string()> text_;
};

// A global object that replaces the limit of 10 seconds for all tests of a binary.
struct TestLimit {
  explicit TestLimit(std::chrono::seconds limit);
};

// Returns N of the tag [long:N] in `tags`, otherwise `usual`.
std::chrono::seconds limit_of(std::string_view tags, std::chrono::seconds usual);

// Called by the main program around each TEST_CASE.
void watch_test(const std::string& name, std::string_view tags);
void unwatch_test();

}  // namespace errand::test
