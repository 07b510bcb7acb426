// SPDX-License-Identifier: Apache-2.0
#include "errand/executor/local.h"

#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "errand/executor/shell_alike.h"
#include "errand/plan/plain_command.h"

namespace errand {
namespace {

// Set for each attempt, so an outer errand's are not passed on.
constexpr std::array<std::string_view, 4> kOwnNames = {"ERRAND_TASK", "ERRAND_RUN_ID",
                                                       "ERRAND_ATTEMPT", "ERRAND_SLOT"};

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

std::string entry(std::string_view name, std::string_view value) {
  std::string text(name);
  text += '=';
  text += value;
  return text;
}

Duration duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

Usage usage_of(const rusage& usage) {
  constexpr std::int64_t kKibibyte = 1024;
  return {duration_of(usage.ru_utime), duration_of(usage.ru_stime), usage.ru_maxrss * kKibibyte,
          usage.ru_nvcsw, usage.ru_nivcsw};
}

class ToSink final : public OutputReceiver {
 public:
  explicit ToSink(OutputSink& sink) : sink_(sink) {}
  Error write(OutputStream stream, std::string_view bytes) override {
    return sink_.write(stream == OutputStream::out ? Stream::out : Stream::err, bytes);
  }
  bool behind() const override { return sink_.behind(); }
  awaitable<void> caught_up(Context context) override {
    return sink_.caught_up(std::move(context));
  }

 private:
  OutputSink& sink_;
};

Command::Output output_of(Capture capture) {
  switch (capture) {
    case Capture::separate:
      return Command::Output::separate;
    case Capture::merged:
      return Command::Output::merged;
    case Capture::inherit:
      break;
  }
  return Command::Output::inherit;
}

// The prefix that script has when nobody chose another one.
const Argv kDefaultShell = {"sh", "-ec"};

Argv argv_of(const Task& task) {
  if (const auto* argv = std::get_if<Argv>(&task.run)) return *argv;
  const auto* script = std::get_if<Script>(&task.run);
  Argv argv;
  if (!script) return argv;
  if (task.shell) argv = *task.shell;
  if (argv.empty()) argv = kDefaultShell;
  argv.push_back(script->text);
  return argv;
}

void put_slot(Argv& argv, const std::vector<SlotPlace>& places, int slot) {
  constexpr std::size_t kPlaceholderBytes = 3;  // "{%}"
  // From the last, so that the others stay where they are.
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    argv[place->word].replace(place->at, kPlaceholderBytes, std::to_string(slot));
  }
}

// What to execute in the shell's place, where it would do nothing else.
std::optional<Argv> argv_without_shell(const Task& task) {
  const auto* script = std::get_if<Script>(&task.run);
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

}  // namespace

LocalExecutor::LocalExecutor(Reaper& reaper, std::vector<std::string> base)
    : reaper_(reaper), base_(std::move(base)) {}

LocalExecutor::Environment LocalExecutor::environment(const Entries& entries) {
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
  if (environments_.size() >= kEnvironmentsMax) environments_.clear();
  made.kept_by_shell = shell_keeps(texts);
  made.texts = std::make_shared<const std::vector<std::string>>(std::move(texts));
  environments_.emplace(entries, made);
  return made;
}

Command LocalExecutor::command_of(const Attempt& attempt, Capture capture, Shell shell) {
  const Task& task = *attempt.task;
  Command command;
  command.argv = argv_of(task);
  put_slot(command.argv, task.policy->slot_places, attempt.slot);
  command.dir = task.dir;
  const Environment shared = environment(task.env);
  command.env = shared.texts;
  command.own_env = {entry("ERRAND_TASK", task.full_name), entry("ERRAND_RUN_ID", attempt.run_id),
                     entry("ERRAND_ATTEMPT", std::to_string(attempt.number)),
                     entry("ERRAND_SLOT", std::to_string(attempt.slot))};
  std::optional<Argv> plain;
  if (shell == Shell::if_needed && shared.kept_by_shell) plain = argv_without_shell(task);
  std::optional<std::string> pwd = shared.pwd;
  if (plain || (pwd && !shared.pwd_is_own)) pwd = shell_pwd(pwd, task.dir);
  if (pwd) command.own_env.push_back(entry("PWD", *pwd));
  if (plain) command.argv = std::move(*plain);
  command.output = output_of(capture);
  return command;
}

// lint: outlives: the attempt and its sink are the runner's, which awaits this.
awaitable<AttemptResult> LocalExecutor::run(Context context, Context hurry, const Attempt& attempt,
                                            OutputSink& output, Capture capture) {
  ToSink receiver(output);
  Command command = command_of(attempt, capture, Shell::if_needed);
  AttemptResult result;
  if (command.argv.empty()) {
    result.error = Error::text("there is nothing to run");
    co_return result;
  }
  StopRule rule = stop_rule_of(*attempt.task);
  ProcessEnd end =
      co_await run_process(reaper_, context, hurry, std::move(command), rule, receiver);
  // What cannot be executed is the shell's to judge: it runs files without a "#!" line itself.
  if (end.error.as<ExecFailure>() && argv_without_shell(*attempt.task)) {
    command = command_of(attempt, capture, Shell::for_scripts);
    end = co_await run_process(reaper_, std::move(context), std::move(hurry), std::move(command),
                               std::move(rule), receiver);
  }
  result.status = end.status;
  result.error = translated(end.error);
  result.stopped = end.stopped;
  result.usage = usage_of(end.usage);
  result.notices = std::move(end.notices);
  co_return result;
}

// lint: outlives: see the declaration.
awaitable<Error> LocalExecutor::probe(Context context, Context hurry, const Attempt& attempt) {
  co_return Error::text("not available yet");
}

}  // namespace errand
