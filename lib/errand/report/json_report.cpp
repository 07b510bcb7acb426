// SPDX-License-Identifier: Apache-2.0
#include "errand/report/json_report.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "errand/report/json_fields.h"

namespace errand {

// Tasks are kept as the JSON they become: the smallest form in which they can wait for the end.
class JsonReport::Records {
 public:
  void on(const RunEvent& event, const RunStarted& started) {
    plan_ = started.plan;
    run_["id"] = started.id;
    run_["name"] = started.name;
    run_["mode"] = to_string(started.mode);
    started_ = event.time;
    if (plan_) entries_.resize(plan_->tasks().size());
  }
  void on(const RunEvent&, const TaskReady& ready) { entry(*ready.task); }
  void on(const RunEvent& event, const AttemptStarted& started) {
    entry(*started.task);
    running_[{started.task->id, started.attempt}] = event.time;
  }
  void on(const RunEvent& event, const AttemptEnded& ended);
  void on(const RunEvent&, const TaskEnded& ended);
  void on(const RunEvent&, const Notice&) {}
  void on(const RunEvent&, const RunEnded& ended) {
    run_["status"] = to_string(ended.state);
    run_["cause"] = run_cause(ended);
    run_["exit_status"] = ended.exit_status;
    run_["started"] = rfc3339(started_);
    run_["duration"] = seconds(ended.duration);
    end_the_rest(ended);
  }
  void write(Writer& writer) const;

 private:
  struct Entry {
    std::string attempts;  // objects joined with commas, until the end
    std::string task;      // the whole object, once it has ended
  };
  Entry& entry(const Task& task);
  void end_the_rest(const RunEnded& ended);

  const Plan* plan_ = nullptr;
  Json run_ = Json::object();
  WallTime started_;
  std::vector<Entry> entries_;          // of a plan by id, of a stream in order of coming
  std::map<TaskId, std::size_t> live_;  // of a stream: where tasks that have not ended are
  std::map<std::pair<TaskId, int>, WallTime> running_;  // attempts
};

JsonReport::Records::Entry& JsonReport::Records::entry(const Task& task) {
  if (plan_) return entries_[task.id];
  const auto [found, fresh] = live_.try_emplace(task.id, entries_.size());
  if (fresh) entries_.emplace_back();
  return entries_[found->second];
}

void JsonReport::Records::on(const RunEvent& event, const AttemptEnded& ended) {
  Json attempt;
  const auto began = running_.find({ended.task->id, ended.attempt});
  attempt["started"] = rfc3339(began == running_.end() ? event.time : began->second);
  if (began != running_.end()) running_.erase(began);
  attempt["duration"] = seconds(ended.duration);
  add_outcome(attempt, ended.state, ended.error, ended.status);
  attempt["rusage"] = usage_fields(ended.usage);
  std::string& attempts = entry(*ended.task).attempts;
  if (!attempts.empty()) attempts += ',';
  attempts += to_text(attempt);
}

void JsonReport::Records::on(const RunEvent&, const TaskEnded& ended) {
  Entry& record = entry(*ended.task);
  Json task;
  task["name"] = ended.task->full_name;
  if (ended.task->is_group) task["group"] = true;
  add_outcome(task, ended.state, ended.error, ended.status);
  add_ending(task, ended);
  record.task = to_text(task);
  record.task.pop_back();
  record.task += ",\"attempts\":[" + record.attempts + "]}";
  std::string().swap(record.attempts);
  live_.erase(ended.task->id);
}

// The runner ends every task. Should one be missing all the same, a reader must not have to guess.
void JsonReport::Records::end_the_rest(const RunEnded& ended) {
  if (!plan_) return;
  for (const Task& task : plan_->tasks().subspan(1)) {
    if (!entries_[task.id].task.empty()) continue;
    TaskEnded missing;
    missing.task = &task;
    missing.state = TaskState::canceled;
    missing.error = ended.cause ? ended.cause : ended.error;
    on(RunEvent{}, missing);
  }
}

void JsonReport::Records::write(Writer& writer) const {
  constexpr std::size_t kPieceBytes = 1 << 16;
  std::string text = "{\"version\":1,\n\"run\":" + to_text(run_) + ",\n\"tasks\":[";
  std::string_view separator = "\n";
  for (const Entry& record : entries_) {
    if (record.task.empty()) continue;  // the root
    text.append(separator).append(record.task);
    separator = ",\n";
    if (text.size() < kPieceBytes) continue;
    writer.write(text);
    text.clear();
  }
  writer.write(text + "\n]}\n");
}

JsonReport::JsonReport(ReportFile file)
    : file_(std::move(file)), records_(std::make_unique<Records>()) {}
JsonReport::~JsonReport() = default;

void JsonReport::on(const RunEvent& event) {
  std::visit([&](const auto& kind) { records_->on(event, kind); }, event.kind);
  if (!std::holds_alternative<RunEnded>(event.kind)) return;
  Writer& writer = file_.writer();
  writer.begin_line();
  records_->write(writer);
}

}  // namespace errand
