// SPDX-License-Identifier: Apache-2.0
// spawn_clone [--pipes] JOBS COUNT PROGRAM [ARG…]: as spawn_posix, by clone(CLONE_VM) without
// CLONE_VFORK, the cheapest way to start a program. --pipes reads both of its streams to their ends
// through epoll: the limit of whoever captures output.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kStackBytes = 32768, kSignalSlot = -1 };

struct slot {
  char* stack;
  pid_t pid;
  int read_end[2];
  int write_end[2];
  int open;  // what this child still owes: its exit and the ends of its streams
};

extern char** environ;
static char** program;
static int pipes;
static sigset_t no_signals;

// Runs in our memory, on a stack of its own, while we go on.
static int child(void* argument) {
  struct slot* slot = argument;
  if (pipes && (dup2(slot->write_end[0], 1) < 0 || dup2(slot->write_end[1], 2) < 0)) _exit(126);
  sigprocmask(SIG_SETMASK, &no_signals, NULL);
  execve(program[0], program, environ);
  _exit(127);
}

static void fail(const char* what) {
  perror(what);
  exit(125);
}

static void watch(int epoll, int fd, int slot, int stream) {
  struct epoll_event event = {
      .events = EPOLLIN, .data.u64 = ((unsigned long long)(unsigned)slot << 1) | (unsigned)stream};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

static void start(struct slot* slots, int index, int epoll) {
  struct slot* slot = &slots[index];
  slot->open = 1;
  for (int stream = 0; pipes && stream < 2; stream++) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) fail("pipe2");
    slot->read_end[stream] = ends[0];
    slot->write_end[stream] = ends[1];
    watch(epoll, ends[0], index, stream);
    slot->open++;
  }
  slot->pid = clone(child, slot->stack + kStackBytes, CLONE_VM | SIGCHLD, slot);
  if (slot->pid < 0) fail("clone");
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--pipes") == 0) {
    pipes = 1;
    argv++;
    argc--;
  }
  if (argc < 4) return 125;
  int jobs = atoi(argv[1]), left = atoi(argv[2]), live = 0, failed = 0;
  program = argv + 3;

  sigset_t child_signal;
  sigemptyset(&no_signals);
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal, NULL);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int signals = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
  watch(epoll, signals, kSignalSlot, 0);

  struct slot* slots = calloc((size_t)jobs, sizeof *slots);
  for (int i = 0; i < jobs; i++) slots[i].stack = malloc(kStackBytes);

  while (left > 0 || live > 0) {
    for (int i = 0; i < jobs && left > 0 && live < jobs; i++) {
      if (slots[i].open > 0) continue;
      start(slots, i, epoll);
      // The child may not have reached exec: it keeps copies of these, and its dup2 wants them open
      // in its own table, which clone has copied.
      for (int stream = 0; pipes && stream < 2; stream++) close(slots[i].write_end[stream]);
      left--;
      live++;
    }
    struct epoll_event events[64];
    int count = epoll_wait(epoll, events, 64, -1);
    for (int e = 0; e < count; e++) {
      int index = (int)(events[e].data.u64 >> 1), stream = (int)(events[e].data.u64 & 1);
      if (events[e].data.u64 >> 1 == (unsigned)kSignalSlot) {
        struct signalfd_siginfo info[16];
        while (read(signals, info, sizeof info) > 0) {
        }
        int status;
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
          for (int i = 0; i < jobs; i++) {
            if (slots[i].pid != pid) continue;
            slots[i].pid = 0;
            if (--slots[i].open == 0) live--;
            break;
          }
          failed |= status != 0;
        }
        continue;
      }
      static char buffer[65536];
      int fd = slots[index].read_end[stream];
      if (read(fd, buffer, sizeof buffer) > 0) continue;
      epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
      close(fd);
      if (--slots[index].open == 0) live--;
    }
  }
  return failed;
}
