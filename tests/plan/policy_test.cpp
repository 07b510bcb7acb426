// SPDX-License-Identifier: Apache-2.0
//
// What the keys of a task's policy mean, and what is wrong with them.
#include <sys/resource.h>

#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;
using namespace std::chrono_literals;

namespace {

// The policy of a task that has just these keys, in flow style.
Policy policy_of(const std::string& keys) {
  return *task_named(yaml_plan("- { run: x, " + keys + " }"), "1").policy;
}

// Its problems; the keys begin at column 13.
Lines wrong(const std::string& keys) { return yaml_problems("- { run: x, " + keys + " }"); }

Lines at(int column, const std::string& what) {
  return {"f:1:" + std::to_string(column) + ": " + what};
}

std::string script(const Run& run) { return std::get<Script>(run).text; }

}  // namespace

TEST_CASE("a task that sets nothing shares one policy with all others") {
  const Plan plan = yaml_plan("tasks: { a: x, b: { run: x, timeout: 1s }, g: { tasks: [x] } }");
  for (const Task& task : plan.tasks()) CHECK(task.policy == default_policy());
}

TEST_CASE("cmds are run one after another") {
  const Plan plan = yaml_plan("- { cmds: [make, [make, test], 'make install'] }\n- cmds: [one]\n");
  const Task task = task_named(plan, "1");
  CHECK(script_of(task) == "make");
  REQUIRE(task.policy->then.size() == 2);
  CHECK(std::get<Argv>(task.policy->then[0]) == Argv{"make", "test"});
  CHECK(script(task.policy->then[1]) == "make install");
  CHECK(script_of(task_named(plan, "2")) == "one");
  CHECK(task_named(plan, "2").policy->then.empty());
  const std::string expects = "\"cmds\" expects a list of scripts or lists of arguments, found ";
  CHECK(yaml_problems("- { cmds: x }") == at(11, expects + "\"x\""));
  CHECK(yaml_problems("- { cmds: [] }") == at(11, expects + "an empty list"));
  CHECK(yaml_problems("- { cmds: [a, { b: c }, ' ', []] }") ==
        Lines{"f:1:15: \"cmds\" expects a script or a list of arguments, found a map",
              "f:1:25: \"cmds\" is empty; write a script or a list of arguments",
              "f:1:30: \"cmds\" names no program; it is the first in the list"});
}

TEST_CASE("allow_failure is all, none or some exit codes") {
  CHECK(policy_of("allow_failure: true").allow_failure.any);
  CHECK_FALSE(policy_of("allow-failure: false").allow_failure.any);
  const AllowFailure some = policy_of("continue_on_error: { exit_codes: [3, 1, 3] }").allow_failure;
  CHECK_FALSE(some.any);
  CHECK(some.exit_codes == std::vector<int>{1, 3});
  CHECK(policy_of("continue-on-error: { exit-codes: 7 }").allow_failure.exit_codes ==
        std::vector<int>{7});
  CHECK(wrong("allow_failure: 1") == at(28, "\"allow_failure\" expects true or false, found 1"));
  CHECK(wrong("allow_failure: [1]") ==
        at(28, "\"allow_failure\" expects true, false or { exit_codes: [1] }, found a list"));
  CHECK(wrong("allow_failure: {}") == at(28, "\"allow_failure\" has no \"exit_codes\"; add it"));
  CHECK(wrong("allow_failure: { exit_code: 1 }") ==
        Lines{"f:1:28: \"allow_failure\" has no \"exit_codes\"; add it",
              "f:1:30: unknown key \"exit_code\", did you mean \"exit_codes\"?"});
  CHECK(wrong("allow_failure: { exit_codes: [256] }") ==
        at(43, "exit_codes: \"256\" is not a whole number from 0 to 255"));
}

