// SPDX-License-Identifier: Apache-2.0
#include "errand/report/files/result_folder.h"

#include <array>
#include <utility>
#include <vector>

#include "errand/events/event_lines.h"
#include "errand/events/json_fields.h"
#include "errand/events/json_text.h"
#include "errand/report/files/encode_file_name.h"

namespace errand {

// One task's.
struct Results::Place {
  explicit Place(const std::string& path)
      : result(path + "/result.json"), out(path + "/stdout"), err(path + "/stderr") {}
  ResultFiles::File& operator[](Stream stream) { return stream == Stream::out ? out : err; }

  std::string result;
  ResultFiles::File out, err;
  Error error;        // why nothing is kept
  bool told = false;  // by an attempt that failed of it
};

// ---- output

class Results::Sink final : public OutputSink {
 public:
  Sink(Results& results, std::unique_ptr<OutputSink> next, std::shared_ptr<Place> place)
      : results_(results), next_(std::move(next)), place_(std::move(place)) {}
  Error write(Stream stream, std::string_view bytes) override {
    Error error = next_->write(results_.shown(stream), bytes);
    return error ? error : results_.append(*place_, stream, bytes);
  }
  bool behind() const override { return next_->behind(); }
  awaitable<void> caught_up(Context context) override {
    return next_->caught_up(std::move(context));
  }
  KeptOutput kept() override { return next_->kept(); }

 private:
  Results& results_;
  std::unique_ptr<OutputSink> next_;
  std::shared_ptr<Place> place_;
};

class Results::Held final : public HeldSink {
 public:
  Held(Results& results, std::unique_ptr<HeldSink> next, std::shared_ptr<Place> place)
      : results_(results),
        next_(std::move(next)),
        place_(std::move(place)),
        held_{SpillBuffer(results.space_), SpillBuffer(results.space_)} {}
  Error write(Stream stream, std::string_view bytes) override {
    Error error = next_->write(results_.shown(stream), bytes);
    if (error) return error;
    if (counts_) return results_.append(*place_, stream, bytes);
    return held_[stream == Stream::out ? 0 : 1].append(bytes);
  }
  bool behind() const override { return next_->behind(); }
  awaitable<void> caught_up(Context context) override {
    return next_->caught_up(std::move(context));
  }
  KeptOutput kept() override { return next_->kept(); }
  Error keep() override {
    if (std::exchange(counts_, true)) return {};
    Error error = next_->keep();
    results_.begin_files(*place_);
    for (const Stream stream : {Stream::out, Stream::err}) {
      if (!error) error = pass_on(stream, held_[stream == Stream::out ? 0 : 1]);
    }
    return error;
  }

 private:
  Error pass_on(Stream stream, SpillBuffer& from) {
    std::vector<char> part(std::size_t{64} * 1024);
    for (std::uint64_t at = 0; at < from.size();) {
      const Result<std::size_t> size = from.read(at, part);
      if (!size) return size.error();
      const std::string_view bytes(part.data(), *size);
      if (Error error = results_.append(*place_, stream, bytes)) return error;
      at += *size;
    }
    from.clear();
    return {};
  }

