// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "errand/process/live_process.h"
#include "errand/process/process_tree.h"

namespace errand::detail {
namespace {

ExitStatus status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? ExitStatus::signaled(WTERMSIG(wait_status))
                                  : ExitStatus::exited(WEXITSTATUS(wait_status));
}

Duration duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

Usage usage_of(const rusage& usage) {
  constexpr std::int64_t kKibibyte = 1024;
  return {duration_of(usage.ru_utime), duration_of(usage.ru_stime), usage.ru_maxrss * kKibibyte,
          usage.ru_nvcsw, usage.ru_nivcsw};
}

}  // namespace

LiveProcess::LiveProcess(Reaper& reaper, const Context& context, const Context& force_stop,
                         const StopRule& rule, OutputReceiver& receiver, ProcessEnd& end)
    : reaper_(reaper),
      context_(context),
      force_stop_(force_stop),
      rule_(rule),
      receiver_(receiver),
      end_(end),
      timer_(reaper.runtime(), [this] { on_deadline(); }),
      parking_(reaper.runtime()) {}

LiveProcess::~LiveProcess() {
  if (ended_ || pid_ == 0) return;
  signal_group(SIGKILL);
  kill_escaped();
  finish();
}

awaitable<void> LiveProcess::wait() {
  while (!ended_) {
    co_await parking_.park();
    if (paused_ && !ended_) co_await catch_up();
  }
  end_.error = output_error_;
}

awaitable<void> LiveProcess::catch_up() {
  const auto [context, cancel] = with_cancel(Context::background(reaper_.runtime()));
  waiting_ = cancel;
  while (paused_ && !ended_) {
    co_await receiver_.caught_up(context);
    paused_ = false;
    if (out_) out_->resume();
    if (err_) err_->resume();
    check_finished();
  }
  waiting_.reset();
}

// ---- what happens to it

void LiveProcess::on_exit(int wait_status, const rusage& usage) {
  leader_alive_ = false;
  using Modes = ForegroundLoan::Modes;
  if (loan_) {
    loan_->take_back(WIFSIGNALED(wait_status) ? Modes::restore : Modes::keep);
    reaper_.unwatch_stops(pid_);
  }
  end_.status = status_of(wait_status);
  end_.usage = usage_of(usage);
  reading_last_ = true;
  if (out_) out_->read_now();
  if (err_) err_->read_now();
  reading_last_ = false;
  if (!stopping_) receiver_.on_exit();
  check_finished();
}

// Ctrl-Z has reached the terminal's foreground group alone, but it is meant for the whole job,
// which the shell knows as ours.
void LiveProcess::on_stop_state(bool stopped) {
  if (std::exchange(stopped_, stopped) == stopped || !stopped || stopping_) return;
  loan_->take_back(ForegroundLoan::Modes::restore);
  if (!reaper_.suspended()) ::kill(0, SIGTSTP);
}

void LiveProcess::on_resume() {
  if (!std::exchange(stopped_, false)) return;
  loan_->lend_again(pid_);
  signal_group(SIGCONT);
}

// Its group never gets our terminal's foreground, so nobody would ever continue it.
void LiveProcess::on_terminal_wanted(int signal) {
  if (loan_ || !terminal_.empty() || stopping_ || output_error_) return;
  const std::string_view what =
      signal == SIGTTIN ? "SIGTTIN, it reads from" : "SIGTTOU, it sets or writes to";
  output_error_ = Error::text("stopped by " + std::string(what) +
                              " the terminal, which only an interactive task may");
  stop(output_error_);
}

void LiveProcess::on_output(OutputStream stream, std::string_view bytes) {
  if (output_error_) return;
  output_error_ = receiver_.write(stream, bytes);
  if (output_error_) stop(output_error_);
}

// Told before its writers get SIGPIPE for it.
void LiveProcess::on_output_failure(int number) {
  const bool ended_terminal = number == EIO && !terminal_.empty();  // nobody has it open any more
  if (ended_terminal || output_error_) return check_finished();
  output_error_ = Error::system("read its output", number);
  stop(output_error_);
  check_finished();
}

bool LiveProcess::wants_more() {
  if (output_error_ || !receiver_.behind()) return true;
  paused_ = true;
  parking_.wake();
  return false;
}

void LiveProcess::set_deadline(Deadline deadline, Duration delay) {
  deadline_ = deadline;
  timer_.set(saturating_add(reaper_.runtime().now(), delay));
}

