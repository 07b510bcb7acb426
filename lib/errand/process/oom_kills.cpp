// SPDX-License-Identifier: Apache-2.0
#include "errand/process/oom_kills.h"

#include <fcntl.h>
#include <unistd.h>

#include <string_view>

#include "errand/base/whole_number.h"
#include "errand/io/unique_fd.h"

namespace errand {

std::optional<std::uint64_t> oom_kills() {
  constexpr std::string_view kName = "\noom_kill ";
  const UniqueFd file(::open("/proc/vmstat", O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  char buffer[16 * 1024];
  const ssize_t size = ::read(file.get(), buffer, sizeof buffer);  // one read gives all that fits
  if (size <= 0) return {};
  const std::string_view text(buffer, static_cast<std::size_t>(size));
  const std::size_t name = text.find(kName);
  if (name == text.npos) return {};
  const std::string_view rest = text.substr(name + kName.size());
  return parse_whole_number<std::uint64_t>(rest.substr(0, rest.find('\n')));
}

}  // namespace errand
