// SPDX-License-Identifier: Apache-2.0
#include "errand/process/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace errand {
namespace {

Error failure(std::string_view doing, std::string_view what, int number, bool missing) {
  std::string text(doing);
  text.append(" '").append(what).append("': ").append(std::generic_category().message(number));
  return Error::make(ExecFailure{std::move(text), number, missing});
}

// 0 when it can be executed, else errno.
int executable(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return EACCES;
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0) return 0;
  // Old seccomp profiles answer faccessat2() with EPERM; access() is known to all of them.
  return errno == EPERM && ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

}  // namespace

Error exec_failure(std::string_view program, int number) {
  return failure("exec", program, number, number == ENOENT);
}

Error chdir_failure(std::string_view folder, int number) {
  return failure("chdir", folder, number, false);
}

Result<std::string> find_program(const std::string& name, std::string_view path,
                                 const std::string& dir) {
  if (name.find('/') != std::string::npos) return name;
  if (name.empty()) return std::unexpected(exec_failure(name, ENOENT));
  int refusal = ENOENT;
  std::string candidate;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    candidate.assign(path, begin, end - begin);
    begin = end + 1;
    if (!candidate.empty()) candidate += '/';  // an empty one is the folder it runs in
    candidate += name;
    const bool relative = candidate.front() != '/';
    const int number = executable(relative && !dir.empty() ? dir + "/" + candidate : candidate);
    if (number == 0) return candidate;
    if (number == EACCES) refusal = EACCES;
  }
  return std::unexpected(exec_failure(name, refusal));
}

std::string_view search_path(const std::vector<std::string>& env) {
  for (const std::string& entry : env) {
    if (entry.starts_with("PATH=")) return std::string_view(entry).substr(5);
  }
  return "/bin:/usr/bin";  // what glibc's execvp uses
}

}  // namespace errand