TEST_CASE("success_exit_codes are those that count as a success") {
  CHECK(policy_of("success_exit_codes: [2, 0]").success_exit_codes == std::vector<int>{0, 2});
  CHECK(policy_of("weight: 1").success_exit_codes == std::vector<int>{0});
  CHECK(wrong("success_exit_codes: []") == at(33,
                                              "\"success_exit_codes\" expects a list of exit codes "
                                              "such as [1, 75], found an empty list"));
  CHECK(wrong("success_exit_codes: any") ==
        at(33, "success_exit_codes: \"any\" is not a whole number from 0 to 255"));
}

TEST_CASE("retry is a number of extra tries, or a map that has one") {
  CHECK(policy_of("retry: 3").retry.count == 3);
  CHECK(policy_of("retry: 0").retry.count == 0);
  const RetryRule rule = policy_of(
                             "retry: { count: 2, delay: 500ms, backoff: linear, max_delay: 20s, "
                             "jitter: none, on_exit: [75], on-timeout: false }")
                             .retry;
  CHECK(rule.count == 2);
  CHECK(rule.delay == 500ms);
  CHECK(rule.backoff == RetryRule::Growth::linear);
  CHECK(rule.max_delay == 20s);
  CHECK(rule.jitter == RetryRule::Jitter::none);
  CHECK(rule.on_exit == std::vector<int>{75});
  CHECK_FALSE(rule.on_timeout);
  const RetryRule plain = policy_of("retry: { count: 1, on_exit: any, multiplier: 1.5 }").retry;
  CHECK(plain.delay == 1s);
  CHECK(plain.backoff == RetryRule::Growth::exponential);
  CHECK(plain.multiplier == 1.5);
  CHECK(plain.max_delay == 30s);
  CHECK(plain.jitter == RetryRule::Jitter::full);
  CHECK(plain.on_exit.empty());
  CHECK(plain.on_timeout);
}

TEST_CASE("a delay longer than the usual longest one is kept") {
  CHECK(policy_of("retry: { count: 1, delay: 5m }").retry.max_delay == 5min);
  CHECK(wrong("retry: { count: 1, delay: 5m, max_delay: 1m }") ==
        at(54, "max_delay is shorter than delay; make it longer"));
}

TEST_CASE("what is wrong in retry stands where it is") {
  CHECK(wrong("retry: -1") == at(20, "retry: \"-1\" is not a whole number from 0 to 1000000"));
  CHECK(wrong("retry: []") ==
        at(20, "\"retry\" expects a number of extra tries, or a map, found an empty list"));
  CHECK(wrong("retry: { delay: 1s }") == at(20, "\"retry\" has no \"count\"; add it"));
  CHECK(wrong("retry: { count: 1, delay: soon, backoff: expo, jitter: half, on_timeout: 7 }") ==
        Lines{"f:1:39: delay: 'soon' is not a duration; write it as 250ms, 10s, 5m or 1h30m",
              "f:1:54: unknown backoff \"expo\"; write exponential, linear or constant",
              "f:1:68: unknown jitter \"half\"; write full, equal or none",
              "f:1:86: \"on_timeout\" expects true or false, found 7"});
  CHECK(wrong("retry: { count: 1, multiplier: 0.5 }") ==
        at(44, "\"multiplier\" expects a number from 1 to 1000, found 0.5"));
  CHECK(wrong("retry: { count: 1, multiplier: nan }") ==
        at(44, "\"multiplier\" expects a number from 1 to 1000, found \"nan\""));
  CHECK(wrong("retry: { count: 1, backoff: constant, multiplier: 3 }") ==
        at(51, "\"multiplier\" belongs to backoff: exponential; leave one of them out"));
  CHECK(wrong("retry: { count: 1, on_exit: [] }") ==
        at(41, "\"on_exit\" expects a list of exit codes such as [1, 75], found an empty list"));
  CHECK(wrong("retry: { count: 1, maxDelay: 1s }") ==
        at(32, "unknown key \"maxDelay\", write \"max_delay\""));
  CHECK(wrong("retry: { count: 1, max-delay: 1s, max_delay: 1s }") ==
        at(47, "\"max_delay\" means the same as \"max-delay\"; keep one of them"));
}

