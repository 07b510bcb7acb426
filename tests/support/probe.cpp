// SPDX-License-Identifier: Apache-2.0
//
// A child for tests. Its arguments are steps, done one after another; the process ends with the
// last.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0) std::exit(99);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void say(const std::string& line) { write_all(1, line + "\n"); }

void list_descriptors() {
  std::vector<int> open;
  DIR* dir = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(dir)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(dir)) open.push_back(fd);
  }
  ::closedir(dir);
  std::sort(open.begin(), open.end());
  std::string line;
  for (const int fd : open) line += (line.empty() ? "" : " ") + std::to_string(fd);
  say(line);
}

void list_signals() {
  sigset_t blocked;
  sigprocmask(SIG_BLOCK, nullptr, &blocked);
  for (int signal = 1; signal <= 64; ++signal) {
    struct sigaction action{};
    const bool known = sigaction(signal, nullptr, &action) == 0;
    if (sigismember(&blocked, signal) == 1) say("blocked " + std::to_string(signal));
    if (known && action.sa_handler == SIG_IGN) say("ignored " + std::to_string(signal));
    if (known && action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL)
      say("caught " + std::to_string(signal));
  }
}

// Every byte value again and again, `megabytes` of them, in writes of an odd size.
void write_pattern(int megabytes) {
  std::string block(65537, '\0');
  std::size_t done = 0;
  const std::size_t total = static_cast<std::size_t>(megabytes) * 1024 * 1024;
  while (done < total) {
    const std::size_t size = std::min(block.size(), total - done);
    for (std::size_t i = 0; i < size; ++i) block[i] = static_cast<char>((done + i) * 7 / 3);
    write_all(1, std::string_view(block).substr(0, size));
    done += size;
  }
}

volatile sig_atomic_t caught_count = 0;
void count_signal(int) { caught_count = caught_count + 1; }

[[noreturn]] void pause_for_ever() {
  for (;;) ::pause();
}

int number(const char* text) { return std::atoi(text); }

// Forks; the child goes on with the steps in its place up to "--end", the parent after these.
void fork_branch(char**& step, void (*in_child)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    in_child();
    return;
  }
  int depth = 1;
  while (*step && depth > 0) {
    const std::string_view word = *step++;
    if (word == "fork" || word == "setsid-fork" || word == "daemon") ++depth;
    if (word == "--end") --depth;
  }
}

void become_session() { ::setsid(); }
// As a daemon does: its parent is gone.
void become_orphan() {
  ::setsid();
  if (::fork() != 0) ::_exit(0);
}

void do_step(std::string_view word, char**& step) {
  if (word == "exit") ::_exit(number(*step));
  if (word == "--end") ::_exit(0);
  if (word == "out") return write_all(1, std::string(*step++) + "\n");
  if (word == "err") return write_all(2, std::string(*step++) + "\n");
  if (word == "raw") return write_all(1, *step++);
  if (word == "pattern") return write_pattern(number(*step++));
  if (word == "descriptors") return list_descriptors();
  if (word == "signals") return list_signals();
  if (word == "pid") return say(std::to_string(::getpid()));
  if (word == "group") return say(::getpgrp() == ::getpid() ? "leader" : "member");
  if (word == "session") {
    const bool leader = ::getsid(0) == ::getpid();
    const bool foreground = ::tcgetpgrp(1) == ::getpgrp();
    return say(std::string(leader ? "session leader" : "in our session") +
               (foreground ? ", foreground" : ", background"));
  }
  if (word == "cwd") return say(::getcwd(nullptr, 0));
  if (word == "env") {
    const char* value = ::getenv(*step++);
    return say(value ? value : "(unset)");
  }
  if (word == "death-signal") {
    int signal = 0;
    ::prctl(PR_GET_PDEATHSIG, &signal);
    return say(std::to_string(signal));
  }
  if (word == "ignore") {
    signal(number(*step++), SIG_IGN);
    return;
  }
  if (word == "count") {
    signal(number(*step++), count_signal);
    return;
  }
  if (word == "await-signal") {  // the caught ones are blocked elsewhere: no race
    sigset_t none;
    sigemptyset(&none);
    while (caught_count == 0) ::sigsuspend(&none);
    return say("caught " + std::to_string(caught_count));
  }
  if (word == "block") {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number(*step++));
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return;
  }
  if (word == "kill-self") {
    ::kill(::getpid(), number(*step++));
    return;
  }
  if (word == "stop-self") {
    ::raise(SIGSTOP);
    return;
  }
  if (word == "close") {
    ::close(number(*step++));
    return;
  }
  if (word == "cat") {
    char buffer[4096];
    ssize_t count = 0;
    while ((count = ::read(0, buffer, sizeof buffer)) > 0)
      write_all(1, std::string_view(buffer, static_cast<std::size_t>(count)));
    return;
  }
  if (word == "pause") pause_for_ever();
  if (word == "fork") return fork_branch(step, [] {});
  if (word == "setsid-fork") return fork_branch(step, become_session);
  if (word == "daemon") return fork_branch(step, become_orphan);
  if (word == "await-stop") {
    int status = 0;
    ::waitpid(-1, &status, WUNTRACED);
    return;
  }
  if (word == "wait-child") {
    ::wait(nullptr);
    return;
  }
  std::fprintf(stderr, "probe: unknown step '%s'\n", std::string(word).c_str());
  ::_exit(98);
}

}  // namespace

int main(int, char** argv) {
  char** step = argv + 1;
  while (*step) {
    const std::string_view word = *step++;
    do_step(word, step);
  }
  return 0;
}
