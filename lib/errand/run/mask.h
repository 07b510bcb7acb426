// SPDX-License-Identifier: Apache-2.0
//
// Keeps secrets off everything that is shown.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "errand/run/output.h"

namespace errand {

inline constexpr std::string_view kMask = "***";

// A set of texts that must not be seen. Grows only.
class Masker {
 public:
  // Empty values are no secrets.
  void add(const std::vector<std::string>& values);
  bool empty() const { return secrets_.empty(); }
  // `text` with kMask for each secret in it; of those that begin at one place, the longest.
  std::string mask(std::string_view text) const;
  // The same for what is only a part: appends to `shown`, and returns how many bytes at the end
  // may be the beginning of a secret and are not shown yet.
  std::size_t mask_part(std::string_view text, std::string& shown) const;

 private:
  enum class Match : std::uint8_t { none, whole, begun };
  // Of `rest`; `size` is how much a whole match takes.
  Match match(std::string_view rest, bool more_may_come, std::size_t& size) const;
  std::size_t mask_until(std::string_view text, bool more_may_come, std::string& shown) const;

  std::vector<std::string> secrets_;  // longest first
  std::array<bool, 256> begins_{};    // is it the first byte of one?
};

// Masks what passes through on its way to another sink; also what is split between two writes.
class MaskSink final : public OutputSink {
 public:
  // Both outlive it.
  MaskSink(const Masker& masker, OutputSink& next) : masker_(masker), next_(next) {}
  Error write(Stream stream, std::string_view bytes) override;
  bool behind() const override { return next_.behind(); }
  awaitable<void> caught_up(Context context) override {
    return next_.caught_up(std::move(context));
  }
  // Passes on what was kept because more might have come.
  Error finish();

 private:
  const Masker& masker_;
  OutputSink& next_;
  std::array<std::string, 2> kept_;  // by stream
  std::string shown_;
};

}  // namespace errand
