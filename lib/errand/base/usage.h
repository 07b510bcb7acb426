// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "errand/base/time.h"

namespace errand {

// What the kernel counted for a process and the children it waited for.
struct Usage {
  Duration user{}, system{};
  std::int64_t rss_bytes_max = 0;
  std::int64_t voluntary_switches = 0, involuntary_switches = 0;

  // Times and switches add up; of memory the most counts.
  Usage& operator+=(const Usage& other) {
    user = saturating_add(user, other.user);
    system = saturating_add(system, other.system);
    rss_bytes_max = std::max(rss_bytes_max, other.rss_bytes_max);
    voluntary_switches += other.voluntary_switches;
    involuntary_switches += other.involuntary_switches;
    return *this;
  }
};

}  // namespace errand
