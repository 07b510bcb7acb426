// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/session.h"

#include <asio/co_spawn.hpp>
#include <csignal>
#include <limits>

#include "cmd/input/stream_source.h"
#include "cmd/print.h"
#include "cmd/resume/resume.h"
#include "cmd/session/hedge_history.h"
#include "cmd/session/load_gate.h"
#include "cmd/session/output_paths.h"
#include "cmd/session/rerun_words.h"
#include "errand/base/escape_text.h"
#include "errand/concurrency/loop_check.h"
#include "errand/events/failure.h"
#include "errand/run/runner.h"

namespace errand::cmd {
namespace {

const Error kOutputClosed = Error::text("the reader of the output has gone");

ConsoleOptions console_options(const RunCommand& command, const CiSettings& ci) {
  ConsoleOptions options;
  options.mode = output_mode(command);
  if (ci.folds) options.folds = ci.system;
  options.one_log = ci.one_log;
  options.verbosity = command.quiet     ? Verbosity::none
                      : command.verbose ? Verbosity::verbose
                                        : Verbosity::normal;
  options.color_labels = color_for(STDOUT_FILENO, command.color);
  options.color_lines = color_for(STDERR_FILENO, command.color);
  return options;
}

// Do tasks that write to a pipe do so in colour? In raw mode they see for themselves.
bool task_color(const RunCommand& command) {
  return output_mode(command) != OutputMode::raw && color_for(STDOUT_FILENO, command.color);
}

SummaryOptions summary_options(const RunCommand& command) {
  SummaryOptions options;
  options.detail = command.quiet ? SummaryDetail::error_only : SummaryDetail::full;
  options.color = color_for(STDERR_FILENO, command.color);
  options.columns = terminal_columns;
  // With -C errand has left the folder of whoever called it.
  if (command.input.folder.empty()) options.folder = current_folder();
  return options;
}

constexpr std::string_view kNoOrphans =
    "warning: cannot adopt orphans (PR_SET_CHILD_SUBREAPER): a process that escapes from its task "
    "by a double fork is not found before errand's end";

// What keeps the tasks' processes from being left behind, for -v.
std::string safeguards(const Reaper& reaper, const Guardian* guardian) {
  const std::string own = std::string("process groups, ") +
                          (reaper.adopts_orphans() ? "subreaper, " : "no subreaper, ") +
                          (Reaper::has_handles() ? "pidfd" : "no pidfd") +
                          ", parent-death signal, ";
  return "nothing is left behind: " + own +
         (guardian ? "guardian (pid " + std::to_string(guardian->pid()) + ")" : "no guardian");
}

// Ends the wait for readers: after a signal when the longest grace since then is over, so that the
// grace never counts twice. A reader that takes what it is given has a moment more.
class ReaderDeadline {
 public:
  // `queued` says how many bytes are waiting for a reader. All of it outlives this.
  ReaderDeadline(Runtime& runtime, CancelFn give_up, std::function<std::uint64_t()> queued)
      : runtime_(runtime),
        give_up_(std::move(give_up)),
        queued_(std::move(queued)),
        timer_(runtime, [this] { on_timer(); }) {}
  void set(TimePoint at) {
    last_at_ = saturating_add(std::max(at, runtime_.now()), kMomentsTime);
    timer_.set(at);
  }

 private:
  static constexpr Duration kMoment = std::chrono::milliseconds(100);
  static constexpr Duration kMomentsTime = std::chrono::seconds(1);

  void on_timer() {
    const std::uint64_t before = std::exchange(last_queued_, queued_());
    if (last_queued_ >= before || runtime_.now() >= last_at_) return give_up_(Canceled);
    timer_.set_after(kMoment);
  }

