// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/placeholder.h"

#include <array>
#include <utility>

namespace errand {
namespace {

constexpr std::array<std::string_view, 7> kTexts = {"{}",   "{.}", "{/}", "{//}",
                                                    "{/.}", "{#}", "{%}"};

std::string_view base_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view without_extension(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::size_t slash = path.rfind('/');
  const bool in_base =
      dot != std::string_view::npos && (slash == std::string_view::npos || dot > slash);
  return in_base ? path.substr(0, dot) : path;
}

// As dirname(1) says it.
std::string_view folder_of(std::string_view path) {
  const auto trim = [](std::string_view text) {
    while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
    return text;
  };
  path = trim(path);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return trim(path.substr(0, slash + 1));
}

}  // namespace

std::string_view to_string(Placeholder placeholder) {
  return kTexts[static_cast<std::size_t>(placeholder)];
}

std::optional<Placeholder> placeholder_at(std::string_view text) {
  if (!text.starts_with('{')) return std::nullopt;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (text.starts_with(kTexts[i])) return static_cast<Placeholder>(i);
  }
  return std::nullopt;
}

bool has_placeholder(std::string_view text) {
  for (std::size_t at = 0; (at = text.find('{', at)) != std::string_view::npos; ++at) {
    if (placeholder_at(text.substr(at))) return true;
  }
  return false;
}

std::string value_of(Placeholder placeholder, std::string_view argument, std::uint64_t number) {
  switch (placeholder) {
    case Placeholder::whole:
      return std::string(argument);
    case Placeholder::no_extension:
      return std::string(without_extension(argument));
    case Placeholder::base:
      return std::string(base_of(argument));
    case Placeholder::folder:
      return std::string(folder_of(argument));
    case Placeholder::stem:
      return std::string(without_extension(base_of(argument)));
    case Placeholder::number:
      return std::to_string(number);
    case Placeholder::slot:
      return std::string(to_string(placeholder));
  }
  std::unreachable();
}

}  // namespace errand
