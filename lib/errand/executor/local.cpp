// SPDX-License-Identifier: Apache-2.0
#include "errand/executor/local.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <asio/post.hpp>
#include <csignal>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "errand/executor/connect.h"
#include "errand/process/oom_kills.h"
#include "errand/process/program.h"
#include "errand/shell/plain_command.h"
#include "errand/shell/shell_environment.h"

namespace errand {
namespace {

// Set for each attempt, so an outer errand's are not passed on.
constexpr std::array<std::string_view, 4> kOwnNames = {"ERRAND_TASK", "ERRAND_RUN_ID",
                                                       "ERRAND_ATTEMPT", "ERRAND_SLOT"};

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

std::string entry(std::string_view name, std::string_view value) {
  std::string text;
  text.reserve(name.size() + 1 + value.size());
  text += name;
  text += '=';
  text += value;
  return text;
}

class SinkReceiver final : public OutputReceiver {
 public:
  // Both outlive it.
  SinkReceiver(OutputSink& sink, const Attempt& attempt) : sink_(sink), attempt_(attempt) {}
  // The process that comes next is the attempt's last one.
  void begin_last() { is_last_ = true; }
  Error write(OutputStream stream, std::string_view bytes) override {
    return sink_.write(stream == OutputStream::out ? StdStream::out : StdStream::err, bytes);
  }
  bool behind() const override { return sink_.behind(); }
  awaitable<void> caught_up(Context context) override {
    return sink_.caught_up(std::move(context));
  }
  void on_exit() override {
    if (is_last_ && attempt_.exited) attempt_.exited();
  }

 private:
  OutputSink& sink_;
  const Attempt& attempt_;
  bool is_last_ = false;
};

// For a check, whose output nobody wants.
class DiscardOutput final : public OutputReceiver {
 public:
  Error write(OutputStream, std::string_view) override { return {}; }
  bool behind() const override { return false; }
  awaitable<void> caught_up(Context) override { co_return; }
};

Command::Output output_of(const Policy& policy, Capture capture) {
  // Who takes the terminal has it as it is. Nobody reads what is written with Capture::inherit.
  if (policy.interactive || capture == Capture::inherit) return Command::Output::inherit;
  if (policy.tty) return Command::Output::terminal;
  return capture == Capture::merged ? Command::Output::merged : Command::Output::separate;
}

Command::Input input_of(const Policy& policy) {
  switch (policy.input.kind) {
    case Input::Kind::inherit:
      return Command::Input::inherit;
    case Input::Kind::file:
      return Command::Input::file;
    case Input::Kind::null:
      break;
  }
  return policy.interactive ? Command::Input::inherit : Command::Input::null;
}

// RLIMIT_DATA: what the process may write to and shares with nobody, the heap above all. Not
// RLIMIT_AS, which counts what is only reserved: Go, Java and node reserve gigabytes that they
// never touch, so no sensible limit would let them start. A stricter limit stays in force.
void limit_memory(std::uint64_t bytes, std::vector<Command::Limit>& limits) {
  rlimit inherited{};
  if (::getrlimit(RLIMIT_DATA, &inherited) == 0) {
    bytes = std::min<std::uint64_t>(bytes, inherited.rlim_max);
  }
  for (const Command::Limit& limit : limits) {
    if (limit.resource == RLIMIT_DATA) bytes = std::min(bytes, limit.value.value_or(bytes));
  }
  limits.push_back({RLIMIT_DATA, bytes});
}

void apply(const Policy& policy, Capture capture, Command& command) {
  command.input = input_of(policy);
  command.input_path = policy.input.path;
  command.output = output_of(policy, capture);
  command.nice = policy.nice;
  for (const ResourceLimit& limit : policy.resource_limits) {
    command.limits.push_back({limit.resource, limit.value});
  }
  if (policy.memory_bytes_max) limit_memory(*policy.memory_bytes_max, command.limits);
  command.foreground = policy.interactive;
  command.ends_by_itself = !policy.service;
}

Argv argv_of(const Task& task, const Run& run) {
  if (const auto* argv = std::get_if<Argv>(&run)) return *argv;
  const auto* script = std::get_if<Script>(&run);
  Argv argv;
  if (!script) return argv;
  if (task.shell) argv = *task.shell;
  if (argv.empty()) argv = kDefaultShell;
  argv.push_back(script->text);
  return argv;
}

void put_slot(Argv& argv, const std::vector<SlotPlaceholder>& places, int slot) {
  constexpr std::size_t kPlaceholderBytes = 3;  // "{%}"
  // From the last, so that the others stay where they are.
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    argv[place->word].replace(place->at, kPlaceholderBytes, std::to_string(slot));
  }
}

// What to execute in the shell's place, where it would do nothing else.
std::optional<Argv> argv_without_shell(const Task& task, const Run& run) {
  const auto* script = std::get_if<Script>(&run);
  const bool is_default = !task.shell || task.shell->empty() || *task.shell == kDefaultShell;
  return script && is_default ? plain_command(script->text) : std::nullopt;
}

StopRule stop_rule_of(const Task& task) {
  auto polite_signal = [own = task.kill_signal](const Error& cause) {
    const auto* received = cause.as<SignalReceived>();
    return received ? received->number : own;
  };
  return {std::move(polite_signal), task.grace};
}

// A shell's codes for what could not be executed travel as the run layer's own error.
Error translated(const Error& error) {
  const auto* failure = error.as<ExecFailure>();
  if (!failure) return error;
  return Error::make(NotExecutable{error.message(), failure->missing ? 127 : 126});
}

// Tells a jobserver of an attempt that may hold tokens.
class JobserverClient {
 public:
  explicit JobserverClient(Jobserver* jobserver) : jobserver_(jobserver) {
    if (jobserver_) jobserver_->started();
  }
  ~JobserverClient() {
    if (jobserver_) jobserver_->ended();
  }
  JobserverClient(const JobserverClient&) = delete;
  JobserverClient& operator=(const JobserverClient&) = delete;

