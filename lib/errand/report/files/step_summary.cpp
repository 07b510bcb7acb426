// SPDX-License-Identifier: Apache-2.0
#include "errand/report/files/step_summary.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "errand/io/unique_fd.h"
#include "errand/io/write_all.h"
#include "errand/report/render.h"

namespace errand {
namespace {

constexpr std::size_t kBlankLines = 2;  // around the text

}  // namespace

Error StepSummary::append() const {
  const auto failed = [this](int number) {
    return Error::system("step summary '" + path_ + "'", number);
  };
  const UniqueFd file(
      ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666));
  struct ::stat found{};
  if (!file || ::fstat(file.get(), &found) != 0) return failed(errno);
  const auto before = static_cast<std::size_t>(std::max<::off_t>(0, found.st_size));
  // What is before it may end without a newline, what comes after it is no row of its table.
  std::string text;
  render_markdown(
      recorder_.record(), [&text](std::string_view all) { text += all; },
      kMarkdownBytesMax - std::min(kMarkdownBytesMax, before + kBlankLines));
  if (!text.empty()) text = "\n" + text + "\n";
  return write_all(file.get(), text) ? Error() : failed(errno);
}

}  // namespace errand
