// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/pushback.h"

#include <charconv>
#include <utility>

namespace errand {

Pushback Pushback::parse(std::string_view milliseconds) {
  std::int32_t number = 0;
  const char* const end = milliseconds.data() + milliseconds.size();
  const auto [stop, problem] = std::from_chars(milliseconds.data(), end, number);
  if (problem != std::errc() || stop != end) return never();
  return Pushback{std::chrono::milliseconds(number)};
}

std::string Pushback::message() const {
  return is_never() ? "asked not to come again"
                    : "asked to come again in " + format_duration(*delay);
}

Error with_pushback(Error error, Pushback pushback) {
  return Error::caused(std::move(error), Error::make(pushback));
}

}  // namespace errand
