// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "errand/process/suspension.h"

namespace errand {
namespace {

// A group's leader that has ended counts as stopped: what it left behind is killed soon anyway.
bool is_stopped(pid_t pid) {
  siginfo_t info{};
  const int flags = WSTOPPED | WEXITED | WNOHANG | WNOWAIT;
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, flags) != 0 || info.si_pid != 0;
}

void signal_all(const std::vector<pid_t>& groups, int signal) {
  for (const pid_t group : groups) {
    // Its leader makes the group itself, and may not have come to it yet.
    if (::kill(-group, signal) != 0) ::kill(group, signal);
  }
}

}  // namespace

Reaper::Suspension::Suspension(Runtime& on, std::function<void()> on_stopped)
    : runtime(on),
      began(Clock::now()),
      stopped(std::move(on_stopped)),
      timer(on, [this] { send_sigstop(); }),
      ended(on) {}

void Reaper::Suspension::send_sigstop() {
  if (std::exchange(sigstop_sent, true))
    return notify_stopped();  // only the kernel can keep it from stopping
  signal_all(groups, SIGSTOP);
  timer.set_after(kStopTime);
}

void Reaper::Suspension::notify_stopped() {
  timer.cancel();
  if (auto call = std::exchange(stopped, nullptr)) call();
}

void Reaper::Suspension::begin(std::vector<pid_t> leaders) {
  std::erase_if(leaders, is_stopped);  // by others, who will continue them
  groups = std::move(leaders);
  signal_all(groups, SIGTSTP);
  timer.set_after(kStopTime);
  check_stopped();
}

void Reaper::Suspension::check_stopped() {
  if (stopped && std::ranges::all_of(groups, is_stopped)) notify_stopped();
}

void Reaper::Suspension::end() {
  timer.cancel();
  runtime.skip(Clock::now() - began);
  signal_all(groups, SIGCONT);
  ended.set();
}

void Reaper::suspend(std::function<void()> stopped) {
  if (suspension_) return;
  std::vector<pid_t> leaders;
  for (const auto& [pid, watch] : started_) leaders.push_back(pid);
  suspension_ = std::make_shared<Suspension>(runtime_, std::move(stopped));
  suspension_->begin(std::move(leaders));
}

void Reaper::resume() {
  const auto suspension = std::exchange(suspension_, nullptr);
  if (!suspension) return;
  for (const auto& [pid, watch] : stops_) watch->on_resume();
  suspension->end();
}

void Reaper::notify_stops() {
  for (const auto& [pid, watch] : stops_) {
    siginfo_t info{};
    const int rc = ::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOHANG | WNOWAIT);
    watch->on_stop_state(rc == 0 && info.si_pid != 0);
  }
}

void Reaper::notify_terminal_wanted() {
  constexpr int kFlags = WSTOPPED | WNOHANG | WNOWAIT;
  siginfo_t info{};
  if (::waitid(P_ALL, 0, &info, kFlags) != 0 || info.si_pid == 0) return;  // nearly always
  std::vector<std::pair<Watch*, int>> wanted;
  for (const auto& [pid, watch] : started_) {
    info = {};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, kFlags) != 0 || info.si_pid == 0) continue;
    if (info.si_status == SIGTTIN || info.si_status == SIGTTOU)
      wanted.emplace_back(watch, info.si_status);
  }
  for (const auto& [watch, signal] : wanted) watch->on_terminal_wanted(signal);
}

awaitable<void> Reaper::may_start(Context context) {
  const auto suspension = suspension_;
  if (suspension) co_await suspension->ended.wait(context);
}

}  // namespace errand
