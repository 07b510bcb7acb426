// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "errand/base/result.h"

namespace errand {

// Why a command did not become a running program.
struct ExecFailure {
  std::string text;  // "exec 'nosuch': No such file or directory"
  int number = 0;    // errno
  bool missing =
      false;  // the program itself is not there: what a shell calls 127, anything else 126
  std::string message() const { return text; }
};
Error exec_failure(std::string_view program, int number);  // "exec 'PROGRAM': ..."
Error chdir_failure(std::string_view folder, int number);  // "chdir 'FOLDER': ..."

// What to give to execve for a program: looked for in PATH as execvp does, each time anew, since
// the task before may have put another one there. A name with a '/' is used as it is. Relative
// folders in PATH count from `dir`. An ExecFailure where nothing executable was found.
Result<std::string> find_program(const std::string& name, std::string_view path,
                                 const std::string& dir);

// The value of PATH in "K=V" strings; the system's default where there is none.
std::string_view search_path(const std::vector<std::string>& env);

}  // namespace errand
