// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/shell_environment.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace errand {
namespace {

// Set anew by dash or bash when they are in the environment, or read by bash to change its ways; so
// are BASH_ENV and all that are called so.
constexpr auto kReset = std::to_array<std::string_view>(
    {"COMP_WORDBREAKS", "EPOCHREALTIME", "EPOCHSECONDS", "HISTCMD", "IFS", "LINENO", "OPTIND",
     "POSIXLY_CORRECT", "PPID", "RANDOM", "SHELLOPTS", "SRANDOM"});

bool is_reset(std::string_view name) {
  return name.starts_with("BASH") || std::ranges::find(kReset, name) != kReset.end();
}

bool is_shell_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool same_folder(const std::string& one, const char* other) {
  struct stat a{}, b{};
  return ::stat(one.c_str(), &a) == 0 && ::stat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

}  // namespace

bool survives_shell(const std::vector<std::string>& env) {
  bool has_path = false;
  for (const std::string& entry : env) {
    const std::string_view name = std::string_view(entry).substr(0, entry.find('='));
    if (!is_shell_name(name) || is_reset(name)) return false;
    // dash reads a % in it as a mark.
    if (name == "PATH") has_path = entry.find('%') == std::string::npos;
  }
  return has_path;
}

std::optional<std::string> shell_pwd(const std::optional<std::string>& given,
                                     const std::string& dir) {
  const char* here = dir.empty() ? "." : dir.c_str();
  if (given && given->starts_with('/') && same_folder(*given, here)) return given;
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(here, nullptr), &std::free);
  return real ? std::optional<std::string>(real.get()) : std::nullopt;
}

const std::optional<std::string>& ShellPwdCache::find(const std::optional<std::string>& given,
                                                      const std::string& dir) {
  struct stat now{};
  const bool exists = dir.empty() || ::stat(dir.c_str(), &now) == 0;
  std::pair key(given, dir);
  if (const auto at = known_.find(key); at != known_.end()) {
    const Known& known = at->second;
    const bool same = known.device == now.st_dev && known.number == now.st_ino;
    if (exists && same && known.pwd) return known.pwd;
  }
  if (known_.size() >= kRememberedMax) known_.clear();
  Known& known = known_[std::move(key)];
  known = {now.st_dev, now.st_ino, shell_pwd(given, dir)};
  return known.pwd;
}

}  // namespace errand
