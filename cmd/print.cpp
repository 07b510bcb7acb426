// SPDX-License-Identifier: Apache-2.0
#include "cmd/print.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string_view>

#include "cmd/cli/invocation.h"
#include "cmd/session/signals.h"
#include "errand/base/escape_text.h"
#include "errand/io/write_all.h"

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
  if (write_all(STDOUT_FILENO, text)) return 0;
  const int number = errno;
  if (number == EPIPE) return die_of(SIGPIPE);
  print_errors({"errand: " + write_failure("standard output", number).message()});
  return kErrandFailed;
}

}  // namespace errand::cmd
