// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "errand/taskfile/read.h"

int main() {
  const auto plan = errand::read_plan("tasks: {hello: echo hello}", errand::Format::yaml, {});
  if (!plan) return 1;
  std::puts(plan->task(1).name.c_str());
  return 0;
}
