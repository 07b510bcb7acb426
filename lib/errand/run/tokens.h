// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace errand {

// A budget of attempts shared with others, for example GNU make's jobserver.
class Tokens {
 public:
  virtual ~Tokens() = default;
  virtual bool try_take() = 0;   // one more attempt may start now; never blocks
  virtual void give_back() = 0;  // one that try_take() gave
  // `notify` is called once, on the loop, when a token may be there again; a second call replaces
  // it, an empty function forgets it.
  virtual void when_available(std::function<void()> notify) = 0;
};

}  // namespace errand
