// SPDX-License-Identifier: Apache-2.0
//
// The resolved plan that run -n prints.
#include "cmd/commands/commands.h"
#include "cmd/plans.h"

namespace errand::test {
namespace {

std::string described(const Plan& plan) { return cmd::describe(plan, {}); }

// The lines below a task's own.
Words details(const std::string& text, const std::string& name) {
  Words found;
  std::size_t indent = 0;
  for (const std::string& line : lines_of(text)) {
    const std::size_t own = line.find_first_not_of(' ');
    if (line.substr(own).starts_with(name + ": ")) {
      indent = own + 4;
    } else if (indent != 0 && own == indent) {
      found.push_back(line.substr(own));
    } else if (indent != 0) {
      break;
    }
  }
  return found;
}

TEST_CASE("a dry run of named tasks shows these and what they need") {
  CmdTest test;
  const std::string text = described(test.plan_of_yaml(kSmallPlan, {"run", "test"}));
  CHECK(contains(text, "format: "));
  CHECK(contains(text, "build: "));
  CHECK_FALSE(contains(text, "tidy: "));
}

TEST_CASE("a dry run shows every setting that differs from its default") {
  CmdTest test;
  const std::string text =
      described(test.plan_of_yaml(kFullPlan, {"run", "--jobs", "3", "--timeout", "1h"}));
  CHECK(text.starts_with("ci: errgroup, jobs 3, timeout 1h\n    env LANG=C\n    limits db 2\n"));
  CHECK(details(text, "test") ==
        Words{"shell sh -ec", "needs db (ready), lint", "env A=b, LANG unset", "timeout 3m",
              "deadline 10m",
              "retry count 2, delay 500ms, backoff exponential, multiplier 2.0, max_delay 30s, "
              "jitter full, on_exit [75], on_timeout false",
              "hedge delay 2s, max_attempts 2, non_fatal_exit any", "locks db 1", "weight 2",
              "key tests", "stdin input.txt", "nice 5", "rlimit nofile 1024, core unlimited",
              "max_memory 512M"});
  CHECK(contains(text, "  lint: race, jobs 50%\n"));
  CHECK(details(text, "lint") ==
        Words{"halt soon,fail=3", "rate 10/m", "breaker failures 3, delay 30s"});
  CHECK(details(text, "db") ==
        Words{"no shell", "service", "ready tcp localhost:5432, timeout 1m"});
  CHECK(details(text, "cleanup") ==
        Words{"no shell", "when always", "grace 1s", "allow_failure exit_codes [1]"});
}

TEST_CASE("a dry run tells which scripts need a shell") {
  CmdTest test;
  const std::string text = described(test.plan_of_yaml(kFullPlan));
  CHECK(details(text, "deploy") == Words{"then [make, install]", "then make clean; true",
                                         "shell sh -ec", "excluded if: env.CI == 'sure'"});
  CHECK(contains(text, "  deploy: make  (no shell)\n"));
  CHECK(details(text, "b").empty());
  const Plan bash = test.plan_of_yaml("shell: [bash, -euc]\ntasks: { a: make }");
  CHECK(details(described(bash), "a") == Words{"shell bash -euc"});
  const Plan option = test.plan_of_yaml("tasks: { a: make }", {"run", "--shell", "zsh -c"});
  CHECK(details(described(option), "a") == Words{"shell zsh -c"});
}

TEST_CASE("a dry run shows variables at the outermost task that has them") {
  CmdTest test;
  const std::string text = described(
      test.plan_of_yaml("env: { A: 1 }\ntasks: { g: { env: { B: 2 }, tasks: { t: { run: x, env: { "
                        "B: 2, A: 3 } } } } }"));
  CHECK(details(text, "g") == Words{"env B=2"});
  CHECK(details(text, "t") == Words{"no shell", "env A=3"});
}

TEST_CASE("a dry run says whether a task that hedges after a percentile is hedged") {
  CmdTest test;
  const Plan plan = test.plan_of_yaml("tasks: { a: { run: x, hedge: { delay: p95 } } }");
  const Words none = details(described(plan), "a");
  CHECK(contains(none.back(), "not hedged yet"));
  const Durations history = {{"a", std::vector<Duration>(kTaskWarmUp, std::chrono::seconds(2))}};
  const Words some = details(cmd::describe(plan, history), "a");
  CHECK(contains(some.back(), "hedged after 2s"));
}

}  // namespace
}  // namespace errand::test
