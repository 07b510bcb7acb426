// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace errand {

// A budget of attempts shared with others, for example GNU make's jobserver.
class Tokens {
 public:
  virtual ~Tokens() = default;
  // One more attempt may start now. Never blocks.
  virtual bool try_take() = 0;
  // One that try_take() gave.
  virtual void give_back() = 0;
  // `tell` is called once, on the loop, when a token may be there again. A second call replaces it;
  // empty: forget it.
  virtual void when_available(std::function<void()> tell) = 0;
};

}  // namespace errand
