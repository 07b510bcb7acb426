// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "cmd/commands/commands.h"
#include "cmd/print.h"
#include "cmd/resume/stored_run.h"
#include "cmd/session/environment.h"
#include "errand/concurrency/context.h"
#include "errand/events/event_log.h"
#include "errand/events/replay.h"
#include "errand/io/report_file.h"
#include "errand/journal/log_names.h"
#include "errand/journal/output_store.h"
#include "errand/journal/run_folder.h"
#include "errand/report/formats/text.h"

namespace errand::cmd {
namespace {

// Is this the folder that the run made, and no other with a log of events in it?
bool is_folder_of(const std::string& folder, const std::string& id) {
  std::error_code gone;
  return !folder.empty() && std::filesystem::canonical(folder, gone).filename() == id;
}

// The text report, told of the names of logs before each end.
class WithLogs final : public Observer {
 public:
  WithLogs(Writer& out, SummaryOptions options, const StoredRun& log)
      : log_(log), text_(out, with_paths(std::move(options))) {}
  void on(const RunEvent& event) override {
    if (const auto* run = std::get_if<RunStarted>(&event.kind)) {
      id_ = run->id;
      has_logs_ = is_folder_of(log_.folder, id_);
    }
    if (const auto* attempt = std::get_if<AttemptEnded>(&event.kind)) names_.note(*attempt);
    if (const auto* task = std::get_if<TaskEnded>(&event.kind)) last_ = names_.take(*task);
    text_.on(event);
  }
  TextReport& text() { return text_; }

 private:
  SummaryOptions with_paths(SummaryOptions options) {
    options.log = [this](const Task&) { return path_of_last(); };
    options.journal = [this] { return has_logs_ ? log_.folder : std::string(); };
    options.resume_id = [this] { return id_; };
    return options;
  }
  // Of a log that is still there.
  std::string path_of_last() const {
    if (!last_ || !has_logs_) return {};
    std::string path = log_.path_of(last_->name);
    return ::access(path.c_str(), F_OK) == 0 ? path : std::string();
  }

  const StoredRun& log_;
  std::string id_;
  bool has_logs_ = false;
  LogNames names_;
  std::optional<LogNames::Log> last_;  // of the task whose end is being told
  TextReport text_;
};

// One report on its way to its place.
class Rendering {
 public:
  explicit Rendering(const ReportCommand& command) : command_(command) {}

  Error perform() {
    Result<StoredRun> log = find_stored_run(command_.run);
    if (!log) return log.error();
    std::ifstream file(log->events, std::ios::binary);
    if (!file) return Error::system("'" + log->events + "'", errno);
    Result<ReportFile> opened =
        ReportFile::open(runtime_, command_.path, ReportFile::OpenMode::replace_at_end, out_);
    if (!opened) return opened.error();
    file_.emplace(std::move(*opened));
    if (Error error = render_log(*log, file)) return error;
    return finish();
  }

 private:
  Error render_log(const StoredRun& log, std::istream& file) {
    Writer& writer = file_->writer();
    WithLogs text(writer, text_options(), log);
    RunRecorder recorder;
    Copy copy(writer);
    Observer* const observer = !command_.kind ? static_cast<Observer*>(&text)
                               : *command_.kind == ReportKind::events
                                   ? static_cast<Observer*>(&copy)
                                   : &recorder;
    const ReplayResult replayed = replay(file, *observer);
    if (!replayed.begun) return not_an_event_log(log.events, replayed);
    if (!replayed.ended) print_errors({note(log, replayed)});
    if (!command_.kind && !replayed.ended) text.text().print_unfinished();
    if (command_.kind && *command_.kind != ReportKind::events) {
      const OutputReader output = [&log](const OutputPiece& piece) {
        return read_piece(log.path_of(kOutputFile), piece);
      };
      render(*command_.kind, recorder.record(), log.folder.empty() ? OutputReader() : output,
             [&writer](std::string_view piece) { writer.write(piece); });
    }
    return {};
  }
  static std::string note(const StoredRun& log, const ReplayResult& replayed) {
    const std::string where = replayed.problem.empty() ? "" : " (" + replayed.problem + ")";
    return "errand: note: '" + log.events + "' has no end" + where +
           ": errand was killed, or still runs";
  }
  // Events again, as far as they can be read.
  class Copy final : public Observer {
   public:
    explicit Copy(Writer& writer) : writer_(writer) {}
    void on(const RunEvent& event) override { writer_.write(lines_.format(event)); }

   private:
    Writer& writer_;
    EventLines lines_;
  };
  SummaryOptions text_options() const {
    SummaryOptions options;
    options.folder = current_folder();
    options.color = command_.path == "-" && color_for(STDOUT_FILENO, ColorChoice::automatic);
    return options;
  }
  Error finish() {
    Error result;
    auto main = [this, &result]() -> awaitable<void> {
      result = co_await file_->finish(Context::background(runtime_));
      if (!result) result = co_await out_.flush(Context::background(runtime_));
    };
    asio::co_spawn(loop_, main(), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    loop_.run();
    return result;
  }

  const ReportCommand& command_;
  asio::io_context loop_{1};
  Runtime runtime_{loop_.get_executor()};
  Writer out_{runtime_, STDOUT_FILENO, "standard output"};
  std::optional<ReportFile> file_;
};

}  // namespace

int report(const ReportCommand& command) {
  if (Error error = Rendering(command).perform()) {
    print_errors({"errand: " + error.message()});
    return kErrandFailed;
  }
  return 0;
}

}  // namespace errand::cmd
