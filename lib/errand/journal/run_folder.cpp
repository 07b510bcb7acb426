// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "errand/io/unique_fd.h"

namespace errand {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOnlyOurs = 0700;

// Of those that began within one second, the one whose log changed last.
std::string newest(const std::string& runs, const std::vector<std::string>& ids) {
  constexpr std::size_t kSecond = 15;  // "20260102-030405"
  const std::string second = ids.back().substr(0, kSecond);
  std::string best = ids.back();
  fs::file_time_type best_time = fs::file_time_type::min();
  for (auto id = ids.rbegin(); id != ids.rend() && id->starts_with(second); ++id) {
    std::error_code failed;
    const auto changed = fs::last_write_time(fs::path(runs) / *id / kEventsFile, failed);
    if (failed || changed <= best_time) continue;
    best = *id;
    best_time = changed;
  }
  return best;
}

// Its errand has locked its log as long as it lives. None: it does; else locked by us, where there
// is a log.
std::optional<UniqueFd> lock(const std::string& folder, int how) {
  const std::string path = folder + "/" + std::string(kEventsFile);
  UniqueFd log(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (log && ::flock(log.get(), how | LOCK_NB) != 0 && errno == EWOULDBLOCK) return std::nullopt;
  return log;
}

// Like mkdir -p. Folders that are there keep their modes.
bool make_folders(const fs::path& path) {
  if (::mkdir(path.c_str(), kOnlyOurs) == 0 || errno == EEXIST) return true;
  if (errno != ENOENT || !path.has_parent_path() || path.parent_path() == path) return false;
  return make_folders(path.parent_path()) &&
         (::mkdir(path.c_str(), kOnlyOurs) == 0 || errno == EEXIST);
}

}  // namespace

std::vector<std::string> run_ids(const std::string& runs) {
  std::vector<std::string> ids;
  std::error_code failed;
  for (fs::directory_iterator at(runs, failed), end; !failed && at != end; at.increment(failed)) {
    ids.push_back(at->path().filename());
  }
  std::ranges::sort(ids);
  return ids;
}

Result<std::string> make_run_folder(const std::string& runs, const std::string& id) {
  const std::string folder = runs + "/" + id;
  const auto make = [&folder] { return ::mkdir(folder.c_str(), kOnlyOurs) == 0; };
  if (make() || (errno == ENOENT && make_folders(runs) && make())) return folder;
  return std::unexpected(Error::system("folder '" + folder + "'", errno));
}

bool is_running(const std::string& folder) { return !lock(folder, LOCK_SH); }

Result<UniqueFd> lock_run(const std::string& folder) {
  if (std::optional<UniqueFd> log = lock(folder, LOCK_EX)) return std::move(*log);
  return std::unexpected(Error::text("run '" + folder + "' still goes on"));
}

Result<std::string> find_run(const std::string& runs, const std::string& id) {
  const std::vector<std::string> ids = run_ids(runs);
  if (ids.empty()) return std::unexpected(Error::text("there are no runs in '" + runs + "'"));
  if (id == "last") return runs + "/" + newest(runs, ids);
  std::vector<std::string> found;
  for (const std::string& one : ids) {
    if (one == id) return runs + "/" + one;
    if (one.starts_with(id)) found.push_back(one);
  }
  if (found.size() == 1) return runs + "/" + found.front();
  if (found.empty()) {
    return std::unexpected(
        Error::text("no run's id begins with '" + id + "'; the last one is " + ids.back()));
  }
  return std::unexpected(Error::text(std::to_string(found.size()) + " runs' ids begin with '" + id +
                                     "', for example " + found.front() + " and " + found[1]));
}

}  // namespace errand
