// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/output_paths.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "cmd/cli/option_values.h"
#include "errand/base/escape_text.h"

namespace errand::cmd {
namespace {

namespace fs = std::filesystem;
using Status = struct ::stat;

// /dev/null and the like: any number of outputs may go there.
bool takes_everything(const Status& status) {
  constexpr unsigned kMemoryDevices = 1;
  return S_ISCHR(status.st_mode) && major(status.st_rdev) == kMemoryDevices;
}

std::string identity(const Status& status) {
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

// Where a file would be made: links that lead to no file yet are followed.
fs::path resolved(fs::path path) {
  constexpr int kLinksMax = 40;  // as in the kernel
  std::error_code failed;
  for (int i = 0; i < kLinksMax && fs::is_symlink(path, failed); ++i) {
    const fs::path target = fs::read_symlink(path, failed);
    if (failed) break;
    path = path.parent_path() / target;
  }
  return fs::weakly_canonical(fs::absolute(path, failed), failed);
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

class OutputPaths {
 public:
  explicit OutputPaths(const std::string& results) {
    if (!results.empty()) results_ = resolved(results);
    add_stream(STDOUT_FILENO, kStandardOutput);
    add_stream(STDERR_FILENO, "standard error");
  }

  // `writer` is the option that names `path`.
  Error add(const std::string& writer, const std::string& path) {
    if (path.empty()) return {};
    if (path == "-") return claim(kStandardOutput, writer, kStandardOutput);
    const std::string shown = "'" + escape_text(path) + "'";
    Status status{};
    if (::stat(path.c_str(), &status) != 0) return add_file(resolved(path), writer, shown);
    if (takes_everything(status)) return {};
    const bool names_descriptor = path.starts_with("/dev/") || path.starts_with("/proc/");
    const bool is_file = S_ISREG(status.st_mode) && !names_descriptor;
    if (Error error = is_file ? check_results(resolved(path), writer, shown) : Error())
      return error;
    const auto stream = streams_.find(identity(status));
    if (stream == streams_.end()) return claim(identity(status), writer, shown);
    if (is_file) return both(stream->second, writer, shown);
    return claim(stream->second, writer, shown);
  }

 private:
  static constexpr const char* kStandardOutput = "standard output";

  void add_stream(int fd, const char* name) {
    Status status{};
    if (::fstat(fd, &status) == 0 && !takes_everything(status))
      streams_.emplace(identity(status), name);
  }
  Error add_file(const fs::path& path, const std::string& writer, const std::string& shown) {
    if (Error error = check_results(path, writer, shown)) return error;
    return claim(path.string(), writer, shown);
  }
  Error check_results(const fs::path& path, const std::string& writer,
                      const std::string& shown) const {
    if (results_.empty() || !is_inside(path, results_)) return {};
    return Error::text(writer + " writes to " + shown +
                       ", which is inside of the folder of --results; write it elsewhere");
  }
  Error claim(const std::string& place, const std::string& writer, const std::string& shown) {
    const auto [first, is_first] = writers_.emplace(place, writer);
    return is_first ? Error() : both(first->second, writer, shown);
  }
  static Error both(const std::string& first, const std::string& second, const std::string& shown) {
    return Error::text(first + " and " + second + " both write to " + shown +
                       "; give each its own file");
  }

  fs::path results_;                            // empty: none
  std::map<std::string, std::string> streams_;  // files that are open already, with their names
  std::map<std::string, std::string> writers_;  // by place
};

}  // namespace

Error check_output_paths(const RunCommand& command) {
  OutputPaths paths(command.results);
  const bool appends = command.job_log.starts_with('+');
  Error error = paths.add("--joblog", command.job_log.substr(appends ? 1 : 0));
  if (!error) error = paths.add("--log-file", command.log_file);
  for (const ReportRequest& request : command.reports) {
    if (error) break;
    error = paths.add("--report " + std::string(name_of(request.kind)), request.path);
  }
  return error;
}

}  // namespace errand::cmd
