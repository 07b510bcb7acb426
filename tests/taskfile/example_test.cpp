// SPDX-License-Identifier: Apache-2.0
//
// A task file that uses most of what there is, read whole.
#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kExample = R"(
version: 1
name: ci
mode: errgroup
jobs: auto
timeout: 20m
grace: 5s
env: { LANG: C.UTF-8 }
env_file: [.env]
vars: { image: "app:dev" }
secrets: [REGISTRY_TOKEN]
limits: { db: 1, network: 4 }
defaults: { timeout: 10m, retry: 0 }
tasks:
  lint:                        # a nested group: run everything, report every error
    mode: aggregate
    tasks:
      format: clang-format --dry-run -Werror src/*.cpp
      tidy: { run: [clang-tidy, src/main.cpp], allow_failure: { exit_codes: [1] } }
  build: { run: cmake --build build, weight: 2 }
  db:
    run: postgres -D data
    service: true
    ready: { log: "ready to accept connections", timeout: 30s }
  test:
    needs: { build: { condition: success }, db: { condition: ready } }
    matrix: { shard: [1, 2, 3], san: [asan, tsan], exclude: [{ shard: 3, san: tsan }] }
    run: ctest -I "$MATRIX_SHARD,,3" --preset "$MATRIX_SAN"
    locks: [db]
    timeout: 3m
    deadline: 8m
    retry: { count: 2, delay: 1s, backoff: exponential, max_delay: 20s, jitter: full, on_exit: [75], on_timeout: false }
  fetch:
    run: curl -fsS https://mirror.example/data -o data
    hedge: { delay: 2s, max_attempts: 2, non_fatal_exit: [6, 7, 28] }
  publish:
    needs: [lint, test, fetch]
    if: env.CI == 'true'
    cmds: ["docker build -t ${{ vars.image }} .", "docker push ${{ vars.image }}"]
  cleanup: { run: rm -rf scratch, when: always, timeout: 30s }
)";

Plan read_example() {
  ReadOptions options;
  options.read_file = [](const std::string& path) -> Result<std::string> {
    if (path == ".env") return "CI=true\nREGISTRY_TOKEN=hush\n";
    return std::unexpected(Error::text("there is no other file"));
  };
  return yaml_plan(kExample, options);
}

}  // namespace

TEST_CASE("the whole example is read: the run and its groups") {
  const Plan plan = read_example();
  Lines names;
  for (const Task& task : plan.tasks()) names.push_back(task.full_name);
  CHECK(names == Lines{"", "lint", "lint/format", "lint/tidy", "build", "db", "test", "test/1,asan",
                       "test/1,tsan", "test/2,asan", "test/2,tsan", "test/3,asan", "fetch",
                       "publish", "cleanup"});
  CHECK(plan.root().name == "ci");
  CHECK(plan.root().timeout == Duration(20min));
  CHECK(plan.root().masker->mask("hush, hu") == "***, hu");
  CHECK(*plan.root().env ==
        std::vector<EnvEntry>{{"CI", "true"}, {"REGISTRY_TOKEN", "hush"}, {"LANG", "C.UTF-8"}});
  REQUIRE(plan.limits().size() == 2);
  CHECK(plan.limits()[1].name == "network");
  CHECK(plan.limits()[1].count == 4);
  CHECK(task_named(plan, "lint").mode == Mode::aggregate);
  CHECK(task_named(plan, "lint/format").timeout == Duration(10min));
  CHECK(task_named(plan, "lint/tidy").policy->allow_failure.exit_codes == std::vector<int>{1});
  CHECK(task_named(plan, "build").policy->weight == 2);
}

TEST_CASE("the whole example is read: services, matrices and policies") {
  const Plan plan = read_example();
  const Task db = task_named(plan, "db");
  CHECK(db.policy->service);
  CHECK(db.policy->ready->timeout == 30s);
  CHECK_FALSE(db.timeout);
  const Task test = task_named(plan, "test");
  CHECK(test.is_group);
  CHECK(test.needs == std::vector<Need>{{4, Condition::success}, {5, Condition::ready}});
  const Task shard = task_named(plan, "test/3,asan");
  CHECK(script_of(shard) == "ctest -I \"$MATRIX_SHARD,,3\" --preset \"$MATRIX_SAN\"");
  CHECK(shard.timeout == Duration(3min));
  CHECK(shard.policy->deadline == Duration(8min));
  CHECK(shard.policy->retry.count == 2);
  CHECK(shard.policy->retry.on_exit == std::vector<int>{75});
  CHECK(shard.policy->locks.front().limit == 0);
  CHECK(std::get<Duration>(task_named(plan, "fetch").policy->hedge->delay) == 2s);
}

TEST_CASE("the whole example is read: conditions, expressions and what comes last") {
  const Plan plan = read_example();
  const Task publish = task_named(plan, "publish");
  CHECK(publish.excluded.empty());
  CHECK(publish.needs == needs({1, 6, 12}));
  CHECK(script_of(publish) == "docker build -t app:dev .");
  REQUIRE(publish.policy->then.size() == 1);
  CHECK(std::get<Script>(publish.policy->then[0]).text == "docker push app:dev");
  const Task cleanup = task_named(plan, "cleanup");
  CHECK(cleanup.policy->when == When::always);
  CHECK(cleanup.timeout == Duration(30s));
}