  Runtime& runtime_;
  CancelFn give_up_;
  std::function<std::uint64_t()> queued_;
  std::uint64_t last_queued_ = std::numeric_limits<std::uint64_t>::max();
  TimePoint last_at_;
  Timer timer_;
};

// Where the tasks come from, for -v.
std::string source_of(const Input& input) {
  if (const auto* exec = std::get_if<ExecStream>(&input)) {
    const std::string& path = exec->source.path;
    return "tasks of " + (path == "-" ? "standard input" : path) + " as they arrive";
  }
  if (const auto* stream = std::get_if<TaskStream>(&input))
    return "tasks of " + stream->name + " as they arrive";
  const std::string& file = std::get<FilePlan>(input).file;
  return "tasks of " + (file.empty() ? "the command line" : file);
}

}  // namespace

Session::Session(RunCommand command, Input input, JobBudget budget, const CiSettings& ci,
                 Guardian* guardian)
    : command_(std::move(command)),
      input_(std::move(input)),
      origin_(rerun_origin(command_, input_, *masker_)),
      guardian_(guardian),
      local_(reaper_, in_trace(with_makeflags(with_color(task_environment(command_.variables),
                                                         task_color(command_)),
                                              budget),
                               trace_)),
      own_err_(same_file(STDOUT_FILENO, STDERR_FILENO)
                   ? nullptr
                   : std::make_unique<Writer>(runtime_, STDERR_FILENO, "standard error")),
      err_(own_err_ ? *own_err_ : out_),
      console_(out_, err_, space_, console_options(command_, ci)),
      screen_(command_, ci, runtime_, out_, err_, console_),
      summary_(err_, with_paths(summary_options(command_))) {
  space_.on_no_file([this](const Error& error) {
    if (command_.quiet) return;
    console_.print_line("note: no room for output: " + error.message() +
                        "; 64 MiB of it stay in memory, then tasks wait. Set TMPDIR to a folder "
                        "with room, or use -o live");
  });
  job_control_.before_stop([this] { screen_.hide(); });
  reaper_.set_masker(masker_);
  log_.mask_with(masker_);
  if (guardian_) reaper_.set_guardian(*guardian_);
  if (!budget.pipe) return;
  tokens_.emplace(jobserver_.emplace(runtime_, std::move(*budget.pipe), budget.pool_jobs));
  local_.use_jobserver(*jobserver_);
}

Error Session::open_log() {
  if (command_.verbose) log_.show([this](const std::string& text) { print_line(text); });
  if (command_.log_file.empty()) return {};
  observers_.add(run_log_);
  return log_.open(command_.log_file);
}

SummaryOptions Session::with_paths(SummaryOptions options) const {
  options.log = [this](const Task& task) { return reports_.log_of(task); };
  options.journal = [this] { return reports_.journal_folder(); };
  const auto* file = std::get_if<FilePlan>(&input_);
  if (!file || !file->file.empty()) return options;  // a stream is only continued as a whole
  options.rerun = [this, folder = options.folder](const Task& task) {
    return exec_rerun_command(origin_, task, folder);
  };
  return options;
}

Error Session::open_files() {
  if (Error error = check_output_paths(command_)) return error;
  if (Error error = open_log()) return error;
  if (Error error = reports_.open(command_, space_)) return error;
  if (reports_.no_journal()) log_.write_and_show("no journal: " + reports_.no_journal().message());
  for (Observer* observer : reports_.observers()) observers_.add(*observer);
  return {};
}

awaitable<RunEnded> Session::run_input() {
  RunOptions options;
  options.id = id_;
  options.name = name_of(input_);
  options.origin = origin_;
  options.earlier = command_.earlier;
  if (guardian_) guardian_->set_mark("ERRAND_RUN_ID=" + options.id);
  options.processors = processors();
  options.started = started_at_;
  options.seed = random_number();
  options.trace = trace_;
  options.tokens = tokens_ ? &*tokens_ : nullptr;
  options.rate = command_.rate;
  options.delay = command_.delay;
  options.held_back = load_gate(command_.load, command_.memory_free_min, options.processors);
  if (auto* file = std::get_if<FilePlan>(&input_)) {
    options.history = hedge_history(file->plan, options.origin);
    options.left_out = file->left_out;
    for (const std::string& line : hedge_lines(file->plan, options.history))
      log_.write_and_show(line);
    Runner runner(executor_, reports_.output(), observers_, options);
    co_return co_await runner.run(signals_.run(), signals_.force_stop(), file->plan);
  }
  Task root = make_run_group(options.name, command_.overrides);
  root.masker = masker_;
  const std::unique_ptr<TaskSource> source = open_source();
  Runner runner(executor_, reports_.output(), observers_, options);
  co_return co_await runner.run_stream(signals_.run(), signals_.force_stop(), root, *source);
}

std::unique_ptr<TaskSource> Session::open_source() {
  std::unique_ptr<TaskSource> source;
  std::optional<RemainingTasks> remaining;
  if (auto* exec = std::get_if<ExecStream>(&input_)) {
    remaining = std::move(exec->remaining);
    auto note = [this](const std::string& text) {
      if (!command_.quiet) print_line("note: " + text);
    };
    source = std::make_unique<ExecSource>(runtime_, std::move(*exec), std::move(note));
  } else {
    auto& stream = std::get<TaskStream>(input_);
    remaining = std::move(stream.remaining);
    auto note = [this](std::string text) { tell("note: " + std::move(text)); };
    source = std::make_unique<StreamSource>(runtime_, std::move(stream), command_.overrides,
                                            std::move(note));
  }
  return filtered_source(std::move(source), command_.input, std::move(remaining));
}

void Session::log_start() {
  log_.write_and_show("errand " ERRAND_VERSION ", " + std::to_string(processors()) +
                      " processors; " + source_of(input_));
  log_.write_and_show(safeguards(reaper_, guardian_));
}

awaitable<void> Session::main() {
  log_start();
  if (!reaper_.adopts_orphans()) print_line(std::string(kNoOrphans));
  const RunEnded ended = co_await run_input();
  if (guardian_ && !guardian_->alive()) log_.write_and_show("the guardian was killed");
  if (guardian_) guardian_->dismiss();
  outcome_ = outcome_of(ended);
  if (const Error error = screen_.finish()) print_line("warning: " + error.message());
  co_await finish_output();
  loop_.stop();  // the reaper and the signals would wait for more
}

void Session::print_line(const std::string& text) {
  err_.begin_line();
  err_.write("errand: " + escape_text(masker_->mask_message(text)) + "\n");
}

void Session::tell(std::string notice) {
  const Duration since = runtime_.now() - started_;
  // A wall clock that was set meanwhile changes nothing.
  const RunEvent event{started_at_ + std::chrono::duration_cast<WallTime::duration>(since), since,
                       Notice{Notice::Level::info, nullptr, std::move(notice)}};
  observers_.on(event);
}

// A reader that does not read holds errand up, as it does any program; but not a canceled one.
awaitable<void> Session::finish_output() {
  auto [context, give_up] = with_cancel(signals_.force_stop());
  const auto queued = [this] {
    return out_.queued_bytes() + (own_err_ ? own_err_->queued_bytes() : 0);
  };
  ReaderDeadline deadline(runtime_, give_up, queued);
  const Registration canceled = after_func(signals_.run(), [this, &deadline] {
    const TimePoint from = signals_.received() != 0 ? signals_.received_at() : runtime_.now();
    deadline.set(saturating_add(from, longest_grace_.value()));
  });
  const auto check = [this](const Error& error) {
    if (!error || error.is(Canceled)) return;
    if (outcome_.signal == 0 && !error.as<UnreadOutput>()) outcome_ = {};
    print_line(error.message());
  };
  if (log_.error()) print_line(log_.error().message());  // costs no task its success
  const std::vector<Error> errors = co_await reports_.finish(context);
  for (const Error& error : errors) check(error);
  if (const Error error = reports_.finish_journal(); error && !command_.quiet)
    print_line("note: " + error.message() + "; what is kept of this run is not complete");
  check(co_await out_.flush(context));
  co_await err_.flush(context);
  note_unread_output();
  if (signals_.received() != 0) outcome_ = {128 + signals_.received(), signals_.received()};
}

// What is lost must not be lost without a word.
void Session::note_unread_output() {
  const std::uint64_t out = out_.queued_bytes();
  const std::uint64_t err = own_err_ ? own_err_->queued_bytes() : 0;
  if (out == 0 || err != 0) return;  // standard error is read no more either
  print_line("gave up " + std::to_string(out) +
             " bytes of output: nobody has read them from standard output in time");
}

Session::Outcome Session::outcome_of(const RunEnded& ended) const {
  if (signals_.received() != 0) return {128 + signals_.received(), signals_.received()};
  if (ended.cause == kOutputClosed) return {128 + SIGPIPE, SIGPIPE};
  return {ended.exit_status, 0};
}

Session::Outcome Session::run() {
  observers_.add(console_lines_);
  Error error = check_loop(loop_);
  if (!error) error = open_files();
  if (error) {
    print_errors({"errand: " + error.message()});
    return {};
  }
  for (Observer* observer : screen_.observers()) observers_.add(*observer);
  if (const auto* file = std::get_if<FilePlan>(&input_); file && !file->scripts.empty()) {
    exec_advice_.emplace(file->scripts, command_.verbose, command_.quiet,
                         [this](const std::string& text) { print_line(text); });
    observers_.add(*exec_advice_);
  }
  observers_.add(summary_lines_);
  observers_.add(longest_grace_);
  out_.on_broken([this](const Error& error) { signals_.cancel(error ? error : kOutputClosed); });
  asio::co_spawn(loop_, main(), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  loop_.run();
  return outcome_;
}

}  // namespace errand::cmd