TEST_CASE("hedge has a delay, and attempts with it") {
  const HedgeRule rule =
      *policy_of("hedge: { delay: 2s, max_attempts: 3, non_fatal_exit: [6, 7] }").hedge;
  CHECK(std::get<Duration>(rule.delay) == 2s);
  CHECK(rule.max_attempts == 3);
  CHECK(rule.non_fatal_exit == std::vector<int>{6, 7});
  const HedgeRule plain = *policy_of("hedge: { delay: 0, non_fatal_exit: any }").hedge;
  CHECK(std::get<Duration>(plain.delay) == 0s);
  CHECK(plain.max_attempts == 2);
  CHECK(plain.non_fatal_exit.empty());
  CHECK(policy_of("hedge: { delay: 1s }, retry: 2").retry.count == 2);
  CHECK(wrong("hedge: 2s") ==
        at(20, "\"hedge\" expects a map such as { delay: 2s }, found \"2s\""));
  CHECK(wrong("hedge: {}") == at(20, "\"hedge\" has no \"delay\"; add it"));
  CHECK(wrong("hedge: { delay: 1s, max_attempts: 1 }") ==
        at(47, "max_attempts: \"1\" is not a whole number from 2 to 100"));
}

TEST_CASE("a hedge's delay is a duration or a percentile of earlier attempts") {
  const auto percentile = [](const std::string& text) {
    const HedgeRule rule = *policy_of("hedge: { delay: " + text + " }").hedge;
    return std::get<Percentile>(rule.delay).value;
  };
  CHECK(percentile("p95") == 95);
  CHECK(percentile("'p1'") == 1);
  CHECK(percentile("p99") == 99);
  for (const char* text : {"p0", "p100", "p05", "p99.9", "p9x", "P95", "95%", "p4294967391"}) {
    CAPTURE(text);
    CHECK(wrong(std::string("hedge: { delay: ") + text + " }") ==
          at(29, "delay: \"" + std::string(text) + "\" is no percentile; write p1 to p99"));
  }
  CHECK(wrong("hedge: { delay: p }") ==
        at(29, "delay: 'p' is not a duration; write it as 250ms, 10s, 5m or 1h30m"));
  CHECK(wrong("hedge: { delay: [p95] }") ==
        at(29, "\"delay\" expects a duration such as 2s, or p95, found a list"));
  CHECK(wrong("timeout: p95") ==
        at(22, "timeout: 'p95' is not a duration; write it as 250ms, 10s, 5m or 1h30m"));
}

TEST_CASE("deadline and slow_after are durations") {
  CHECK(policy_of("deadline: 8m").deadline == Duration(8min));
  CHECK(wrong("deadline: 0") ==
        at(23, "deadline: must be longer than 0; leave it out for no limit"));
  const Plan plan = yaml_plan(
      "slow_after: 5s\n"
      "tasks: { a: x, b: { run: x, slow_after: 1m }, c: { run: x, slow_after: never },\n"
      "         d: { run: x, slow-after: 0 }, g: { tasks: { e: x } } }");
  CHECK(task_named(plan, "a").slow_after == Duration(5s));
  CHECK(task_named(plan, "b").slow_after == Duration(1min));
  CHECK_FALSE(task_named(plan, "c").slow_after);
  CHECK_FALSE(task_named(plan, "d").slow_after);
  CHECK(task_named(plan, "g/e").slow_after == Duration(5s));
  CHECK(task_named(yaml_plan("- x"), "1").slow_after == Duration(60s));
  CHECK(wrong("slow_after: often").size() == 1);
}