void LiveProcess::on_deadline() {
  const Deadline passed = std::exchange(deadline_, Deadline::none);
  switch (passed) {
    case Deadline::none:
      return;
    case Deadline::grace:
      return kill_all();
    case Deadline::leftovers:
    case Deadline::output:
      // A receiver that is behind makes everybody slow: no time counts then, but for who is
      // stopped.
      if (paused_ && reaper_.runtime().now() < stopping_until_) {
        return set_deadline(passed, kLeftoverTime);
      }
      if (passed == Deadline::leftovers) return end_leftovers();
      close_output();
      check_finished();
      if (!ended_) set_death_deadline();
      return;
    case Deadline::death:
      return give_up();
  }
}

// ---- ending it

void LiveProcess::stop(const Error& cause) {
  if (ended_ || std::exchange(stopping_, true)) return;
  if (!std::exchange(exit_expected_, true))
    reaper_.spawn_queue().expect_exit();  // a service's comes, too
  stopping_until_ = saturating_add(reaper_.runtime().now(), rule_.grace);
  if (killed_ || !group_exists()) return check_finished();
  end_.stopped = leader_alive_;
  find_escaped();
  signal_group(rule_.polite_signal ? rule_.polite_signal(cause) : SIGTERM);
  signal_group(SIGCONT);  // a stopped process would not see it; others ignore this one
  if (rule_.grace <= Duration() || force_stop_.done() || cannot_signal()) return kill_all();
  set_deadline(Deadline::grace, rule_.grace);
}

void LiveProcess::force_stop() {
  if (!stopping_ || ended_) return;
  stopping_until_ = reaper_.runtime().now();
  kill_all();
}

void LiveProcess::kill_all() {
  if (std::exchange(killed_, true)) return;
  stopping_until_ = reaper_.runtime().now();
  find_escaped();
  signal_group(SIGKILL);
  kill_escaped();
  set_death_deadline();
  check_finished();
}

void LiveProcess::set_death_deadline() {
  set_deadline(Deadline::death, cannot_signal() ? kLeftoverTime : kKillTime);
}

// It has ended by itself, and the time of those it left behind is up.
void LiveProcess::end_leftovers() {
  leftovers_ended_ = true;
  kill_leftovers();
  set_deadline(Deadline::output, kLeftoverTime);
  check_finished();
}

void LiveProcess::check_finished() {
  if (ended_ || leader_alive_ || reading_last_) return;
  forget_dead();
  const bool group = group_exists();
  if (group) reaper_.watch_group(pid_, *this);
  if (!group && !escaped_.empty() && !std::exchange(killed_, true)) {
    find_escaped();
    kill_escaped();
    set_death_deadline();
    forget_dead();
  }
  if (!group) reaper_.group_gone(pid_);
  if (!group && escaped_.empty() && !output_open()) return finish();
  if (stopping_ && cannot_signal()) {  // those who did not have ended
    if (!killed_) return kill_all();
    if (!std::exchange(known_unsignalable_, true)) set_death_deadline();
  }
  const bool dying = (group && (stopping_ || killed_)) || !escaped_.empty();
  if (dying || leftovers_ended_ || deadline_ == Deadline::leftovers) return;
  set_deadline(Deadline::leftovers, kLeftoverTime);
}

void LiveProcess::give_up() {
  const std::string_view what =
      cannot_signal() ? "may not be signaled and runs on: " : "cannot be killed: ";
  std::string notice;
  for (const pid_t pid : members()) {
    notice.append(notice.empty() ? what : ", ").append(reaper_.describe(pid));
    reaper_.give_up(pid);
  }
  if (!notice.empty()) end_.notices.push_back(std::move(notice));
  if (reaper_.program_runs(pid_) && std::exchange(leader_alive_, false)) reaper_.abandon(pid_);
  finish();
}

