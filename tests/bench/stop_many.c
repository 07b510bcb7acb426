// SPDX-License-Identifier: Apache-2.0
// stop_many COUNT PROGRAM [ARG…]: starts the program COUNT times, each in a group of its own, a
// second later kills them all and waits for them. Prints the milliseconds from the first kill to
// the last wait: what the kernel alone takes for it.
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int argc, char** argv) {
  if (argc < 3) return 125;
  int count = atoi(argv[1]);
  pid_t* pids = calloc(count, sizeof *pids);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  for (int i = 0; i < count; i++) {
    if (posix_spawn(&pids[i], argv[2], NULL, &attributes, argv + 2, environ) != 0) {
      perror(argv[2]);
      count = i;
    }
  }
  sleep(1);
  double began = milliseconds();
  for (int i = 0; i < count; i++) kill(-pids[i], SIGTERM);
  for (int i = 0; i < count; i++) waitpid(pids[i], NULL, 0);
  printf("%.0f\n", milliseconds() - began);
  return 0;
}
