// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "errand/base/error.h"
#include "errand/base/time.h"
#include "errand/concurrency/context.h"

namespace errand::simulation {

// What a context ought to say, by the rule alone: the first cause stands, and goes down to whatever
// is not done yet. Told of each cause in the moment it comes, just before the library is.
class Fate {
 public:
  explicit Fate(Fate* above) : above_(above) {
    if (!above_) return;
    above_->below_.push_back(this);
    if (above_->done) end(above_->at, above_->err, above_->cause);
  }
  Fate(const Fate&) = delete;
  Fate& operator=(const Fate&) = delete;
  ~Fate() {
    if (above_) std::erase(above_->below_, this);
    for (Fate* fate : below_) fate->above_ = nullptr;
  }

  void end(TimePoint now, const Error& with_err, const Error& with_cause) {
    if (done) return;
    done = true;
    at = now;
    err = with_err;
    cause = with_cause;
    if (on_end) on_end();
    for (Fate* fate : below_) fate->end(now, with_err, with_cause);
  }
  bool agrees_with(const Context& context) const {
    return context.done() == done && context.err() == err && context.cause() == cause;
  }
  // Does `error` say why? That is what operations on the context return.
  bool explains(const Error& error) const { return done && error.is(err) && error.is(cause); }

  bool done = false;
  TimePoint at;  // since when
  Error err, cause;
  std::function<void()> on_end;  // called before the library knows

 private:
  Fate* above_;
  std::vector<Fate*> below_;
};

}  // namespace errand::simulation
