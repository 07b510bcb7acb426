// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "errand/concurrency/event.h"
#include "errand/process/process.h"
#include "errand/process/terminal.h"

namespace errand::detail {

// One child and everything that hangs on it: its group, its pipes, who left its group. Events of
// the loop drive it (exits, output, cancellation, one timer); each ends in check_finished(), which
// alone decides whether it is over. The coroutine in wait() only waits for that and for a receiver
// that is behind.
class LiveProcess final : Reaper::Watch, PipeReader::Owner {
 public:
  // All of it outlives this. `end` is complete after wait().
  LiveProcess(Reaper& reaper, const Context& context, const Context& force_stop,
              const StopRule& rule, OutputReceiver& receiver, ProcessEnd& end);
  // Destroyed before its end (with the loop, that is): kills the group.
  ~LiveProcess();
  LiveProcess(const LiveProcess&) = delete;
  LiveProcess& operator=(const LiveProcess&) = delete;

  // Once. What it is given outlives this.
  Error start(const std::string& path, const std::vector<std::string>& argv,
              const Command& command);
  awaitable<void> wait();
  // After wait(): why the child did not become its program.
  const SpawnFailure& failure() const { return failure_; }

 private:
  // What the timer is for.
  enum class Deadline : std::uint8_t { none, grace, leftovers, output, death };
  // A descendant that left the group. The descriptor keeps its id from being taken for another's.
  struct Escaped {
    pid_t pid;
    UniqueFd handle;
  };
  struct Extras {
    SpawnExtras spawn;
    std::vector<SpawnExtras::Limit> limits;
  };
  Extras& extras();

  void on_exit(int wait_status, const rusage& usage) override;
  void on_relative_reaped() override { check_finished(); }
  void on_stop_state(bool stopped) override;
  void on_resume() override;
  void on_terminal_wanted(int signal) override;
  void on_output(OutputStream stream, std::string_view bytes) override;
  bool wants_more() override;
  void on_output_end() override { check_finished(); }
  void on_output_failure(int number) override;

  // `ends` are the child's, to be closed once it has them.
  Result<UniqueFd> open_input(const Command& command, SpawnRequest& request) const;
  Error open_output(const Command& command, SpawnRequest& request, UniqueFd (&ends)[2]);
  Error open_pipes(bool merged, SpawnRequest& request, UniqueFd (&write_ends)[2]);
  Error open_terminal(const Command& command, SpawnRequest& request, UniqueFd& end);
  Error read_from(UniqueFd end, std::optional<PipeReader>& reader);
  void add_extras(const Command& command, SpawnRequest& request);
  void set_deadline(Deadline deadline, Duration delay);
  void on_deadline();

  void stop(const Error& cause);
  void force_stop();
  void kill_all();
  void set_death_deadline();
  void give_up();
  void end_leftovers();
  void check_finished();
  void finish();

  bool group_exists() const { return leader_alive_ || Reaper::group_exists(pid_); }
  bool output_open() const { return (out_ && out_->open()) || (err_ && err_->open()); }
  void signal_group(int signal);
  std::vector<pid_t> members() const;
  bool cannot_signal() const;
  void find_escaped();
  void add_escaped(const std::vector<pid_t>& pids);
  void kill_escaped();
  void forget_dead();
  void kill_leftovers();
  void close_output();
  awaitable<void> catch_up();

  Reaper& reaper_;
  const Context& context_;
  const Context& force_stop_;
  const StopRule& rule_;
  OutputReceiver& receiver_;
  ProcessEnd& end_;

  // The child reads these until it has become its program. Of its arguments, then its environment.
  std::vector<char*> pointers_;
  SpawnFailure failure_;
  std::unique_ptr<Extras> extras_;

  pid_t pid_ = 0;
  bool leader_alive_ = false;
  bool exit_expected_ = false;       // SpawnQueue waits for it
  bool stopping_ = false;            // the polite signal has been sent
  bool killed_ = false;              // SIGKILL has been sent
  bool known_unsignalable_ = false;  // nobody who is left takes our signals
  bool leftovers_ended_ = false;     // leftovers have been dealt with
  bool reading_last_ = false;        // check_finished() is to wait
  bool paused_ = false;              // the receiver is behind
  bool stopped_ = false;             // of one with our terminal: waits to be continued
  bool ended_ = false;
  Deadline deadline_ = Deadline::none;
  std::vector<Escaped> escaped_;
  TimePoint stopping_until_ =
      TimePoint::max();              // the grace's end, also for a receiver that is behind
  std::optional<CancelFn> waiting_;  // for the receiver
  std::optional<PipeReader> out_, err_;
  std::string terminal_;  // what /proc calls its own terminal
  std::unique_ptr<ForegroundLoan> loan_;
  Timer timer_;
  std::optional<CancelHook> on_cancel_, on_force_stop_;
  Parking parking_;
  Error output_error_;
};

}  // namespace errand::detail
