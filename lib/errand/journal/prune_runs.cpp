// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/prune_runs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <sstream>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "errand/base/fnv.h"
#include "errand/events/replay.h"
#include "errand/io/line_reader.h"
#include "errand/io/unique_fd.h"
#include "errand/journal/run_folder.h"

namespace errand {
namespace {

namespace fs = std::filesystem;

// A folder without a readable log may be that of a run that is just beginning.
constexpr std::chrono::minutes kBeginningTime{10};

// In the order in which they are removed.
enum class Kind : std::uint8_t { command_line, task_file, other };

struct KeptRun {
  fs::path folder;
  Kind kind = Kind::other;
  WallTime started;
  std::uint64_t bytes = 0;
  std::string file;  // the task file's path; empty: none
  bool failed = false;
  bool succeeded = false;
  bool wanted = false;  // never removed
};

struct RunReader final : Observer {
  explicit RunReader(KeptRun& found) : run(found) {}
  void on(const RunEvent& event) override {
    if (const auto* started = std::get_if<RunStarted>(&event.kind)) {
      run.started = event.time;
      const Origin& origin = started->origin;
      if (!origin.file.empty()) {
        run.file = (fs::path(origin.folder) / origin.file).lexically_normal().string();
      }
    } else if (const auto* ended = std::get_if<RunEnded>(&event.kind)) {
      run.failed = is_failure(ended->state);
      run.succeeded = ended->state == TaskState::succeeded;
    }
  }
  KeptRun& run;
};

// The last line that says how the run ended; empty: none. It is at the end, or nearly.
std::string last_line(const std::string& log) {
  constexpr ::off_t kEndBytes = 1 << 16;
  const UniqueFd file(::open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct ::stat found{};
  if (!file || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return {};
  std::string end(static_cast<std::size_t>(std::min(found.st_size, kEndBytes)), '\0');
  const ssize_t size =
      ::pread(file.get(), end.data(), end.size(), found.st_size - static_cast<::off_t>(end.size()));
  if (size < 0) return {};
  end.resize(static_cast<std::size_t>(size));
  const auto at = end.rfind("\"event\":\"run_ended\"");
  if (at == end.npos) return {};
  const auto before = end.rfind('\n', at);
  const std::size_t begin = before == end.npos ? 0 : before + 1;
  return end.substr(begin, end.find('\n', at) - begin);
}

// False: it has no log that can be read.
bool read_log(const std::string& log, KeptRun& run) {
  LineReader lines(log, LineReader::kLineBytesMax);
  const std::optional<std::string_view> first = lines.next();
  if (!first) return false;
  std::istringstream text(std::string(*first) + "\n" + last_line(log) + "\n");
  RunReader reader(run);
  if (!replay(text, reader).begun) return false;
  if (run.succeeded) run.kind = run.file.empty() ? Kind::command_line : Kind::task_file;
  return true;
}

std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t sum = 0;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    struct ::stat found{};
    if (::lstat(at->path().c_str(), &found) != 0 || !S_ISREG(found.st_mode)) continue;
    sum += static_cast<std::uint64_t>(found.st_size);
  }
  return sum;
}

std::vector<KeptRun> kept_runs(const std::string& runs, const std::string& keep, WallTime now) {
  std::vector<KeptRun> found;
  for (const std::string& id : run_ids(runs)) {
    KeptRun run;
    run.folder = fs::path(runs) / id;
    struct ::stat folder{};
    if (::lstat(run.folder.c_str(), &folder) != 0 || !S_ISDIR(folder.st_mode)) continue;
    run.started = std::chrono::system_clock::from_time_t(folder.st_mtime);
    const bool known = read_log((run.folder / kEventsFile).string(), run);
    run.bytes = bytes_in(run.folder);
    run.wanted = id == keep || (!known && now - run.started < kBeginningTime);
    found.push_back(std::move(run));
  }
  return found;
}

// `runs` are in the order of their starts.
void mark_wanted(std::vector<KeptRun>& runs, std::size_t files_max) {
  std::unordered_set<std::string> files;
  bool any_failed = false, any_other = false;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (run->failed && !std::exchange(any_failed, true)) run->wanted = true;
    if (!run->succeeded && !std::exchange(any_other, true)) run->wanted = true;
    if (run->file.empty() || files.size() >= files_max) continue;
    if (files.insert(run->file).second) run->wanted = true;
  }
}

bool is_ours(const fs::path& file) {
  const std::string name = file.filename();
  return name == kEventsFile || name == kOutputFile || name.ends_with(kLogEnd);
}

// Returns false if the run is active or being resumed. Its log stays locked until all is gone, so
// that nobody resumes half a run.
bool remove_run(const fs::path& folder) {
  Result<UniqueFd> lock = lock_run(folder.string());
  if (!lock) return false;
  std::error_code failed;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (is_ours(at->path())) files.push_back(at->path());
  }
  for (const fs::path& file : files) ::unlink(file.c_str());
  ::rmdir(folder.c_str());  // fails where something else is in it
  return true;
}

}  // namespace

void prune_runs(const std::string& runs, const std::string& keep, WallTime now,
                const PruneLimits& limits) {
  std::vector<KeptRun> kept = kept_runs(runs, keep, now);
  std::ranges::sort(kept, {}, [](const KeptRun& run) { return std::tie(run.started, run.folder); });
  mark_wanted(kept, limits.files);
  const auto is_old = [now](const KeptRun& run) { return now - run.started > kOldAfter; };
  std::size_t count = kept.size();
  auto old = static_cast<std::size_t>(std::ranges::count_if(kept, is_old));
  std::uint64_t bytes = 0;
  for (const KeptRun& run : kept) bytes += run.bytes;
  std::ranges::sort(kept, {},
                    [](const KeptRun& run) { return std::tie(run.kind, run.started, run.folder); });
  for (const KeptRun& run : kept) {
    const bool too_many = count > limits.runs || bytes > limits.bytes;
    if (run.wanted || (!too_many && !(is_old(run) && old > limits.old_runs))) continue;
    if (!remove_run(run.folder)) continue;
    --count;
    bytes -= run.bytes;
    if (is_old(run)) --old;
  }
}

// An id ends with random characters.
bool is_pruning_turn(std::string_view id) { return fnv1a(id) % kPruneOneIn == 0; }

}  // namespace errand