TEST_CASE("locks name the limits that a task takes part in") {
  const Plan plan = yaml_plan(
      "limits: { db: 1, network: 4 }\n"
      "tasks:\n"
      "  a: { run: x, locks: [network, db] }\n"
      "  b: { run: x, locks: { network: 3 } }\n"
      "  c: { run: x, locks: db }\n"
      "  d: { run: x, locks: }\n");
  REQUIRE(plan.limits().size() == 2);
  CHECK(plan.limits()[0].name == "db");
  CHECK(plan.limits()[0].count == 1);
  CHECK(plan.limits()[1].count == 4);
  const auto locks = [&](const char* name) {
    std::vector<std::pair<unsigned, unsigned>> all;
    for (const Lock& lock : task_named(plan, name).policy->locks) {
      all.emplace_back(lock.limit, lock.count);
    }
    return all;
  };
  using Locks = std::vector<std::pair<unsigned, unsigned>>;
  CHECK(locks("a") == Locks{{0, 1}, {1, 1}});
  CHECK(locks("b") == Locks{{1, 3}});
  CHECK(locks("c") == Locks{{0, 1}});
  CHECK(locks("d").empty());
}

TEST_CASE("a lock must be one of the limits, once, and not more of it than there is") {
  const auto with = [](const std::string& locks) {
    return yaml_problems("limits: { db: 2, network: 4 }\ntasks: { a: { run: x, locks: " + locks +
                         " } }");
  };
  CHECK(with("[network, dbb]") == Lines{"f:2:40: unknown lock \"dbb\", did you mean \"db\"?"});
  CHECK(with("{ cache: 1 }") == Lines{"f:2:32: unknown lock \"cache\"; give it a count in "
                                      "\"limits\" at the top of the file"});
  CHECK(with("{ db: 3 }") == Lines{"f:2:32: \"db\" takes 3 of 2; take less, or raise the limit"});
  CHECK(with("[db, network, db]") ==
        Lines{"f:2:44: \"db\" stands here twice; write it once, with a count"});
  CHECK(with("{ db: 0 }") == Lines{"f:2:36: db: \"0\" is not a whole number from 1 to 1000000"});
  CHECK(with("[[db]]") ==
        Lines{"f:2:31: \"locks\" expects a list of names of limits, found a list"});
  CHECK(with("['']") == Lines{"f:2:31: the name of a limit cannot be empty"});
}

TEST_CASE("limits are counts") {
  CHECK(yaml_problems("limits: [db]\ntasks: [x]") ==
        Lines{"f:1:9: \"limits\" expects a map such as { db: 1 }, found a list"});
  CHECK(yaml_problems("limits: { db: many }\ntasks: [{ run: x, locks: [db] }]") ==
        Lines{"f:1:15: db: \"many\" is not a whole number from 1 to 1000000"});
}

TEST_CASE("weight, nice and key") {
  CHECK(policy_of("weight: 4").weight == 4);
  CHECK(policy_of("nice: -20").nice == -20);
  CHECK(policy_of("nice: 19").nice == 19);
  CHECK_FALSE(policy_of("weight: 1").nice);
  CHECK(policy_of("key: build").dedupe_key == "build");
  CHECK(wrong("weight: 0") == at(21, "weight: \"0\" is not a whole number from 1 to 1000000"));
  CHECK(wrong("weight: 1.5") == at(21, "weight: \"1.5\" is not a whole number from 1 to 1000000"));
  CHECK(wrong("nice: 20") == at(19, "nice: \"20\" is not a whole number from -20 to 19"));
  CHECK(wrong("nice: []") == at(19, "\"nice\" expects a whole number, found an empty list"));
  CHECK(wrong("key: ''") == at(18, "the key is empty; tasks with equal keys run once"));
}