 private:
  Jobserver* jobserver_;
};

// A sequence of commands that ended early has failed, whatever exit codes are good for a task.
void name_command(std::size_t number, std::size_t count, AttemptResult& result) {
  const std::string which = "command " + std::to_string(number) + " of " + std::to_string(count);
  if (result.error) {
    result.error = Error::wrap(which, result.error);
  } else if (result.status && !result.stopped && number < count) {
    result.error = Error::text(which + ": " + result.status->text());
  }
}

ProcessEnd nothing_to_run() {
  ProcessEnd end;
  end.error = Error::text("there is nothing to run");
  return end;
}

bool succeeded(const ProcessEnd& end) {
  return end.status && end.status->success() && !end.error && !end.stopped;
}

}  // namespace

LocalExecutor::LocalExecutor(Reaper& reaper, std::vector<std::string> base)
    : reaper_(reaper), base_(std::move(base)) {}

const LocalExecutor::Environment& LocalExecutor::environment(const Entries& entries) {
  if (const auto known = environments_.find(entries); known != environments_.end()) {
    return known->second;
  }
  Environment made;
  std::vector<std::string> texts;
  std::unordered_map<std::string_view, std::size_t> places;
  places.reserve(base_.size());
  std::unordered_map<std::string_view, const EnvEntry*> own;
  if (entries) {
    for (const EnvEntry& one : *entries) own.insert_or_assign(one.first, &one);
  }
  for (const std::string_view name : kOwnNames) places.emplace(name, 0);
  for (const std::string& text : base_) {
    const std::string_view name = name_of(text);
    if (own.contains(name) || !places.emplace(name, 0).second) continue;
    if (name == "PWD") {
      made.pwd = text.substr(name.size() + 1);
    } else {
      texts.push_back(text);
    }
  }
  if (const auto pwd = own.find("PWD"); pwd != own.end()) {
    made.pwd = pwd->second->second;
    made.pwd_is_own = true;
  }
  if (entries) {
    for (const EnvEntry& one : *entries) {
      if (own.at(one.first) == &one && one.second && one.first != "PWD")
        texts.push_back(entry(one.first, *one.second));
    }
  }
  made.traced = own.contains("TRACEPARENT");
  if (environments_.size() >= kEnvironmentsMax) environments_.clear();
  made.kept_by_shell = survives_shell(texts);
  made.texts = std::make_shared<const std::vector<std::string>>(std::move(texts));
  return environments_.emplace(entries, std::move(made)).first->second;
}

Command LocalExecutor::command_of(const Attempt& attempt, const Run& run,
                                  std::optional<Capture> capture, Shell shell) {
  const Task& task = *attempt.task;
  Command command;
  command.dir = task.dir;
  const Environment& shared = environment(task.env);
  command.env = shared.texts;
  command.own_env.reserve(kOwnNames.size() + 2);
  command.own_env.push_back(entry("ERRAND_TASK", task.full_name));
  command.own_env.push_back(entry("ERRAND_RUN_ID", attempt.run_id));
  command.own_env.push_back(entry("ERRAND_ATTEMPT", std::to_string(attempt.number)));
  command.own_env.push_back(entry("ERRAND_SLOT", std::to_string(attempt.slot)));
  if (!attempt.traceparent.empty() && !shared.traced) {
    command.own_env.push_back(entry("TRACEPARENT", attempt.traceparent));
  }
  std::optional<Argv> plain;
  const bool has_slots = !task.policy->slot_placeholders.empty();
  if (shell == Shell::if_needed && shared.kept_by_shell && !has_slots)
    plain = argv_without_shell(task, run);
  const bool as_shell = plain || (shared.pwd && !shared.pwd_is_own);
  const auto& pwd = as_shell ? pwds_.find(shared.pwd, task.dir) : shared.pwd;
  if (pwd) command.own_env.push_back(entry("PWD", *pwd));
  if (plain) {
    command.argv = std::move(*plain);
    command.scripts_by_shell = false;  // what is a script is the task's shell's to say
  } else {
    command.argv = argv_of(task, run);
    put_slot(command.argv, task.policy->slot_placeholders, attempt.slot);
  }
  if (jobserver_) {
    command.extra[0] = jobserver_->shared(0);
    command.extra[1] = jobserver_->shared(1);
  }
  if (capture) {
    apply(*task.policy, *capture, command);
  } else {
    command.output = Command::Output::discard;
  }
  return command;
}

