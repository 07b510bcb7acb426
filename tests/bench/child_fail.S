// SPDX-License-Identifier: Apache-2.0
// exit(1) and nothing else, without a C library: an attempt that fails.
.globl _start
_start:
#if defined(__x86_64__)
  mov $60, %eax
  mov $1, %edi
  syscall
#elif defined(__aarch64__)
  mov x8, #93
  mov x0, #1
  svc #0
#else
#error "write the exit system call of this machine"
#endif
.section .note.GNU-stack,"",%progbits
