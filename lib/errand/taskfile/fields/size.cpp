// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/size.h"

#include <charconv>
#include <optional>

#include "errand/base/quoted_text.h"

namespace errand {
namespace {

constexpr std::uint64_t kSizeMax = std::uint64_t{1} << 62;

bool is_letter(char c, char lower) { return c == lower || c == lower - 'a' + 'A'; }

// How far to the left a unit shifts: "", "B", "K", "KB", "KiB", …
std::optional<unsigned> shift_of(std::string_view unit) {
  if (unit.empty() || (unit.size() == 1 && is_letter(unit.front(), 'b'))) return 0;
  constexpr std::string_view prefixes = "kmgt";
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    if (!is_letter(unit.front(), prefixes[i])) continue;
    const std::string_view rest = unit.substr(1);
    const bool plain = rest.empty() || (rest.size() == 1 && is_letter(rest.front(), 'b'));
    const bool binary = rest.size() == 2 && is_letter(rest[0], 'i') && is_letter(rest[1], 'b');
    if (plain || binary) return static_cast<unsigned>(10 * (i + 1));
  }
  return {};
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, digits);
  const auto shift = shift_of(text.substr(number.size()));
  double value = 0;
  const char* end = number.data() + number.size();
  const auto [rest, failed] = std::from_chars(number.data(), end, value, std::chars_format::fixed);
  if (!shift || number.empty() || failed != std::errc() || rest != end) {
    return std::unexpected(
        Error::text(task_file::quote(text) + " is not a size; write it as 512M, 2G or 65536"));
  }
  value *= static_cast<double>(std::uint64_t{1} << *shift);
  if (value < 1 || value > static_cast<double>(kSizeMax)) {
    return std::unexpected(
        Error::text(task_file::quote(text) + " is not between 1 byte and 4194304T"));
  }
  return static_cast<std::uint64_t>(value);
}

}  // namespace errand
