// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/fingerprint.h"

#include "support/catch.h"
#include "support/secrets.h"
#include "taskfile/read_support.h"

using namespace errand;

namespace {

std::uint64_t fingerprint(const std::string& task, const std::string& folder = "/ci") {
  const Plan plan = yaml_plan("tasks: { a: " + task + " }");
  return Fingerprints(folder).of(plan.task(1));
}

const char* const kPlain = "{ run: make }";

}  // namespace

TEST_CASE("another command, shell, folder, variable, input or limit makes another task") {
  for (const char* other :
       {"{ run: make all }", "{ run: [make] }", "{ cmds: [make, make] }",
        "{ run: make, shell: [bash, -c] }", "{ run: make, dir: sub }",
        "{ run: make, env: { A: b } }", "{ run: make, env: { A: null } }",
        "{ run: make, stdin: in.txt }", "{ run: make, tty: true }",
        "{ run: make, success_exit_codes: [0, 1] }", "{ run: make, rlimit: { nofile: 10 } }",
        "{ run: make, max_memory: 1G }", "{ run: make, matrix: { v: [1] } }"}) {
    CAPTURE(other);
    CHECK(fingerprint(other) != fingerprint(kPlain));
  }
  CHECK(fingerprint("{ run: [a, b] }") != fingerprint("{ run: [ab] }"));
  CHECK(fingerprint("{ run: make, env: { A: b } }") != fingerprint("{ run: make, env: { A: c } }"));
  CHECK(fingerprint(kPlain, "/other") != fingerprint(kPlain));
}

TEST_CASE("when and how often a task runs makes no other task of it") {
  for (const char* same :
       {"make", "{ run: make, timeout: 5s }", "{ run: make, retry: 2 }", "{ run: make, weight: 2 }",
        "{ run: make, description: x }", "{ run: make, allow_failure: true }",
        "{ run: make, slow_after: 1s }", "{ run: make, success_exit_codes: [0] }"}) {
    CAPTURE(same);
    CHECK(fingerprint(same) == fingerprint(kPlain));
  }
}

TEST_CASE("another name makes another task") {
  const Plan plan = yaml_plan("tasks: { a: x, b: x }");
  Fingerprints fingerprints;
  CHECK(fingerprints.of(plan.task(1)) != fingerprints.of(plan.task(2)));
  CHECK(fingerprints.of(plan.task(1)) == fingerprints.of(plan.task(1)));
}

TEST_CASE("the folder is the one that the task runs in, from wherever errand is called") {
  Task below;
  below.full_name = "a";
  below.dir = "..";
  Task here = below;
  here.dir = "";
  CHECK(Fingerprints("/ci/sub").of(below) == Fingerprints("/ci/").of(here));
  CHECK(Fingerprints("/ci").of(here) == Fingerprints("/ci/").of(here));
  Task absolute = below, child = below;
  absolute.dir = "/ci";
  child.dir = "ci";
  CHECK(Fingerprints("/elsewhere").of(absolute) == Fingerprints("/ci").of(here));
  CHECK(Fingerprints("/").of(child) == Fingerprints("/ci").of(here));
}

TEST_CASE("the order of variables does not matter, and of two with one name the later counts") {
  CHECK(fingerprint("{ run: x, env: { A: 1, B: 2 } }") ==
        fingerprint("{ run: x, env: { B: 2, A: 1 } }"));
  Task twice;
  twice.env = std::make_shared<const std::vector<EnvEntry>>(
      std::vector<EnvEntry>{{"A", "outer"}, {"A", "inner"}});
  Task once;
  once.env = std::make_shared<const std::vector<EnvEntry>>(std::vector<EnvEntry>{{"A", "inner"}});
  CHECK(Fingerprints().of(twice) == Fingerprints().of(once));
}

TEST_CASE("a number in the place of a name is no part of it") {
  Task first, seventh, named;
  first.full_name = "g/1";
  seventh.full_name = "g/7";
  named.full_name = "g/a7";
  CHECK(Fingerprints().of(first) == Fingerprints().of(seventh));
  CHECK(Fingerprints().of(first) != Fingerprints().of(named));
  CHECK(is_named_by_number(first));
  CHECK_FALSE(is_named_by_number(named));
}

TEST_CASE("a secret is not in it, wherever it stands") {
  const auto with = [](const std::string& secret) {
    Task task;
    task.full_name = "a";
    task.run = Script{"login " + secret};
    task.env = std::make_shared<const std::vector<EnvEntry>>(
        std::vector<EnvEntry>{{"TOKEN", secret}, {"URL", "https://" + secret + "@host"}});
    task.masker = test::masker_of({secret});
    return Fingerprints().of(task);
  };
  CHECK(with("hunter2") == with("correct horse"));
}

TEST_CASE("what a log tells of a task counts") {
  Task task;
  task.full_name = "a";
  task.known_fingerprint = 77;
  CHECK(Fingerprints().of(task) == 77);
}
