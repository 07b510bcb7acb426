// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/earlier_runs.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>
#include <tuple>
#include <utility>

#include "errand/events/replay.h"
#include "errand/io/line_reader.h"
#include "errand/journal/run_folder.h"

namespace errand {
namespace {

namespace fs = std::filesystem;

struct RunStart {
  WallTime time;
  Origin origin;
  std::string name;
};

struct StartReader final : Observer {
  void on(const RunEvent& event) override {
    if (const auto* run = std::get_if<RunStarted>(&event.kind)) {
      found.emplace(event.time, run->origin, run->name);
    }
  }
  std::optional<RunStart> found;
};

std::optional<RunStart> read_start(const std::string& log) {
  LineReader lines(log, LineReader::kLineBytesMax);
  const std::optional<std::string_view> first = lines.next();
  if (!first) return std::nullopt;
  std::istringstream text{std::string(*first)};
  StartReader start;
  replay(text, start);
  return std::move(start.found);
}

fs::path path_of(const Origin& origin) {
  return (fs::path(origin.folder) / origin.file).lexically_normal();
}

}  // namespace

std::vector<EarlierRun> earlier_runs(const std::string& runs, const Origin& origin,
                                     const std::string& name, std::size_t logs_read_max) {
  std::vector<EarlierRun> found;
  const bool in_file = !origin.file.empty();
  if (!in_file && name.empty()) return found;
  const fs::path path = path_of(origin);
  std::vector<std::string> ids = run_ids(runs);
  std::ranges::reverse(ids);
  if (ids.size() > logs_read_max) ids.resize(logs_read_max);
  for (const std::string& id : ids) {
    const std::string folder = (fs::path(runs) / id).string();
    const auto start = read_start(folder + "/" + std::string(kEventsFile));
    if (!start) continue;
    const Origin& its = start->origin;
    const bool is_one_of_them =
        in_file == !its.file.empty() && path_of(its) == path && (in_file || start->name == name);
    if (is_one_of_them) found.push_back({id, folder, start->time});
  }
  const auto later = [](const EarlierRun& a, const EarlierRun& b) {
    return std::tie(a.started, a.id) > std::tie(b.started, b.id);
  };
  std::ranges::sort(found, later);
  return found;
}

}  // namespace errand
