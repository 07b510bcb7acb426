// SPDX-License-Identifier: Apache-2.0
#include "errand/report/files/result_folder.h"

#include <array>
#include <utility>
#include <vector>

#include "errand/events/event_lines.h"
#include "errand/events/json_fields.h"
#include "errand/events/json_text.h"
#include "errand/events/task_text.h"
#include "errand/report/files/encode_file_name.h"

namespace errand {

// One task's.
struct ResultFolder::TaskFolder {
  explicit TaskFolder(const std::string& path)
      : result(path + "/result.json"), out(path + "/stdout"), err(path + "/stderr") {}
  ResultFiles::File& operator[](StdStream stream) { return stream == StdStream::out ? out : err; }

  std::string result;
  ResultFiles::File out, err;
  Error error;            // why nothing is kept
  bool reported = false;  // by an attempt that failed of it
};

// ---- output

class ResultFolder::Sink final : public OutputSink {
 public:
  Sink(ResultFolder& results, std::unique_ptr<OutputSink> next,
       std::shared_ptr<TaskFolder> task_folder)
      : results_(results), next_(std::move(next)), task_folder_(std::move(task_folder)) {}
  Error write(StdStream stream, std::string_view bytes) override {
    Error error = next_->write(results_.shown(stream), bytes);
    return error ? error : results_.append(*task_folder_, stream, bytes);
  }
  bool behind() const override { return next_->behind(); }
  awaitable<void> caught_up(Context context) override {
    return next_->caught_up(std::move(context));
  }
  KeptOutput kept() override { return next_->kept(); }

 private:
  ResultFolder& results_;
  std::unique_ptr<OutputSink> next_;
  std::shared_ptr<TaskFolder> task_folder_;
};

class ResultFolder::HeldFileSink final : public HeldSink {
 public:
  HeldFileSink(ResultFolder& results, std::unique_ptr<HeldSink> next,
               std::shared_ptr<TaskFolder> task_folder)
      : results_(results),
        next_(std::move(next)),
        task_folder_(std::move(task_folder)),
        held_{SpillBuffer(results.space_), SpillBuffer(results.space_)} {}
  Error write(StdStream stream, std::string_view bytes) override {
    Error error = next_->write(results_.shown(stream), bytes);
    if (error) return error;
    if (counts_) return results_.append(*task_folder_, stream, bytes);
    // What is shown can be cut short; a file that lacks something would be taken for the whole.
    if (results_.space_.is_full())
      return Error::text(
          "no room for the output of a hedged attempt; set TMPDIR to a folder that has");
    return held_[stream == StdStream::out ? 0 : 1].append(bytes);
  }
  bool behind() const override { return next_->behind(); }
  awaitable<void> caught_up(Context context) override {
    return next_->caught_up(std::move(context));
  }
  KeptOutput kept() override { return next_->kept(); }
  Error keep() override {
    if (std::exchange(counts_, true)) return {};
    Error error = next_->keep();
    results_.begin_files(*task_folder_);
    for (const StdStream stream : {StdStream::out, StdStream::err}) {
      if (!error) error = pass_on(stream, held_[stream == StdStream::out ? 0 : 1]);
    }
    return error;
  }

 private:
  Error pass_on(StdStream stream, SpillBuffer& from) {
    std::vector<char> part(std::size_t{64} * 1024);
    for (std::uint64_t at = 0; at < from.size();) {
      const Result<std::size_t> size = from.read(at, part);
      if (!size) return size.error();
      const std::string_view bytes(part.data(), *size);
      if (Error error = results_.append(*task_folder_, stream, bytes)) return error;
      at += *size;
    }
    from.clear();
    return {};
  }

