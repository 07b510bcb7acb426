// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rapidcheck/Random.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "errand/base/time.h"

namespace errand::simulation {

// What a generator draws, one number after the other. All times are whole ticks, and few: things
// that happen in one instant are where the mistakes are.
class Draw {
 public:
  explicit Draw(const rc::Random& random) : random_(random) {}

  std::size_t below(std::size_t end) { return random_.next() % end; }
  std::size_t between(std::size_t least, std::size_t most) {
    return least + below(most - least + 1);
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  Duration ticks(std::size_t least, std::size_t most) {
    return std::chrono::seconds(between(least, most));
  }
  std::optional<Duration> maybe_ticks(unsigned percent, std::size_t least, std::size_t most) {
    if (!chance(percent)) return std::nullopt;
    return ticks(least, most);
  }
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[below(choices.size())];
  }

 private:
  rc::Random random_;
};

}  // namespace errand::simulation