  Results& results_;
  std::unique_ptr<HeldSink> next_;
  std::shared_ptr<Place> place_;
  std::array<SpillBuffer, 2> held_;
  bool counts_ = false;
};

// ---- Results

Result<std::unique_ptr<Results>> Results::open(const std::string& folder, OutputTarget& next,
                                               SpillSpace& space) {
  Result<ResultFiles> files = ResultFiles::open(folder);
  if (!files) return std::unexpected(files.error());
  return std::unique_ptr<Results>(new Results(std::move(*files), next, space));
}

Results::Results(ResultFiles files, OutputTarget& next, SpillSpace& space)
    : files_(std::move(files)),
      next_(next),
      space_(space),
      merges_(next.capture() == Capture::merged) {}
Results::~Results() = default;

std::unique_ptr<OutputSink> Results::open(const Task& task, int attempt) {
  std::shared_ptr<Place> place = place_of(task);
  begin_files(*place);
  return std::make_unique<Sink>(*this, next_.open(task, attempt), std::move(place));
}

std::unique_ptr<HeldSink> Results::hold(const Task& task, int attempt) {
  const bool first = !places_.contains(task.id);
  std::shared_ptr<Place> place = place_of(task);
  if (first) begin_files(*place);
  return std::make_unique<Held>(*this, next_.hold(task, attempt), std::move(place));
}

void Results::begin_files(Place& place) {
  for (const Stream stream : {Stream::out, Stream::err}) {
    if (!place.error) place.error = files_.begin(place[stream]);
  }
}

Error Results::append(Place& place, Stream stream, std::string_view bytes) {
  Error error = place.error ? place.error : files_.append(place[stream], bytes);
  if (error) place.told = true;
  return error;
}

// ---- folders

std::shared_ptr<Results::Place> Results::place_of(const Task& task) {
  std::shared_ptr<Place>& place = places_[task.id];
  if (place) return place;
  std::string path;
  Error error = take_folder(task, path);
  place = std::make_shared<Place>(path);
  place->error = std::move(error);
  return place;
}

// Tasks may have equal names, arguments of exec mostly. Of those that have ended nothing is
// remembered here: a folder's result says whether it is of this run.
Error Results::take_folder(const Task& task, std::string& path) {
  path = path_of(task);
  const std::string own = path + "#" + std::to_string(task.number != 0 ? task.number : task.id);
  for (const std::string& one : {path, own}) {
    if (taken_.contains(one)) continue;
    const auto made = files_.make_folder(one);
    if (!made) return made.error();
    const std::string result = one + "/result.json";
    if (*made == ResultFiles::Made::before) {
      if (one != own && files_.read(result, mark_.size()) == mark_) continue;
      files_.remove(result);
    }
    path = one;
    break;
  }
  taken_.insert(path);
  return {};
}

std::string Results::path_of(const Task& task) const {
  std::string path = file_name_of(task.name);
  if (!plan_) return path;
  for (TaskId outer = task.parent; outer != 0; outer = plan_->task(outer).parent) {
    path.insert(0, file_name_of(plan_->task(outer).name) + "/");
  }
  return path;
}

// ---- events

void Results::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) begin(*started);
  if (const auto* ended = std::get_if<TaskEnded>(&event.kind)) end(*ended, event.time);
}

void Results::begin(const RunStarted& started) {
  JsonText(mark_).begin_object().member("run", started.id);
  mark_ += ',';
  plan_ = started.plan;
  if (!plan_) return;
  for (const Task& task : plan_->tasks()) {
    if (task.secrets) masker_.add(*task.secrets);
  }
}

void Results::end(const TaskEnded& ended, WallTime time) {
  const auto found = places_.extract(ended.task->id);
  if (!found) return;
  Place& place = *found.mapped();
  for (const Stream stream : {Stream::out, Stream::err}) files_.close(place[stream]);
  if (!place.error) place.error = files_.replace(place.result, result_of(ended, time));
  const std::string_view path = place.result;
  taken_.erase(std::string(path.substr(0, path.rfind('/'))));
  if (place.error && !place.told && !error_) error_ = place.error;
}

// The names of its fields are those of the report.
std::string Results::result_of(const TaskEnded& ended, WallTime time) {
  const Task& task = *ended.task;
  if (!plan_ && task.secrets) masker_.add(*task.secrets);
  const WallTime began = time - std::chrono::duration_cast<WallTime::duration>(ended.duration);
  std::string text = mark_;
  JsonText json(text);
  json.member("seq", task.number).member("name", task.full_name);
  json.member("command", shown_command(task, masker_));
  add_outcome(json, ended.state, ended.error.message(), ended.status);
  json.member("attempt_count", ended.attempts);
  json.member("flaky", ended.flaky).member("allowed", ended.allowed);
  json.member("started", rfc3339(began)).member("duration", ended.duration).end_object();
  return text + "\n";
}

}  // namespace errand
