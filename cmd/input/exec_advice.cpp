// SPDX-License-Identifier: Apache-2.0
#include "cmd/input/exec_advice.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "errand/shell/plain_command.h"
#include "errand/shell/shell_quote.h"

namespace errand::cmd {
namespace {

constexpr int kNotFound = 127;

// Has standard input, a pipe or a file, bytes that nothing has read?
bool has_unread_input() {
  struct stat status{};
  if (::fstat(STDIN_FILENO, &status) != 0) return false;
  if (S_ISREG(status.st_mode)) {
    const off_t at = ::lseek(STDIN_FILENO, 0, SEEK_CUR);
    return at >= 0 && at < status.st_size;
  }
  int bytes = 0;
  const bool is_pipe = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
  return is_pipe && ::ioctl(STDIN_FILENO, FIONREAD, &bytes) == 0 && bytes > 0;
}

// One command whose other words are options: `gzip`, `rm -f`. It waits for arguments.
bool lacks_arguments(const std::string& script) {
  const auto argv = plain_command(script);
  return argv && std::all_of(argv->begin() + 1, argv->end(),
                             [](const std::string& word) { return word.starts_with('-'); });
}

}  // namespace

ExecAdvice::ExecAdvice(std::vector<std::string> scripts, bool is_verbose, bool is_quiet, Say say)
    : scripts_(std::move(scripts)),
      is_verbose_(is_verbose),
      is_quiet_(is_quiet),
      say_(std::move(say)) {}

void ExecAdvice::on(const RunEvent& event) {
  if (const auto* task = std::get_if<TaskEnded>(&event.kind)) {
    if (task->status && task->status->shell_code() == kNotFound) not_found_ = true;
  }
  const auto* run = std::get_if<RunEnded>(&event.kind);
  if (!run) return;
  if (not_found_ && scripts_.size() > 1) {
    std::string joined;
    for (const std::string& script : scripts_) joined += (joined.empty() ? "" : " ") + script;
    say_(
        "each word of exec is a command of its own; one command with its arguments is one word: "
        "errand exec " +
        shell_quote(joined));
  }
  if (!is_quiet_ && is_unread_worth_a_line(run->exit_status != 0) && has_unread_input()) {
    say_(
        "note: nothing has read the data on standard input: a command of exec gets none; write "
        "<FILE in the script, or {} for an argument from each line");
  }
}

bool ExecAdvice::is_unread_worth_a_line(bool failed) const {
  const bool is_lone = scripts_.size() == 1 && lacks_arguments(scripts_.front());
  return is_verbose_ || failed || is_lone;
}

}  // namespace errand::cmd
