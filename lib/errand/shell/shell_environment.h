// SPDX-License-Identifier: Apache-2.0
//
// What a command that is executed without a shell must find as if there had been one.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace errand {

// Would sh hand exactly these variables on to a command? Not names that no shell can have, nor
// those that it resets, and only with a PATH that says where programs are.
bool survives_shell(const std::vector<std::string>& env);

// PWD as a shell sets it that starts in `dir` (relative to our own folder; empty: that folder):
// what it was given if that names the folder, else the folder without symbolic links. None where
// there is no such folder.
std::optional<std::string> shell_pwd(const std::optional<std::string>& given,
                                     const std::string& dir);

// shell_pwd(), remembered: for our own folder for ever, for others as long as `dir` leads to the
// same one. Who renames a folder while tasks run in it finds its old name in PWD.
class ShellPwdCache {
 public:
  static constexpr std::size_t kRememberedMax = 256;
  const std::optional<std::string>& find(const std::optional<std::string>& given,
                                         const std::string& dir);

 private:
  struct Known {
    dev_t device = 0;
    ino_t number = 0;
    std::optional<std::string> pwd;
  };
  std::map<std::pair<std::optional<std::string>, std::string>, Known> known_;
};

}  // namespace errand
