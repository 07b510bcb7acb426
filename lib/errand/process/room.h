// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <string>

#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"

namespace errand {

// Where starts wait that the system had no room for: descriptors, processes, memory. First come,
// first served; whoever has found room lets the next one try, so that a wait costs one failed try
// for each process that ends. Loop's thread only.
class Room {
 public:
  // Without a process of ours whose end could make room: the first wait, doubled each time, and how
  // long altogether.
  static constexpr Duration kFirstDelay = std::chrono::milliseconds(10);
  static constexpr Duration kPatience = std::chrono::seconds(5);

  explicit Room(Runtime& runtime) : runtime_(runtime) {}

  // Is `number`, an errno value, one of those that pass?
  static bool is_lack(int number);
  // Waits for made(), or until the context is done. Who waits again goes before those who came
  // later.
  enum class Turn : std::uint8_t { first, again };
  awaitable<void> wait(Context context, Turn turn);
  // Something has ended: lets the first in the line try.
  void made();
  // What to tell the user of it, the first time; empty later.
  std::string tell_once(int number);

 private:
  Runtime& runtime_;
  std::list<Parking*> line_;
  bool told_ = false;
};

}  // namespace errand
