// SPDX-License-Identifier: Apache-2.0
// Waits for a signal and does nothing else, in next to no memory, so that thousands of them can be alive.
.globl _start
_start:
#if defined(__x86_64__)
  mov $34, %eax
  syscall
  jmp _start
#elif defined(__aarch64__)
  mov x0, #0
  mov x1, #0
  mov x2, #0
  mov x3, #0
  mov x8, #73
  svc #0
  b _start
#else
#error "write the pause system call of this machine"
#endif
.section .note.GNU-stack,"",%progbits