  ResultFolder& results_;
  std::unique_ptr<HeldSink> next_;
  std::shared_ptr<TaskFolder> task_folder_;
  std::array<SpillBuffer, 2> held_;
  bool counts_ = false;
};

// ---- ResultFolder

Result<std::unique_ptr<ResultFolder>> ResultFolder::open(const std::string& folder,
                                                         OutputTarget& next, SpillSpace& space) {
  Result<ResultFiles> files = ResultFiles::open(folder);
  if (!files) return std::unexpected(files.error());
  return std::unique_ptr<ResultFolder>(new ResultFolder(std::move(*files), next, space));
}

ResultFolder::ResultFolder(ResultFiles files, OutputTarget& next, SpillSpace& space)
    : files_(std::move(files)),
      next_(next),
      space_(space),
      merges_(next.capture() == Capture::merged) {}
ResultFolder::~ResultFolder() = default;

std::unique_ptr<OutputSink> ResultFolder::open(const Task& task, int attempt) {
  std::shared_ptr<TaskFolder> task_folder = task_folder_of(task);
  begin_files(*task_folder);
  return std::make_unique<Sink>(*this, next_.open(task, attempt), std::move(task_folder));
}

std::unique_ptr<HeldSink> ResultFolder::hold(const Task& task, int attempt) {
  const bool first = !task_folders_.contains(task.id);
  std::shared_ptr<TaskFolder> task_folder = task_folder_of(task);
  if (first) begin_files(*task_folder);
  return std::make_unique<HeldFileSink>(*this, next_.hold(task, attempt), std::move(task_folder));
}

void ResultFolder::begin_files(TaskFolder& task_folder) {
  for (const StdStream stream : {StdStream::out, StdStream::err}) {
    if (!task_folder.error) task_folder.error = files_.begin(task_folder[stream]);
  }
}

Error ResultFolder::append(TaskFolder& task_folder, StdStream stream, std::string_view bytes) {
  Error error = task_folder.error ? task_folder.error : files_.append(task_folder[stream], bytes);
  if (error) task_folder.reported = true;
  return error;
}

// ---- folders

std::shared_ptr<ResultFolder::TaskFolder> ResultFolder::task_folder_of(const Task& task) {
  std::shared_ptr<TaskFolder>& task_folder = task_folders_[task.id];
  if (task_folder) return task_folder;
  std::string path;
  Error error = take_folder(task, path);
  task_folder = std::make_shared<TaskFolder>(path);
  task_folder->error = std::move(error);
  return task_folder;
}

// Tasks may have equal names, arguments of exec mostly. Of those that have ended nothing is
// remembered here: a folder's result says whether it is of this run.
Error ResultFolder::take_folder(const Task& task, std::string& path) {
  path = path_of(task);
  const std::string own = path + "#" + std::to_string(task.number != 0 ? task.number : task.id);
  for (const std::string& one : {path, own}) {
    if (taken_.contains(one)) continue;
    const auto made = files_.make_folder(one);
    if (!made) return made.error();
    const std::string result = one + "/result.json";
    if (*made == ResultFiles::FolderState::existed) {
      if (one != own && files_.read(result, mark_.size()) == mark_) continue;
      files_.remove(result);
    }
    path = one;
    break;
  }
  taken_.insert(path);
  return {};
}

std::string ResultFolder::path_of(const Task& task) const {
  std::string path = encode_file_name(task.name);
  if (!plan_) return path;
  for (TaskId outer = task.parent; outer != 0; outer = plan_->task(outer).parent) {
    path.insert(0, encode_file_name(plan_->task(outer).name) + "/");
  }
  return path;
}

// ---- events

void ResultFolder::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) begin(*started);
  if (const auto* ended = std::get_if<TaskEnded>(&event.kind)) end(*ended, event.time);
}

void ResultFolder::begin(const RunStarted& started) {
  JsonText(mark_).begin_object().member("run", started.id);
  mark_ += ',';
  plan_ = started.plan;
}

void ResultFolder::end(const TaskEnded& ended, WallTime time) {
  const auto found = task_folders_.extract(ended.task->id);
  if (!found) return;
  TaskFolder& task_folder = *found.mapped();
  for (const StdStream stream : {StdStream::out, StdStream::err}) files_.close(task_folder[stream]);
  if (!task_folder.error)
    task_folder.error = files_.replace(task_folder.result, result_of(ended, time));
  const std::string_view path = task_folder.result;
  taken_.erase(std::string(path.substr(0, path.rfind('/'))));
  if (task_folder.error && !task_folder.reported && !error_) error_ = task_folder.error;
}

// The names of its fields are those of the report.
std::string ResultFolder::result_of(const TaskEnded& ended, WallTime time) {
  const Task& task = *ended.task;
  const WallTime began = time - std::chrono::duration_cast<WallTime::duration>(ended.duration);
  std::string text = mark_;
  JsonText json(text);
  json.member("seq", task.number).member("name", task.full_name);
  json.member("command", command_text(task, EventLines::kCommandColumns));
  add_outcome(json, ended.state, ended.error.message(), ended.status);
  json.member("attempt_count", ended.attempts);
  json.member("flaky", ended.flaky).member("allowed", ended.allowed);
  json.member("started", rfc3339(began)).member("duration", ended.duration).end_object();
  return text + "\n";
}

}  // namespace errand
