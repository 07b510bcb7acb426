// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
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

// Finds programs in PATH as execvp does, once for each name and value of PATH. Only what was found
// is remembered: a missing program may be installed by an earlier task.
class Programs {
 public:
  static constexpr std::size_t kRememberedMax = 1024;

  // What to give to execve. A name with a '/' is used as it is. Relative folders in PATH count from
  // `dir`. An ExecFailure where nothing executable was found.
  Result<std::string> find(const std::string& name, std::string_view path, const std::string& dir);
  // For a program that was found and has disappeared since.
  void forget(const std::string& name, std::string_view path);

 private:
  std::map<std::pair<std::string, std::string>, std::string, std::less<>> found_;  // by PATH, name
};

// The value of PATH in "K=V" strings; the system's default where there is none.
std::string_view search_path(const std::vector<std::string>& env);

}  // namespace errand
