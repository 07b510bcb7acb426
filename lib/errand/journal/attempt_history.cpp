// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/attempt_history.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "errand/io/line_reader.h"
#include "errand/journal/earlier_runs.h"
#include "errand/journal/run_folder.h"

namespace errand {
namespace {

using Json = nlohmann::json;

struct AttemptEnd {
  std::string task;
  int attempt = 0;
  TaskState state = TaskState::failed;
  std::string why;
  Duration duration{};
};

std::optional<TaskState> state_of(std::string_view name) {
  constexpr std::array kMeasuredStates = {TaskState::succeeded, TaskState::timed_out,
                                          TaskState::canceled};
  const auto* found =
      std::ranges::find(kMeasuredStates, name, [](TaskState s) { return to_string(s); });
  return found == kMeasuredStates.end() ? std::nullopt : std::optional(*found);
}

std::string text(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Most lines are of no interest, which is found out without parsing them.
bool may_be_attempt_end(std::string_view line, const TaskNames& tasks) {
  constexpr std::string_view kEvent = R"("event":"attempt_ended")", kTask = R"("task":")";
  const std::size_t event = line.find(kEvent);
  if (event == line.npos) return false;
  const std::size_t task = line.find(kTask, event);
  if (task == line.npos) return false;
  const std::string_view rest = line.substr(task + kTask.size());
  const std::string_view name = rest.substr(0, rest.find_first_of("\\\""));
  const bool is_whole = rest.size() > name.size() && rest[name.size()] == '"';
  return !is_whole || tasks.contains(name);
}

// None: it is no end of an attempt, or of one that tells nothing.
std::optional<AttemptEnd> end_of(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || text(json, "event") != "attempt_ended") return std::nullopt;
  const auto state = state_of(text(json, "status"));
  const auto attempt = json.find("attempt");
  const auto duration = json.find("duration");
  if (!state || attempt == json.end() || !attempt->is_number_integer()) return std::nullopt;
  if (duration == json.end() || !duration->is_number()) return std::nullopt;
  const double seconds = duration->get<double>();
  constexpr double kSecondsMax = 1e9;
  if (!(seconds >= 0 && seconds < kSecondsMax)) return std::nullopt;
  return AttemptEnd{text(json, "task"), attempt->get<int>(), *state, text(json, "cause"),
                    std::chrono::microseconds(std::llround(seconds * 1e6))};
}

// Oldest first.
Durations durations_in(LineReader& log, const TaskNames& tasks) {
  Durations found;
  std::map<std::string, LatencySamples, std::less<>> attempts;
  while (const auto line = log.next()) {
    const auto end = may_be_attempt_end(*line, tasks) ? end_of(*line) : std::nullopt;
    if (!end || !tasks.contains(end->task)) continue;
    if (attempts[end->task].is_representative(end->attempt, end->state, end->why)) {
      found[end->task].push_back(end->duration);
    }
  }
  return found;
}

bool is_enough(const Durations& found, const TaskNames& tasks) {
  const auto full = [](const auto& of) { return of.second.size() >= kDurationsMax; };
  return found.size() == tasks.size() && std::ranges::all_of(found, full);
}

}  // namespace

Durations earlier_durations(const std::string& runs, const Origin& origin, const TaskNames& tasks,
                            std::uint64_t bytes_max) {
  Durations found;  // newest first, until the end
  if (tasks.empty()) return found;
  for (const EarlierRun& run : earlier_runs(runs, origin)) {
    LineReader log(run.folder + "/" + std::string(kEventsFile), bytes_max);
    for (const auto& [task, durations] : durations_in(log, tasks)) {
      std::vector<Duration>& all = found[task];
      all.insert(all.end(), durations.rbegin(), durations.rend());
      if (all.size() > kDurationsMax) all.resize(kDurationsMax);
    }
    bytes_max -= log.bytes();
    if (bytes_max == 0 || is_enough(found, tasks)) break;
  }
  for (auto& [task, durations] : found) std::ranges::reverse(durations);
  return found;
}

}  // namespace errand
