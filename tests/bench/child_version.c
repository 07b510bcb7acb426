// SPDX-License-Identifier: Apache-2.0
// Prints one line: what --version costs in C.
#include <stdio.h>

int main(void) {
  puts("version 1.0");
  return 0;
}
