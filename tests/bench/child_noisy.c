// SPDX-License-Identifier: Apache-2.0
// child_noisy BYTES: writes that many bytes of 80-column lines, 64 KiB at a time.
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  static char block[65536];
  long left = argc > 1 ? atol(argv[1]) : 0;
  for (size_t i = 0; i < sizeof block; i++) block[i] = i % 80 == 79 ? '\n' : 'x';
  while (left > 0) {
    size_t want = left < (long)sizeof block ? (size_t)left : sizeof block;
    ssize_t done = write(1, block, want);
    if (done < 0) return 1;
    left -= done;
  }
  return 0;
}