TEST_CASE("halt, rate and breaker belong to groups and the run") {
  const Plan plan = yaml_plan(
      "halt: \"soon,fail=10%\"\n"
      "tasks: { g: { rate: 10/s, breaker: { failures: 3, delay: 5s }, tasks: [x] } }");
  CHECK(format(*plan.root().policy->halt) == "soon,fail=10%");
  const Policy& group = *task_named(plan, "g").policy;
  CHECK(format(*group.rate) == "10/s");
  CHECK(group.breaker->failures == 3);
  CHECK(group.breaker->delay == 5s);
  CHECK(yaml_plan("breaker: {}\ntasks: [x]").root().policy->breaker->failures == 5);
  CHECK(yaml_problems("halt: now\ntasks: [x]") ==
        Lines{"f:1:7: halt: \"now\" is not WHEN,WHY=N; write for example now,fail=3, soon,fail=10% "
              "or now,success=1"});
  CHECK(yaml_problems("rate: fast\ntasks: [x]") ==
        Lines{"f:1:7: rate: \"fast\" is not a rate; write for example 10/s, 100/m or 5/h"});
  CHECK(yaml_problems("breaker: 3\ntasks: [x]") ==
        Lines{"f:1:10: \"breaker\" expects a map such as { failures: 5, delay: 30s }, found 3"});
  CHECK(yaml_problems("breaker: { failures: 0, delay: 0 }\ntasks: [x]").size() == 2);
}

TEST_CASE("a service is ready by a line, a command or a port") {
  const auto ready = [](const std::string& value) {
    return *policy_of("service: true, ready: " + value).ready;
  };
  const ReadyRule log = ready("{ log: 'is ready', timeout: 30s }");
  CHECK(std::get<ReadyRule::Log>(log.check).text == "is ready");
  CHECK(log.timeout == 30s);
  CHECK(ready("{ log: x }").timeout == 60s);
  CHECK(script(std::get<ReadyRule::Exec>(ready("{ exec: pg_isready }").check).run) == "pg_isready");
  CHECK(std::get<Argv>(std::get<ReadyRule::Exec>(ready("{ exec: [a, b] }").check).run) ==
        Argv{"a", "b"});
  const auto tcp = [&](const std::string& value) {
    const auto check = std::get<ReadyRule::Tcp>(ready("{ tcp: " + value + " }").check);
    return check.host + " " + check.port;
  };
  CHECK(tcp("'db:5432'") == "db 5432");
  CHECK(tcp("8080") == "localhost 8080");
  CHECK(tcp("'[::1]:80'") == "::1 80");
  CHECK_FALSE(policy_of("service: true").ready);
}

TEST_CASE("what is wrong with ready") {
  const auto with = [](const std::string& value) {
    return wrong("service: true, ready: " + value);
  };
  CHECK(with("5s") ==
        at(35, "\"ready\" expects a map such as { log: \"listening\" }, found \"5s\""));
  CHECK(with("{}") == at(35, "\"ready\" expects exactly one of log, exec and tcp"));
  CHECK(with("{ log: a, tcp: 80 }") ==
        at(35, "\"ready\" expects exactly one of log, exec and tcp"));
  for (const char* tcp : {"0", "65536", "host", "'host:'", "':80'", "'a:b:80'", "[80]"}) {
    CAPTURE(tcp);
    const Lines problems = with("{ tcp: " + std::string(tcp) + " }");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].starts_with("f:1:42: \"tcp\" expects "));
  }
  CHECK(with("{ log: '' }") == at(42, "log: write a piece of the line that says it is ready"));
  CHECK(with("{ exec: {} }").size() == 1);
  CHECK(wrong("ready: { log: x }") == at(13, "\"ready\" belongs to a service; add service: true"));
}

TEST_CASE("stdin is nothing, errand's own or a file") {
  CHECK(policy_of("stdin: null").input.kind == Input::Kind::null);
  CHECK(policy_of("stdin: 'null'").input.kind == Input::Kind::null);
  CHECK(policy_of("stdin: inherit").input.kind == Input::Kind::inherit);
  const Input file = policy_of("stdin: data/in.txt").input;
  CHECK(file.kind == Input::Kind::file);
  CHECK(file.path == "data/in.txt");
  CHECK(wrong("stdin: []") ==
        at(20, "\"stdin\" expects null, inherit or a path, found an empty list"));
  CHECK(wrong("stdin: ''") == at(20, "the path is empty; write . for this folder"));
}

