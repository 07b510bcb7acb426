// SPDX-License-Identifier: Apache-2.0
// spawn_posix JOBS COUNT PROGRAM [ARG…]: runs the program COUNT times, JOBS at once, by posix_spawn
// and waitpid. Captures nothing, has no groups, no timeouts: what a plain C programmer gets.
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 4) return 125;
  int jobs = atoi(argv[1]), left = atoi(argv[2]), live = 0, failed = 0;
  while (left > 0 || live > 0) {
    for (; left > 0 && live < jobs; left--, live++) {
      pid_t pid;
      if (posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, environ) != 0) {
        perror(argv[3]);
        return 125;
      }
    }
    int status;
    if (waitpid(-1, &status, 0) > 0) {
      live--;
      failed |= status != 0;
    }
  }
  return failed;
}
