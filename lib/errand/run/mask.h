// SPDX-License-Identifier: Apache-2.0
//
// Keeps secrets off everything that is shown.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "errand/base/masker.h"
#include "errand/events/output.h"

namespace errand {

// Masks what passes through on its way to another sink; also what is split between two writes.
class MaskSink final : public OutputSink {
 public:
  // Both outlive it.
  MaskSink(const Masker& masker, OutputSink& next)
      : next_(next), streams_{MaskStream(masker), MaskStream(masker)} {}
  Error write(StdStream stream, std::string_view bytes) override;
  bool behind() const override { return next_.behind(); }
  awaitable<void> caught_up(Context context) override {
    return next_.caught_up(std::move(context));
  }
  // Passes on what was kept because more might have come.
  Error finish();

 private:
  OutputSink& next_;
  std::array<MaskStream, 2> streams_;
  std::string shown_;
};

}  // namespace errand