void LiveProcess::finish() {
  ended_ = true;
  timer_.cancel();
  on_cancel_.reset();
  on_force_stop_.reset();
  if (loan_) reaper_.unwatch_stops(pid_);
  loan_.reset();
  if (waiting_) (*waiting_)();
  close_output();
  if (std::exchange(leader_alive_, false)) {
    reaper_.abandon(pid_);
    // Until it is dead or its program runs it reads what we are about to free.
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  reaper_.unwatch_group(pid_);
  for (const Escaped& escaped : escaped_) reaper_.unwatch_process(escaped.pid);
  escaped_.clear();
  exit_expected_ ? reaper_.spawn_queue().process_exited() : reaper_.spawn_queue().wake_next();
  parking_.wake();
}

void LiveProcess::close_output() {
  // Only a receiver that is behind leaves something unread.
  const std::size_t unread =
      paused_ ? (out_ ? out_->unread_bytes() : 0) + (err_ ? err_->unread_bytes() : 0) : 0;
  if (unread > 0)
    end_.notices.push_back("gave up " + std::to_string(unread) +
                           " bytes of output: nobody has read "
                           "what was written before them in time");
  if (out_) out_->close();
  if (err_) err_->close();
}

// ---- whom it concerns

void LiveProcess::signal_group(int signal) {
  if (leader_alive_) {
    // It makes its group itself, so there may be none yet; then it has no children either.
    if (::kill(-pid_, signal) != 0 && errno == ESRCH) ::kill(pid_, signal);
  } else if (group_exists()) {
    ::kill(-pid_, signal);
  }
}

// Of the group, and who left it, as far as we can find out.
std::vector<pid_t> LiveProcess::members() const {
  std::vector<pid_t> found = children_of(::getpid());
  for (std::size_t i = 0, own = found.size(); i < own; ++i) {
    const std::vector<pid_t> below = descendants_of(found[i]);
    found.insert(found.end(), below.begin(), below.end());
  }
  std::erase_if(found, [this](pid_t pid) {
    const bool escaped = std::ranges::find(escaped_, pid, &Escaped::pid) != escaped_.end();
    return !escaped && ::getpgid(pid) != pid_;
  });
  return found;
}

// True: nobody who is left takes a signal from us (what sudo runs), so waiting is of no use.
bool LiveProcess::cannot_signal() const {
  const bool group = group_exists();
  if (group && (::kill(-pid_, 0) == 0 || errno != EPERM)) return false;
  return (group || !escaped_.empty()) && std::ranges::all_of(escaped_, [](const Escaped& escaped) {
           return !may_signal(escaped.handle);
         });
}

void LiveProcess::find_escaped() {
  if (leader_alive_) add_escaped(descendants_of(pid_));
  if (!leader_alive_) {
    for (const pid_t child : children_of(::getpid())) {
      if (::getpgid(child) == pid_) add_escaped(descendants_of(child));
    }
  }
  for (std::size_t i = 0; i < escaped_.size(); ++i) add_escaped(descendants_of(escaped_[i].pid));
}

void LiveProcess::add_escaped(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    if (::getpgid(pid) == pid_ || escaped_.size() >= kProcessTreeMax) continue;
    if (std::ranges::find(escaped_, pid, &Escaped::pid) != escaped_.end()) continue;
    UniqueFd handle = process_handle(pid);
    if (!handle) continue;
    reaper_.watch_process(pid, *this);
    escaped_.push_back({pid, std::move(handle)});
  }
}

void LiveProcess::kill_escaped() {
  for (const Escaped& escaped : escaped_) {
    signal_process(escaped.handle, SIGKILL);
  }
}

void LiveProcess::forget_dead() {
  std::erase_if(escaped_, [this](const Escaped& escaped) {
    if (signal_process(escaped.handle, 0)) return false;
    reaper_.unwatch_process(escaped.pid);
    return true;
  });
}

void LiveProcess::kill_leftovers() {
  const std::string out = !terminal_.empty() ? terminal_ : out_ ? out_->link() : "";
  const std::string err = err_ ? err_->link() : "";
  const auto holds_output = [&](pid_t pid) {
    return (!out.empty() && has_open_file(pid, out)) || (!err.empty() && has_open_file(pid, err));
  };
  bool found = false;
  for (const pid_t pid : reaper_.strays()) {
    const bool member = ::getpgid(pid) == pid_;
    if (!member && !holds_output(pid)) continue;
    found = true;
    if (!stopping_) end_.notices.push_back("left behind: " + reaper_.describe(pid));
    add_escaped({pid});
  }
  killed_ = true;
  signal_group(SIGKILL);
  kill_escaped();
  if (!found && !stopping_) {
    end_.notices.push_back("left behind: a process that holds its output open and cannot be found");
  }
}

}  // namespace errand::detail
