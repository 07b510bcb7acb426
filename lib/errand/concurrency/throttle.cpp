// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/throttle.h"

#include <algorithm>

namespace errand {

Throttle::Throttle(int max_tokens, double ratio) {
  if (max_tokens < 1 || max_tokens > 1000 || !(ratio > 0)) return;
  max_thousandths_ = max_tokens * 1000;
  // The small addend makes 0.29 come out as 290, not 289; more than the maximum is the maximum.
  ratio_thousandths_ = static_cast<int>(std::min(ratio, 1000.0) * 1000 + 1e-6);
  thousandths_ = max_thousandths_;
}

Error Throttle::check() const {
  if (max_thousandths_ > 0) return {};
  return Error::text("throttle: needs 1 to 1000 tokens and a ratio above 0");
}

void Throttle::on_success() {
  thousandths_ = std::min(max_thousandths_, thousandths_ + ratio_thousandths_);
}

bool Throttle::on_failure() {
  thousandths_ = std::max(0, thousandths_ - 1000);
  return allowed();
}

}  // namespace errand
