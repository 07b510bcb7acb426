// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
  enum class Match : std::uint8_t { none, full, partial };
  // Of `rest`; `size` is how much a whole match takes.
  Match match(std::string_view rest, bool more_may_come, std::size_t& size) const;
  std::size_t mask_until(std::string_view text, bool more_may_come, std::string& shown) const;

  std::vector<std::string> secrets_;     // longest first
  std::array<bool, 256> first_bytes_{};  // is it the first byte of one?
};

}  // namespace errand