// lint: outlives: the callers await it.
awaitable<ProcessEnd> LocalExecutor::run_command(const Context& context, const Context& force_stop,
                                                 const Attempt& attempt, const Run& run,
                                                 std::optional<Capture> capture,
                                                 OutputReceiver& receiver) {
  const StopRule rule = stop_rule_of(*attempt.task);
  std::vector<std::string> notices;
  for (Shell shell = Shell::if_needed;; shell = Shell::for_scripts) {
    const Command command = command_of(attempt, run, capture, shell);
    if (command.argv.empty()) co_return nothing_to_run();
    ProcessEnd end = co_await run_process(reaper_, context, force_stop, command, rule, receiver);
    end.notices.insert(end.notices.begin(), notices.begin(), notices.end());
    // What cannot be executed is the shell's to judge: it runs files without a "#!" line itself.
    const bool try_shell = shell == Shell::if_needed && end.error.as<ExecFailure>() &&
                           argv_without_shell(*attempt.task, run);
    if (try_shell) {
      notices = std::move(end.notices);
      continue;
    }
    // Nothing was started any more.
    if (!end.status && context.done() && end.error.is(context.err())) end.error = {};
    co_return end;
  }
}

// lint: outlives: see the declaration.
awaitable<AttemptResult> LocalExecutor::run(Context context, Context force_stop,
                                            const Attempt& attempt, OutputSink& output,
                                            Capture capture) {
  const JobserverClient jobserver_client(jobserver_);
  count_oom_kills();
  SinkReceiver receiver(output, attempt);
  const Policy& policy = *attempt.task->policy;
  const std::size_t count = 1 + policy.then.size();
  AttemptResult result;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0 && context.done()) {
      result.stopped = true;
      break;
    }
    const Run& run = i == 0 ? attempt.task->run : policy.then[i - 1];
    if (i + 1 == count) receiver.begin_last();
    const ProcessEnd end =
        co_await run_command(context, force_stop, attempt, run, capture, receiver);
    add_command_result(end, i + 1, count, result);
    if (!succeeded(end)) break;
  }
  co_return result;
}

void LocalExecutor::add_command_result(const ProcessEnd& end, std::size_t number, std::size_t count,
                                       AttemptResult& result) {
  result.status = end.status;
  result.error = translated(end.error);
  result.stopped = end.stopped;
  result.out_of_memory = is_oom_kill(end);
  result.usage += end.usage;
  result.notices.insert(result.notices.end(), end.notices.begin(), end.notices.end());
  if (end.no_terminal && !std::exchange(no_terminal_noticed_, true)) {
    result.notices.push_back("tty: pipes instead of a terminal: " + end.no_terminal.message());
  }
  if (count > 1 && !succeeded(end)) name_command(number, count, result);
}

// From the first attempt on, but while that starts: the look takes some microseconds.
void LocalExecutor::count_oom_kills() {
  if (std::exchange(counts_oom_kills_, true)) return;
  asio::post(reaper_.runtime().executor(), [this] { oom_kills_ = oom_kills(); });
}

// Killed by nobody that we know, or the shell says that of its command, and the kernel has killed
// one more than were told.
bool LocalExecutor::is_oom_kill(const ProcessEnd& end) {
  constexpr int kKilled = 128 + SIGKILL;
  if (end.stopped || !end.status || end.status->shell_code() != kKilled || !oom_kills_)
    return false;
  const std::optional<std::uint64_t> now = oom_kills();
  if (!now || *now <= *oom_kills_) return false;
  ++*oom_kills_;
  return true;
}

// lint: outlives: see the declaration.
awaitable<Error> LocalExecutor::probe(Context context, Context force_stop, const Attempt& attempt) {
  const std::optional<ReadyRule>& ready = attempt.task->policy->ready;
  const auto* tcp = ready ? std::get_if<ReadyRule::Tcp>(&ready->check) : nullptr;
  if (tcp) co_return co_await connect_once(std::move(context), tcp->host, tcp->port);
  const auto* exec = ready ? std::get_if<ReadyRule::Exec>(&ready->check) : nullptr;
  if (!exec) co_return Error();
  const JobserverClient jobserver_client(jobserver_);
  DiscardOutput discard;
  const ProcessEnd end =
      co_await run_command(context, force_stop, attempt, exec->run, std::nullopt, discard);
  if (context.done()) co_return context.done_error();
  if (end.error) co_return end.error;
  if (end.status && !end.status->success()) co_return Error::text(end.status->text());
  co_return Error();
}

awaitable<std::vector<std::string>> LocalExecutor::close() {
  std::vector<std::string> notices;
  const std::vector<std::string> killed = co_await reaper_.kill_strays();
  for (const std::string& stray : killed)
    notices.push_back("stopped what was left behind: " + stray);
  for (const std::string& stray : reaper_.refused())
    notices.push_back("left behind, may not be signaled and runs on: " + stray);
  co_return notices;
}

}  // namespace errand