TEST_CASE("tty, interactive and service are true or false") {
  CHECK(policy_of("tty: true").tty);
  CHECK(policy_of("interactive: TRUE").interactive);
  CHECK(policy_of("service: true").service);
  CHECK_FALSE(policy_of("tty: false, interactive: False, service: false").service);
  CHECK(wrong("tty: yes") == at(18, "\"tty\" expects true or false, found \"yes\""));
  CHECK(wrong("service: 1") == at(22, "\"service\" expects true or false, found 1"));
}

TEST_CASE("rlimit has the names of getrlimit") {
  const auto limits =
      policy_of("rlimit: { nofile: 1024, cpu: unlimited, as: 2G, core: 0 }").resource_limits;
  REQUIRE(limits.size() == 4);
  CHECK(limits[0].resource == RLIMIT_NOFILE);
  CHECK(limits[0].value == 1024);
  CHECK(limits[1].resource == RLIMIT_CPU);
  CHECK_FALSE(limits[1].value);
  CHECK(limits[2].value == std::uint64_t{2} << 30);
  CHECK(limits[3].value == 0);
  CHECK(wrong("rlimit: { nofiles: 1 }") ==
        at(23, "unknown limit \"nofiles\", did you mean \"nofile\"?"));
  CHECK(wrong("rlimit: { nofile: -1 }") ==
        at(31, "nofile: \"-1\" is not a size; write it as 512M, 2G or 65536"));
  CHECK(wrong("rlimit: 5") == at(21, "\"rlimit\" expects a map such as { nofile: 1024 }, found 5"));
}

TEST_CASE("max_memory is a size") {
  CHECK(policy_of("max_memory: 512M").memory_bytes_max == std::uint64_t{512} << 20);
  CHECK(wrong("max_memory: lots") ==
        at(25, "max_memory: \"lots\" is not a size; write it as 512M, 2G or 65536"));
  CHECK(wrong("max_memory: 0") == at(25, "max_memory: \"0\" is not between 1 byte and 4194304T"));
}

TEST_CASE("a service shares nothing, is one process, and runs for those that need it") {
  const std::string tail = " cannot stand together: ";
  CHECK(wrong("service: true, hedge: { delay: 1s }") ==
        at(28, "\"service\" and \"hedge\"" + tail + "a service has one process"));
  CHECK(wrong("key: k, service: true") ==
        at(13, "\"service\" and \"key\"" + tail + "a service has no outcome to share"));
  CHECK(wrong("service: true, when: always") ==
        at(28, "\"service\" and \"when\"" + tail + "a service runs for those that need it"));
  CHECK(yaml_problems("- { cmds: [a, b], service: true }") ==
        at(5, "\"service\" and \"cmds\"" + tail + "a service is one command; write \"run\""));
  CHECK(yaml_problems("- { cmds: [[a, b]], service: true }").empty());
  CHECK(wrong("service: false, hedge: { delay: 1s }, key: k, when: always").empty());
  CHECK(wrong("service: true, when: on_success, retry: 3").empty());
}

TEST_CASE("an interactive task has the terminal and nothing else") {
  const std::string tail =
      " cannot stand together: an interactive task has the terminal for itself";
  CHECK(wrong("interactive: true, stdin: inherit") ==
        at(32, "\"interactive\" and \"stdin\"" + tail));
  CHECK(wrong("interactive: true, tty: true") == at(32, "\"interactive\" and \"tty\"" + tail));
  CHECK(wrong("interactive: true, service: true") ==
        at(32, "\"interactive\" and \"service\"" + tail));
  CHECK(wrong("interactive: true, hedge: { delay: 1s }") ==
        at(32, "\"interactive\" and \"hedge\"" + tail));
  CHECK(wrong("interactive: true, tty: false, service: false").empty());
}

TEST_CASE("when is on_success, on_failure or always, for groups too") {
  CHECK(policy_of("when: always").when == When::always);
  CHECK(wrong("when: on-failure") ==
        at(19, "unknown when \"on-failure\", did you mean \"on_failure\"?"));
  const Plan plan = yaml_plan("tasks: { g: { when: on_failure, tasks: [x] } }");
  CHECK(task_named(plan, "g").policy->when == When::on_failure);
}
