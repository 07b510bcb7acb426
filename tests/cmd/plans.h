// SPDX-License-Identifier: Apache-2.0
//
// Plans that the tests of several commands show.
#pragma once

#include <string>

#include "support/cmd_test.h"

namespace errand::test {

inline constexpr std::string_view kSmallPlan = R"(
name: ci
timeout: 20m
tasks:
  lint:
    description: All checks of style
    mode: aggregate
    tasks: { format: touch started, tidy: [touch, started] }
  build: { run: touch started, timeout: 5m }
  test: { needs: [build, lint/format], run: touch started, description: All tests }
)";

// Has nearly every setting.
inline constexpr std::string_view kFullPlan = R"(
name: ci
limits: { db: 2 }
env: { LANG: C }
tasks:
  db: { run: serve, service: true, ready: { tcp: "localhost:5432" } }
  test:
    description: All tests
    needs: { db: { condition: ready }, lint: }
    run: ./run-tests "$LANG"
    timeout: 3m
    deadline: 10m
    retry: { count: 2, delay: 500ms, on_exit: [75], on_timeout: false }
    hedge: { delay: 2s }
    locks: [db]
    weight: 2
    key: tests
    env: { A: b, LANG: null }
    stdin: input.txt
    nice: 5
    rlimit: { nofile: 1024, core: unlimited }
    max_memory: 512M
  lint: { mode: race, jobs: 50%, halt: "soon,fail=3", rate: 10/m, breaker: { failures: 3 }, tasks: { a: x, b: [y, z] } }
  deploy: { cmds: [make, [make, install], "make clean; true"], if: "env.CI == 'sure'" }
  cleanup: { run: rm -rf scratch, when: always, allow_failure: { exit_codes: [1] }, grace: 1s }
)";

}  // namespace errand::test
