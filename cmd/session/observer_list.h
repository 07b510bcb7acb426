// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
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

// The longest grace of the plan's tasks; of a stream's, those that have been started.
class LongestGrace final : public Observer {
 public:
  void on(const RunEvent& event) override {
    if (const auto* run = std::get_if<RunStarted>(&event.kind); run && run->plan) {
      for (const Task& task : run->plan->tasks()) take(task);
    }
    if (const auto* attempt = std::get_if<AttemptStarted>(&event.kind)) take(*attempt->task);
  }
  Duration value() const { return value_; }

 private:
  void take(const Task& task) {
    if (!task.is_group) value_ = std::max(value_, task.grace);
  }
  Duration value_{};
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
