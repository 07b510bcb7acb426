// SPDX-License-Identifier: Apache-2.0
// The smallest program with a C library, linked statically: what starting and ending a program
// costs.
int main(void) { return 0; }
