// SPDX-License-Identifier: Apache-2.0
#include "cmd/print.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "cmd/cli/invocation.h"
#include "errand/base/escape_text.h"

namespace errand::cmd {

void print_errors(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& given : lines) {
    // What comes from files and arguments must not steer a terminal.
    for (std::size_t begin = 0; begin < given.size();) {
      const std::size_t end = std::min(given.find('\n', begin), given.size());
      text += escape_text(std::string_view(given).substr(begin, end - begin)) + "\n";
      begin = end + 1;
    }
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
}

int print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return 0;
  return kErrandFailed;
}

}  // namespace errand::cmd
