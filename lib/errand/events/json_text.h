// SPDX-License-Identifier: Apache-2.0
//
// JSON on its way out, appended to a text: no tree is built, so that an event costs no more than
// its bytes.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "errand/base/time.h"
#include "errand/events/events.h"

namespace errand {

// "2026-01-02T03:04:05.678Z".
std::string rfc3339(WallTime time);

// Writes what it is told in order, with commas where they belong. Always valid UTF-8: bytes that
// are not become U+FFFD. Durations are seconds, to the microsecond.
class JsonText {
 public:
  // Appends to `to`, which outlives it.
  explicit JsonText(std::string& to) : to_(to) {}

  JsonText& begin_object() { return begin('{'); }
  JsonText& end_object() { return end('}'); }
  JsonText& begin_array() { return begin('['); }
  JsonText& end_array() { return end(']'); }
  JsonText& key(std::string_view name);

  JsonText& value(std::string_view text);
  JsonText& value(const char* text) { return value(std::string_view(text)); }
  JsonText& value(Duration seconds);
  JsonText& value(std::same_as<bool> auto flag) { return raw(flag ? "true" : "false"); }
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  JsonText& value(Number number) {
    return raw(std::to_string(static_cast<std::int64_t>(number)));
  }
  JsonText& null() { return raw("null"); }
  // A text, or null where it is empty.
  JsonText& text_or_null(std::string_view text) { return text.empty() ? null() : value(text); }
  // What is JSON already.
  JsonText& raw(std::string_view json);

  template <class Value>
  JsonText& member(std::string_view name, Value&& of) {
    return key(name).value(std::forward<Value>(of));
  }

 private:
  JsonText& begin(char bracket);
  JsonText& end(char bracket);
  void separate();

  std::string& to_;
  bool comma_ = false;  // before what comes next
};

}  // namespace errand
