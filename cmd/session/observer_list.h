// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "errand/events/events.h"
#include "errand/io/writer.h"

namespace errand::cmd {

// Tells several observers of the same events, in order.
class ObserverList final : public Observer {
 public:
  void add(Observer& observer) { observers_.push_back(&observer); }
  void on(const RunEvent& event) override {
    for (Observer* observer : observers_) observer->on(event);
  }

 private:
  std::vector<Observer*> observers_;
};

// Tells an observer that writes to the screen, as long as somebody reads there.
class UntilOutputClosed final : public Observer {
 public:
  UntilOutputClosed(Writer& out, Observer& observer) : out_(out), observer_(observer) {}
  void on(const RunEvent& event) override {
    if (!out_.closed()) observer_.on(event);
  }

 private:
  Writer& out_;
  Observer& observer_;
};

}  // namespace errand::cmd
