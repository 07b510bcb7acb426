// SPDX-License-Identifier: Apache-2.0
#include "errand/process/processors.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "errand/io/unique_fd.h"

namespace errand {
namespace {

constexpr std::size_t kAncestorsMax = 256;
constexpr double kNoQuota = std::numeric_limits<double>::infinity();

enum class Version { v1, v2 };

// Where a hierarchy with the cpu controller is mounted, and where in it this process is.
struct Hierarchy {
  Version version = Version::v2;
  std::string mount_point;
  std::string mounted;  // the folder of the hierarchy that is mounted there
  std::string group;
};

// Empty where it cannot be read. No stream: the first one costs as much as all the rest of this.
std::string contents(const std::string& path) {
  std::string text;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  for (char part[4096]; file;) {
    const ssize_t size = ::read(file.get(), part, sizeof part);
    if (size <= 0) break;
    text.append(part, static_cast<std::size_t>(size));
  }
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

bool lists(std::string_view text, std::string_view name) {
  const std::vector<std::string> names = split(text, ',');
  return std::ranges::find(names, name) != names.end();
}

// "\040" is a space.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const char* const digits = text.data() + i + 1;
    const bool escape = text[i] == '\\' && text.size() - i > 3;
    if (escape && std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3) {
      plain += static_cast<char>(code);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// "7:cpu,cpuacct:/a/b" or, for version 2, "0::/a/b".
std::vector<Hierarchy> groups(const std::string& root) {
  std::vector<Hierarchy> found;
  for (const std::string& line : split(contents(root + "/proc/self/cgroup"), '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) found.push_back({Version::v2, "", "", group});
    if (lists(controllers, "cpu")) found.push_back({Version::v1, "", "", group});
  }
  return found;
}

// "36 35 98:0 /mounted /mount/point rw,noatime master:1 - cgroup cgroup rw,cpu,cpuacct"
void add_mount(const std::string& line, std::vector<Hierarchy>& hierarchies) {
  const std::size_t dash = line.find(" - cgroup");
  if (dash == line.npos) return;
  const std::vector<std::string> before = split(line.substr(0, dash), ' ');
  const std::vector<std::string> after = split(line.substr(dash + 3), ' ');
  if (before.size() < 5 || after.size() < 3) return;
  for (Hierarchy& hierarchy : hierarchies) {
    const bool v2 = hierarchy.version == Version::v2;
    if (after[0] != (v2 ? "cgroup2" : "cgroup") || (!v2 && !lists(after[2], "cpu"))) continue;
    hierarchy.mounted = unescape(before[3]);
    hierarchy.mount_point = unescape(before[4]);
  }
}

double number(std::string_view text) {
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? value : -1;
}

std::string first_line(const std::string& path) {
  const std::string text = contents(path);
  return text.substr(0, text.find('\n'));
}

double quota_in(const std::string& folder, Version version) {
  std::string quota;
  std::string period;
  if (version == Version::v2) {
    const std::vector<std::string> words = split(first_line(folder + "/cpu.max"), ' ');
    quota = words.front();
    if (words.size() > 1) period = words[1];
  } else {
    quota = first_line(folder + "/cpu.cfs_quota_us");
    period = first_line(folder + "/cpu.cfs_period_us");
  }
  const double time = number(quota);  // "max", and -1 in version 1, are no limit
  const double of = number(period);
  return time > 0 && of > 0 ? time / of : kNoQuota;
}

// Below the mount point. A container may see a part of the hierarchy, or be outside of it.
std::string place(const Hierarchy& hierarchy) {
  const std::string& group = hierarchy.group;
  if (group.starts_with("/..")) return "";
  if (hierarchy.mounted == "/") return group == "/" ? "" : group;
  if (group == hierarchy.mounted) return "";
  return group.starts_with(hierarchy.mounted + "/") ? group.substr(hierarchy.mounted.size()) : "";
}

double smallest_quota(const Hierarchy& hierarchy, const std::string& root) {
  if (hierarchy.mount_point.empty()) return kNoQuota;
  std::string below = place(hierarchy);
  double smallest = kNoQuota;
  for (std::size_t i = 0; i < kAncestorsMax; ++i) {
    smallest =
        std::min(smallest, quota_in(root + hierarchy.mount_point + below, hierarchy.version));
    if (below.empty()) break;
    below.erase(below.rfind('/'));
  }
  return smallest;
}

}  // namespace

unsigned allowed_processors(unsigned affinity, const std::string& root) {
  std::vector<Hierarchy> hierarchies = groups(root);
  for (const std::string& line : split(contents(root + "/proc/self/mountinfo"), '\n'))
    add_mount(line, hierarchies);
  double allowed = std::max(affinity, 1U);
  for (const Hierarchy& hierarchy : hierarchies) {
    allowed = std::min(allowed, smallest_quota(hierarchy, root));
  }
  return std::max(1U, static_cast<unsigned>(std::ceil(allowed)));
}

}  // namespace errand
