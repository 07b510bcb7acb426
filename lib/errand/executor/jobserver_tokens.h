// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "errand/process/jobserver/jobserver.h"
#include "errand/run/tokens.h"

namespace errand {

// A jobserver as the runner sees it, which outlives this.
class JobserverTokens final : public Tokens {
 public:
  explicit JobserverTokens(Jobserver& jobserver) : jobserver_(jobserver) {}
  bool try_take() override { return jobserver_.try_take(); }
  void give_back() override { jobserver_.give_back(); }
  void when_available(std::function<void()> notify) override {
    jobserver_.when_available(std::move(notify));
  }

 private:
  Jobserver& jobserver_;
};

}  // namespace errand
