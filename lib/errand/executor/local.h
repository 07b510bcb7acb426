// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "errand/concurrency/runtime.h"
#include "errand/process/jobserver/jobserver.h"
#include "errand/process/process.h"
#include "errand/process/reaper.h"
#include "errand/run/executor.h"
#include "errand/shell/shell_environment.h"

namespace errand {

// Runs attempts as processes of this machine. Belongs to the loop's thread; outlives its attempts.
class LocalExecutor final : public Executor {
 public:
  // Environments that are remembered, for plans whose tasks share few of them.
  static constexpr std::size_t kEnvironmentsMax = 64;

  // `base` is what attempts get as "K=V" before their task's own entries; without the variables
  // that are options of errand. The first of two equal names counts.
  LocalExecutor(Reaper& reaper, std::vector<std::string> base);
  // Attempts get the jobserver's descriptors, and it hears of them. It outlives this.
  void use_jobserver(Jobserver& jobserver) { jobserver_ = &jobserver; }

  // lint: outlives: the attempt and its sink are the runner's, which awaits this.
  awaitable<AttemptResult> run(Context context, Context force_stop, const Attempt& attempt,
                               OutputSink& output, Capture capture) override;
  // lint: outlives: as above.
  awaitable<Error> probe(Context context, Context force_stop, const Attempt& attempt) override;
  awaitable<std::vector<std::string>> close() override;

 private:
  using Entries = std::shared_ptr<const std::vector<EnvEntry>>;
  // What attempts with the same entries share. PWD depends on the folder and stands apart.
  struct Environment {
    std::shared_ptr<const std::vector<std::string>> texts;
    std::optional<std::string> pwd;
    bool pwd_is_own = false;     // the task's, not inherited
    bool kept_by_shell = false;  // a shell would hand it on unchanged
    bool traced = false;         // has a TRACEPARENT of the task's
  };
  enum class Shell : std::uint8_t { if_needed, for_scripts };
  // `capture` says how the output reaches us; nullopt discards it, as for a check.
  Command command_of(const Attempt& attempt, const Run& run, std::optional<Capture> capture,
                     Shell shell);
  // lint: outlives: the callers await it.
  awaitable<ProcessEnd> run_command(const Context& context, const Context& force_stop,
                                    const Attempt& attempt, const Run& run,
                                    std::optional<Capture> capture, OutputReceiver& receiver);
  // Of command `number` of `count`.
  void add_command_result(const ProcessEnd& end, std::size_t number, std::size_t count,
                          AttemptResult& result);
  void count_oom_kills();
  bool is_oom_kill(const ProcessEnd& end);
  // Stands until the next call.
  const Environment& environment(const Entries& entries);

  Reaper& reaper_;
  Jobserver* jobserver_ = nullptr;
  bool no_terminal_noticed_ = false;
  bool counts_oom_kills_ = false;
  std::optional<std::uint64_t> oom_kills_;  // that are told, or were before the first attempt
  std::vector<std::string> base_;
  std::map<Entries, Environment> environments_;
  ShellPwdCache pwds_;
};

}  // namespace errand
