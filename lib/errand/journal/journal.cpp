// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "errand/io/write_all.h"
#include "errand/journal/prune_runs.h"
#include "errand/journal/run_folder.h"

namespace errand {
namespace {

constexpr mode_t kOnlyOurs = 0600;
constexpr std::uint64_t kLargeBytes = 16 << 20;

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(Runtime& runtime, const std::string& runs,
                                               const std::string& id,
                                               std::uint64_t event_bytes_max) {
  const Result<std::string> folder = make_run_folder(runs, id);
  if (!folder) return std::unexpected(folder.error());
  const std::string path = *folder + "/" + std::string(kEventsFile);
  UniqueFd events(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOnlyOurs));
  if (!events) return std::unexpected(Error::system("'" + path + "'", errno));
  ::flock(events.get(), LOCK_EX | LOCK_NB);  // tells others that this run goes on
  return std::unique_ptr<Journal>(
      new Journal(runtime, runs, id, std::move(events), event_bytes_max));
}

Journal::Journal(Runtime& runtime, std::string runs, std::string id, UniqueFd events,
                 std::uint64_t event_bytes_max)
    : runs_(std::move(runs)),
      id_(std::move(id)),
      folder_(runs_ + "/" + id_),
      events_(std::move(events)),
      event_bytes_max_(event_bytes_max),
      output_(folder_, std::string(kOutputFile)),
      timer_(runtime, [this] { write(); }) {}

Journal::~Journal() = default;

void Journal::on(const RunEvent& event) {
  if (const auto* run = std::get_if<RunStarted>(&event.kind)) is_stream_ = run->plan == nullptr;
  if (const auto* attempt = std::get_if<AttemptEnded>(&event.kind)) log_names_.note(*attempt);
  if (const auto* task = std::get_if<TaskEnded>(&event.kind)) write_log(*task);
  if (error_) return;
  if (bytes_ > event_bytes_max_ && !limited_) note_limit(event);
  if (limited_ && !wanted(event.kind)) return;
  const std::string_view lines = lines_.format(event);
  bytes_ += lines.size();
  buffer_ += lines;
  if (buffer_.size() >= kBufferBytes) return write();
  if (!timer_.armed()) timer_.set_after(kWriteAfter);
}

void Journal::note_limit(const RunEvent& event) {
  limited_ = true;
  const std::string what = is_stream_ ? "the ends of tasks that do not succeed" : "ends";
  buffer_ += lines_.format({event.time, event.since_start,
                            Notice{Notice::Level::warning, nullptr,
                                   "the journal is large; from here on it has only " + what}});
}

bool Journal::wanted(const EventKind& kind) const {
  if (const auto* task = std::get_if<TaskEnded>(&kind)) {
    return !is_stream_ || (task->state != TaskState::succeeded && !task->excluded);
  }
  return std::holds_alternative<RunEnded>(kind);
}

void Journal::write() {
  timer_.cancel();
  output_.flush();  // before the events that point into it
  if (!error_ && !write_all(events_.get(), buffer_)) {
    error_ = Error::system("journal '" + folder_ + "'", errno);
  }
  buffer_.clear();
}

// ---- logs of failed tasks

void Journal::write_log(const TaskEnded& ended) {
  last_log_ = {};
  const std::optional<LogNames::Log> named = log_names_.take(ended);
  if (!named) return;
  std::string path = folder_ + "/" + named->name;
  const UniqueFd log(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOnlyOurs));
  const KeptOutput& kept = named->output;
  bool whole = static_cast<bool>(log);
  for (std::size_t i = 0; whole && i < kept.pieces.size(); ++i) {
    if (i == kept.head && kept.left_out > 0) {
      whole = write_all(log.get(), "\n[" + std::to_string(kept.left_out) + " bytes left out]\n");
    }
    whole = whole && write_all(log.get(), output_.read(kept.pieces[i]));
  }
  if (whole) last_log_ = {ended.task->id, std::move(path)};
}

// Asked when the task's end is told, so that one path is enough.
std::string Journal::log_of(const Task& task) const {
  return last_log_.first == task.id ? last_log_.second : std::string();
}

Error Journal::finish() {
  write();
  if (!error_) error_ = output_.error();
  const bool large = bytes_ + output_.bytes() > kLargeBytes;
  if (large || is_pruning_turn(id_)) prune_runs(runs_, id_, std::chrono::system_clock::now());
  return error_;
}

}  // namespace errand
