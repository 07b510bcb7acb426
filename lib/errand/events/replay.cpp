// SPDX-License-Identifier: Apache-2.0
#include "errand/events/replay.h"

#include <time.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "errand/events/event_lines.h"
#include "errand/plan/edit/remaining_tasks.h"

namespace errand {
namespace {

using Json = nlohmann::json;

// What is wrong with a line; caught where lines are read.
struct NoEvent : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string text(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found == line.end() || found->is_null() ? std::string() : found->get<std::string>();
}

template <class Number>
Number number(const Json& line, const char* key, Number otherwise = 0) {
  return line.value(key, otherwise);
}

std::vector<std::string> words(const Json& line, const char* key) {
  return line.value(key, std::vector<std::string>());
}

bool flag(const Json& line, const char* key) { return line.value(key, false); }

Duration duration(const Json& line, const char* key) {
  const double seconds = number(line, key, 0.0);
  constexpr double kSecondsMax = 1e9;  // two of them are far from what Duration cannot hold
  if (!(std::abs(seconds) < kSecondsMax)) throw NoEvent("a time without an end");
  return std::chrono::microseconds(std::llround(seconds * 1e6));
}

template <class State, std::size_t N>
State one_of(const std::string& name, const std::array<State, N>& states) {
  for (const State state : states) {
    if (name == to_string(state)) return state;
  }
  throw NoEvent("'" + name + "' is unknown");
}

TaskState state(const Json& line) {
  constexpr std::array kStates = {TaskState::succeeded, TaskState::failed, TaskState::timed_out,
                                  TaskState::canceled, TaskState::skipped};
  return one_of(text(line, "status"), kStates);
}

Mode mode(const Json& line) {
  constexpr std::array kModes = {Mode::errgroup, Mode::aggregate, Mode::race};
  return one_of(text(line, "mode"), kModes);
}

Error error(const Json& line) {
  const std::string cause = text(line, "cause");
  return cause.empty() ? Error() : Error::text(cause);
}

std::optional<ExitStatus> status(const Json& line) {
  if (line.contains("exit_code")) return ExitStatus::exited(line["exit_code"].get<int>());
  if (line.contains("signal")) return ExitStatus::signaled(line["signal"].get<int>());
  return std::nullopt;
}

WallTime wall_time(const Json& line) {
  std::tm parts{};
  int milliseconds = 0;
  const std::string time = text(line, "time");
  const int found =
      std::sscanf(time.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &milliseconds);
  if (found != 7) throw NoEvent("'" + time + "' is no time");
  // A WallTime of nanoseconds ends in 2262; this leaves room for durations that are added.
  constexpr int kFirstYear = 1900, kLastYear = 2200;
  if (parts.tm_year < kFirstYear || parts.tm_year > kLastYear) {
    throw NoEvent("'" + time + "' is not between 1900 and 2200");
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return std::chrono::system_clock::from_time_t(::timegm(&parts)) +
         std::chrono::milliseconds(milliseconds);
}

Usage usage(const Json& line) {
  Usage usage;
  const auto found = line.find("rusage");
  if (found == line.end()) return usage;
  usage.user = duration(*found, "user");
  usage.system = duration(*found, "system");
  usage.rss_bytes_max = number<std::int64_t>(*found, "rss_bytes_max");
  usage.voluntary_switches = number<std::int64_t>(*found, "voluntary_switches");
  usage.involuntary_switches = number<std::int64_t>(*found, "involuntary_switches");
  return usage;
}

KeptOutput output(const Json& line) {
  KeptOutput kept;
  const auto found = line.find("output");
  if (found == line.end()) return kept;
  for (const Json& piece : found->at("pieces")) {
    kept.pieces.push_back({piece.at(0).get<std::uint64_t>(), piece.at(1).get<std::uint64_t>()});
  }
  kept.head = std::min(number(*found, "head", kept.pieces.size()), kept.pieces.size());
  kept.left_out = number<std::uint64_t>(*found, "left_out");
  return kept;
}

std::uint64_t from_hexadecimal(const std::string& digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

class Replay {
 public:
  explicit Replay(Observer& observer) : observer_(observer) {}

  void take(const Json& line) {
    const std::string event = line.at("event").get<std::string>();
    if (!started_) {
      if (event != "run_started") throw NoEvent("it begins with no run_started");
      return begin(line);
    }
    if (event == "task_planned") return plan(line);
    if (event == "earlier_ends") return earlier(line);
    if (!started_dispatched_) dispatch_start();
    dispatch(line, event);
  }
  bool begun() const { return started_.has_value(); }
  bool ended() const { return ended_; }
  // A log that was cut before its first task still has a run.
  void finish() {
    if (started_ && !started_dispatched_) dispatch_start();
  }

 private:
  void begin(const Json& line) {
    RunStarted run;
    if (number(line, "version", 0) != kEventLogVersion) {
      throw NoEvent("version " + line.value("version", Json()).dump() + " is not known here");
    }
    run.id = text(line, "id");
    run.name = text(line, "name");
    run.mode = mode(line);
    run.jobs = number(line, "jobs", 0U);
    run.trace.trace_id = text(line, "trace_id");
    run.trace.parent_id = text(line, "parent_id");
    run.origin = {text(line, "folder"), text(line, "file"), words(line, "task_options"),
                  words(line, "command")};
    is_stream_ = !line.contains("tasks");
    start_ = event_of(line);
    started_ = std::move(run);
    Task root;
    root.is_group = true;
    root.name = started_->name;
    root.mode = started_->mode;
    tasks_.push_back(std::move(root));
    ids_.emplace("", 0);
  }
  void earlier(const Json& line) {
    if (started_dispatched_) throw NoEvent("an earlier run is told of after the start");
    if (!earlier_) started_->earlier = earlier_ = std::make_shared<PriorResults>();
    earlier_->id = text(line, "run");
    const std::string what = text(line, "what");
    for (const Json& task : line.at("tasks")) {
      const std::string value = task.get<std::string>();
      if (what == "succeeded") ++earlier_->succeeded[from_hexadecimal(value)];
      if (what == "failed") earlier_->failed.insert(from_hexadecimal(value));
      if (what == "failed_names") earlier_->failed_names.insert(value);
      if (what == "known") earlier_->known.insert(from_hexadecimal(value));
    }
  }
  void plan(const Json& line) {
    if (started_dispatched_) throw NoEvent("a task is planned after the start");
    Task task = described(line);
    task.id = static_cast<TaskId>(tasks_.size());
    if (number(line, "id", task.id) != task.id) throw NoEvent("a task is missing before it");
    task.parent = id_of(text(line, "parent"));
    if (line.contains("needs")) {
      needs_.emplace_back(task.id, line["needs"].get<std::vector<std::string>>());
    }
    tasks_[task.parent].children.push_back(task.id);
    ids_.emplace(task.full_name, task.id);
    tasks_.push_back(std::move(task));
  }
  static Task described(const Json& line) {
    Task task;
    task.full_name = text(line, "task");
    task.name = task.full_name.substr(task.full_name.rfind('/') + 1);
    task.is_group = flag(line, "group");
    task.has_masked_name = flag(line, "masked_name");
    task.known_fingerprint = from_hexadecimal(text(line, "fingerprint"));
    if (task.is_group) {
      task.mode = mode(line);
    } else {
      task.run = Script{text(line, "command")};
    }
    if (flag(line, "service")) {
      static const std::shared_ptr<const Policy> kService = [] {
        auto policy = std::make_shared<Policy>();
        policy->service = true;
        return policy;
      }();
      task.policy = kService;
    }
    return task;
  }
  TaskId id_of(const std::string& name) const {
    const auto found = ids_.find(name);
    if (found == ids_.end()) throw NoEvent("there is no task '" + name + "'");
    return found->second;
  }
  void dispatch_start() {
    for (const auto& [id, names] : needs_) {
      for (const std::string& name : names) {
        const auto found = ids_.find(name);
        if (found != ids_.end()) tasks_[id].needs.push_back({found->second, Condition::success});
      }
    }
    started_dispatched_ = true;
    if (!is_stream_) {
      plan_.emplace(std::move(tasks_));
      started_->plan = &*plan_;
    }
    start_.kind = *started_;
    observer_.on(start_);
  }
  static RunEvent event_of(const Json& line) {
    return {wall_time(line), duration(line, "since_start"), RunStarted()};
  }
  void dispatch(const Json& line, const std::string& kind) {
    RunEvent event = event_of(line);
    std::optional<TaskId> over;
    if (kind == "task_ready") {
      event.kind = TaskReady{&task_of(line)};
    } else if (kind == "attempt_started") {
      event.kind =
          AttemptStarted{&task_of(line), number(line, "attempt", 1), number(line, "slot", 0),
                         flag(line, "hedge"), text(line, "span_id")};
    } else if (kind == "attempt_ended") {
      event.kind = AttemptEnded{&task_of(line),
                                number(line, "attempt", 1),
                                state(line),
                                status(line),
                                error(line),
                                duration(line, "duration"),
                                usage(line),
                                output(line),
                                0,
                                text(line, "last_lines")};
    } else if (kind == "task_ended") {
      event.kind = task_ended(line);
      if (is_stream_) over = task_of(line).id;
    } else if (kind == "notice") {
      event.kind = notice(line);
    } else if (kind == "run_ended") {
      event.kind = run_ended(line);
      ended_ = true;
    } else {
      return;  // of a version to come
    }
    observer_.on(event);
    if (over) streamed_.erase(*over);
  }
  const Task& task_of(const Json& line) {
    const auto id = number(line, "id", TaskId{0});
    if (!is_stream_) {
      if (id >= plan_->tasks().size()) throw NoEvent("there is no such task");
      return plan_->task(id);
    }
    auto& task = streamed_[id];
    if (!task) {
      task = std::make_unique<Task>(described(line));
      task->id = id;
    }
    return *task;
  }
  TaskEnded task_ended(const Json& line) {
    TaskEnded ended;
    ended.task = &task_of(line);
    ended.state = state(line);
    ended.error = error(line);
    ended.status = status(line);
    ended.attempts = number(line, "attempt_count", 0);
    ended.first_failure = flag(line, "first_failure");
    ended.flaky = flag(line, "flaky");
    const std::string flaky_cause = text(line, "flaky_cause");
    if (!flaky_cause.empty()) ended.flaky_cause = Error::text(flaky_cause);
    ended.allowed = flag(line, "allowed");
    ended.excluded = flag(line, "excluded");
    ended.succeeded_in = text(line, "succeeded_in");
    ended.same_as = text(line, "same_as");
    ended.duration = duration(line, "duration");
    ended.last_lines = text(line, "last_lines");
    return ended;
  }
  Notice notice(const Json& line) {
    const bool warning = text(line, "level") == "warning";
    return {warning ? Notice::Level::warning : Notice::Level::info,
            line.contains("task") ? &task_of(line) : nullptr, text(line, "text")};
  }
  static RunEnded run_ended(const Json& line) {
    RunEnded ended;
    ended.state = state(line);
    (ended.state == TaskState::succeeded ? ended.cause : ended.error) = error(line);
    ended.by_tasks = flag(line, "by_tasks");
    ended.exit_status = number(line, "exit_status", 0);
    ended.duration = duration(line, "duration");
    return ended;
  }

  Observer& observer_;
  RunEvent start_;
  std::optional<RunStarted> started_;
  std::shared_ptr<PriorResults> earlier_;  // started_'s
  bool started_dispatched_ = false, ended_ = false, is_stream_ = false;
  std::vector<Task> tasks_;  // until the start is told
  std::vector<std::pair<TaskId, std::vector<std::string>>> needs_;
  std::unordered_map<std::string, TaskId> ids_;
  std::optional<Plan> plan_;
  std::map<TaskId, std::unique_ptr<Task>> streamed_;
};

}  // namespace

Error not_an_event_log(const std::string& path, const ReplayResult& replayed) {
  const std::string why = replayed.problem.empty() ? "it is empty" : replayed.problem;
  return Error::text("'" + path + "' is no event log: " + why);
}

ReplayResult replay(std::istream& log, Observer& observer) {
  Replay replay(observer);
  ReplayResult result;
  std::string line;
  for (std::size_t number = 1; std::getline(log, line); ++number) {
    const std::string where = "line " + std::to_string(number);
    try {
      const Json json = Json::parse(line, nullptr, false);
      if (!json.is_object()) throw NoEvent(log.eof() ? "it is cut" : "it is no JSON object");
      replay.take(json);
    } catch (const std::exception& problem) {
      result.problem = where + " is no event: " + problem.what();
      break;
    }
    if (replay.ended()) break;
  }
  replay.finish();
  result.begun = replay.begun();
  result.ended = replay.ended();
  return result;
}

}  // namespace errand
