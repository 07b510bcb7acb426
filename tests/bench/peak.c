// SPDX-License-Identifier: Apache-2.0
// peak FILE PROGRAM [ARG…]: runs the program and writes its peak memory in KiB to FILE. The kernel
// counts the memory of whoever started a program as the program's own, so this one is small where a
// script would not be.
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char** environ;

int main(int argc, char** argv) {
  pid_t pid;
  int status;
  struct rusage usage;
  if (argc < 3 || posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ) != 0) return 125;
  if (wait4(pid, &status, 0, &usage) < 0) return 125;
  FILE* file = fopen(argv[1], "w");
  if (!file || fprintf(file, "%ld\n", usage.ru_maxrss) < 0 || fclose(file) != 0) return 125;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
