// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "errand/events/output.h"

namespace errand {

// Keeps the last lines of what passes through on its way to another sink, and counts it. Memory: a
// few times kTailBytes, and none for a silent attempt.
class TailSink final : public OutputSink {
 public:
  static constexpr std::size_t kTailBytes = 2048;
  static constexpr std::size_t kTailLines = 10;

  explicit TailSink(OutputSink& next) : next_(next) {}
  Error write(StdStream stream, std::string_view bytes) override;
  bool behind() const override { return next_.behind(); }
  awaitable<void> caught_up(Context context) override {
    return next_.caught_up(std::move(context));
  }
  // At most kTailLines whole lines (the first may be cut) of at most kTailBytes in all.
  std::string last_lines() const;
  // How much of StdStream::out has passed.
  std::uint64_t out_bytes() const { return out_bytes_; }

 private:
  OutputSink& next_;
  std::uint64_t out_bytes_ = 0;
  std::string kept_;
};

}  // namespace errand
