// SPDX-License-Identifier: Apache-2.0
//
// --resume and --failed: runs that go on with an earlier one.
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/cli.h"

namespace errand::test {
namespace {

using Json = nlohmann::json;
using Strings = std::vector<std::string>;
namespace fs = std::filesystem;

// Each task says in ran.txt that it ran; b and c fail until there is a file "fixed".
const char* const kPlan =
    "mode: aggregate\n"
    "jobs: 1\n"
    "tasks:\n"
    "  a: echo a >>ran.txt\n"
    "  g: { mode: aggregate, tasks: { b: 'echo b >>ran.txt; test -e fixed', b2: echo b2 >>ran.txt "
    "} }\n"
    "  c: { needs: a, run: 'echo c >>ran.txt; test -e fixed' }\n"
    "  d: { needs: [c, g], run: echo d >>ran.txt }\n";

// The tasks that have run since it was asked last.
std::string ran(const CliTest& test) {
  std::string names = test.read("ran.txt");
  fs::remove(test / "ran.txt");
  std::replace(names.begin(), names.end(), '\n', ' ');
  return names;
}

std::string runs_folder(const CliTest& test) { return test / ".local/state/errand/runs"; }

Strings ids_of(const CliTest& test) {
  Strings ids;
  for (const auto& entry : fs::directory_iterator(runs_folder(test))) {
    ids.push_back(entry.path().filename());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

TEST_CASE("--resume runs what has not succeeded yet, and each time what is still left") {
  CliTest test;
  CHECK(test.run_yaml(kPlan).how() == "exit 1");
  CHECK(ran(test) == "a b b2 c ");
  CHECK(test.run({"run", "--resume"}).how() == "exit 1");
  CHECK(ran(test) == "b c ");
  test.write("fixed", "");
  const Ended end = test.run({"run", "--resume"});
  CHECK(end.how() == "exit 0");
  CHECK(ran(test) == "b c d ");
  CHECK(contains(end.err, " runs: 3 of 5 tasks\n"));
  CHECK(contains(end.err, "\n5 tasks: 3 succeeded, 2 skipped in "));
  CHECK(contains(end.err, "\nskipped: 2 tasks: succeeded in run "));
  const Ended nothing = test.run({"run", "--resume"});
  CHECK(nothing.how() == "exit 0");
  CHECK(ran(test) == "");
  CHECK(contains(nothing.err, " runs: 0 of 5 tasks\n"));
}

TEST_CASE(
    "[P28] a task that was edited runs again, and what needs it; unchanged successes do not") {
  CliTest test;
  test.write("fixed", "");
  CHECK(test.run_yaml(kPlan).how() == "exit 0");
  ran(test);
  std::string edited = kPlan;
  edited.replace(edited.find("echo a"), 6, "echo A");
  CHECK(test.run_yaml(edited, {"--resume"}).how() == "exit 0");
  CHECK(ran(test) == "A c d ");
}

TEST_CASE("a timeout, a retry or another order of tasks makes no task a new one") {
  CliTest test;
  test.run_yaml("tasks: { a: echo a >>ran.txt, b: echo b >>ran.txt }");
  ran(test);
  test.run_yaml(
      "tasks: { b: { run: echo b >>ran.txt, timeout: 1h }, a: { run: echo a >>ran.txt, retry: 3 } "
      "}",
      {"--resume", "--jobs", "1"});
  CHECK(ran(test) == "");
  test.run_yaml("tasks: { a: echo a >>ran.txt, b: echo b >>ran.txt }",
                {"--resume", "--env", "X=1"});
  CHECK(ran(test).size() == 4);  // both: they see another environment
}

TEST_CASE("[P28] after a SIGKILL of errand only what was running and what was to come runs") {
  CliTest test;
  auto errand = test.start_yaml(
      "jobs: 1\n"
      "tasks:\n"
      "  a: echo a >>ran.txt\n"
      "  b: 'echo b >>ran.txt; test -e fixed || { echo up >$MARKS; eval $AWAIT_SIGNAL; }'\n"
      "  c: { needs: b, run: echo c >>ran.txt }\n");
  errand->await_mark("up");
  // What has just ended is on disk a moment later.
  const std::string log = runs_folder(test) + "/" + ids_of(test).front() + "/events.jsonl";
  while (!contains(test.read(log.substr(test.path().size() + 1)), "\"task_ended\"")) continue;
  errand->signal(SIGKILL);
  errand->finish_killed();
  CHECK(ran(test) == "a b ");
  test.write("fixed", "");
  CHECK(test.run({"run", "--resume"}).how() == "exit 0");
  CHECK(ran(test) == "b c ");
}

TEST_CASE("after a Ctrl-C the rest runs") {
  CliTest test;
  auto errand = test.start_yaml(
      "jobs: 1\n"
      "tasks:\n"
      "  a: echo a >>ran.txt\n"
      "  b: 'echo b >>ran.txt; test -e fixed || { echo up >$MARKS; eval $AWAIT_SIGNAL; }'\n"
      "  clean: { when: always, run: echo clean >>ran.txt }\n");
  errand->await_mark("up");
  errand->signal(SIGINT);
  CHECK(errand->finish().how() == "signal 2");
  CHECK(ran(test) == "a b clean ");
  test.write("fixed", "");
  CHECK(test.run({"run", "--resume"}).how() == "exit 0");
  CHECK(ran(test) == "b clean ");
}

TEST_CASE("--failed runs what failed alone; --resume then goes on with the rest") {
  CliTest test;
  test.run_yaml(kPlan);
  ran(test);
  test.write("fixed", "");
  const Ended end = test.run({"run", "--failed"});
  CHECK(end.how() == "exit 0");
  CHECK(ran(test) == "b c ");
  CHECK(contains(end.err, "errand: note: only what failed in run "));
  CHECK(test.run({"run", "--resume"}).how() == "exit 0");
  CHECK(ran(test) == "d ");
  const Ended none = test.run({"run", "--failed"});
  CHECK(none.how() == "exit 0");
  CHECK(contains(none.err, "errand: note: nothing failed in run "));
  CHECK(ran(test) == "");
}

TEST_CASE("what a run of some of the tasks did not touch is not forgotten") {
  CliTest test;
  test.write("errand.yaml",
             "mode: aggregate\njobs: 1\ntasks:\n"
             "  a: echo a >>ran.txt\n"
             "  b: 'echo b >>ran.txt; test -e fixed'\n"
             "  c: 'echo c >>ran.txt; test -e fixed'\n");
  test.run({"run"});
  CHECK(ran(test) == "a b c ");
  test.write("fixed", "");
  CHECK(test.run({"run", "--failed", "errand.yaml", "b"}).how() == "exit 0");
  CHECK(ran(test) == "b ");
  CHECK(test.run({"run", "--failed"}).how() == "exit 0");
  CHECK(ran(test) == "c ");
  CHECK(test.run({"run", "--resume"}).how() == "exit 0");
  CHECK(ran(test) == "");
}

TEST_CASE("a failure that was stopped before it could be mended is still one") {
  CliTest test;
  test.write(
      "errand.yaml",
      "jobs: 1\ntasks: { b: 'echo b >>ran.txt; test -e fixed', c: 'echo c >>ran.txt; exit 1' "
      "}");
  test.run({"run", "-k"});
  CHECK(test.run({"run", "--failed"}).how() == "exit 1");  // b stops c
  test.write("fixed", "");
  ran(test);
  CHECK(test.run({"run", "--failed", "-k"}).how() == "exit 1");
  CHECK(ran(test) == "b c ");
  CHECK(test.run({"run", "--failed", "-k"}).how() == "exit 1");
  CHECK(ran(test) == "c ");
}

TEST_CASE("a run that was stopped, or has no end, is not called one without failures") {
  CliTest test;
  auto errand = test.start_yaml("tasks: { a: 'echo up >$MARKS; eval $AWAIT_SIGNAL' }");
  errand->await_mark("up");
  errand->signal(SIGTERM);
  errand->finish();
  const Ended end = test.run({"run", "--failed", "-q"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand: --failed: nothing failed in run "));
  CHECK(
      contains(end.err, ", but it did not succeed either; --resume runs what has not succeeded\n"));
}

TEST_CASE("a run is named by its id, the beginning of one, its folder or a log") {
  CliTest test;
  test.run_yaml(kPlan, {"--report", "events=log.jsonl"});
  const std::string id = ids_of(test).front();
  test.write("fixed", "");
  test.run({"run"});  // the newest has nothing left
  ran(test);
  for (const std::string& run : {id, id.substr(0, id.size() - 1), runs_folder(test) + "/" + id,
                                 std::string("./log.jsonl")}) {
    CAPTURE(run);
    CHECK(test.run({"run", "--resume=" + run}).how() == "exit 0");
    CHECK(ran(test) == "b c d ");
  }
  CHECK(test.run({"run", "--resume", id, "errand.yaml"}).how() == "exit 0");
  CHECK(ran(test) == "b c d ");
  CHECK(test.run({"run", "--resume"}).how() == "exit 0");
  CHECK(ran(test) == "");
}

TEST_CASE("the last run is the last one of the same task file, from wherever errand is called") {
  CliTest test;
  test.run_yaml(kPlan);
  test.write("other.yaml", "tasks: { x: 'true' }");
  test.run({"run", "other.yaml"});
  ran(test);
  fs::create_directory(test / "below");
  Call call{{"run", "--resume"}};
  call.folder = "below";
  CHECK(test.run(call).how() == "exit 1");
  CHECK(ran(test) == "b c ");
}

TEST_CASE("what cannot be gone on with is said, and nothing starts") {
  CliTest test;
  test.write("errand.yaml", kPlan);
  const Ended none = test.run({"run", "--failed"});
  CHECK(none.how() == "exit 125");
  CHECK(none.err == "errand: --failed: no earlier run of these tasks is kept\n");
  const Ended unknown = test.run({"run", "--resume=nope"});
  CHECK(unknown.how() == "exit 125");
  CHECK(contains(unknown.err, "errand: --resume: there are no runs in '"));
  test.write("text", "hello\n");
  CHECK(contains(test.run({"run", "--resume=./text"}).err,
                 "errand: --resume: './text' is no event log: line 1"));
  CHECK(contains(test.run({"run", "--resume", "--failed"}).err, "--failed excludes --resume"));
  CHECK(ran(test) == "");
  const Ended all = test.run({"run", "--resume"});
  CHECK(
      contains(all.err, "errand: note: no earlier run of these tasks is kept; all of them run\n"));
  CHECK(ran(test) == "a b b2 c ");
}

TEST_CASE("a run that still goes on is not gone on with") {
  CliTest test;
  test.run_yaml("tasks: { a: 'true' }");
  const std::string id = ids_of(test).front();
  for (const std::string& option : {std::string("--resume"), "--resume=" + id}) {
    Call call{{"run", option}};
    // As an errand that runs does.
    call.prefix = {"flock", runs_folder(test) + "/" + id + "/events.jsonl"};
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, "still goes on\n"));
  }
}

TEST_CASE("a run that is gone on with is not gone on with by another at the same time") {
  CliTest test;
  test.run_yaml("tasks: { a: 'test ! -e twice || errand run -q --resume'}");
  test.write("twice", "");
  test.write("errand.yaml", "tasks: { a: '" ERRAND_BINARY " run --resume' }");
  const Ended end = test.run({"run", "--resume"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.out + end.err, " still goes on\n"));
}

TEST_CASE("a task file that is no file has no last run") {
  CliTest test;
  const Call call{.args = {"run", "--resume", "/dev/stdin"}, .input = "tasks: { a: 'true' }"};
  test.run(call);
  CHECK(contains(test.run(call).err, " runs: 0 of 1 task\n"));  // by its name and folder
  const Call other{.args = {"run", "--resume", "/dev/stdin"},
                   .input = "name: other\ntasks: { a: 'true' }"};
  CHECK(contains(test.run(other).err, "no earlier run of these tasks is kept"));
}

TEST_CASE("the variables of the environment do the same, and no task sees them") {
  CliTest test;
  test.run_yaml(kPlan);
  ran(test);
  Call call{{"run"}};
  call.env = {"ERRAND_FAILED=last"};
  CHECK(test.run(call).how() == "exit 1");
  CHECK(ran(test) == "b c ");
  call.env = {"ERRAND_RESUME=last", "ERRAND_FAILED=last"};
  CHECK(contains(test.run(call).err, "errand: ERRAND_FAILED excludes ERRAND_RESUME\n"));
  call.env = {"ERRAND_RESUME=last"};
  test.write("errand.yaml", "tasks: { a: 'test -z \"$ERRAND_RESUME\"' }");
  CHECK(test.run(call).how() == "exit 0");
}

TEST_CASE("names and globs choose among what is left") {
  CliTest test;
  test.run_yaml(kPlan);
  ran(test);
  CHECK(test.run({"run", "--resume", "errand.yaml", "g"}).how() == "exit 1");
  CHECK(ran(test) == "b ");
}

TEST_CASE("a dry run shows what does not run again, and why") {
  CliTest test;
  test.run_yaml(kPlan);
  const Ended end = test.run({"run", "-n", "--resume"});
  CHECK(contains(end.out, "  a: echo a >>ran.txt\n"));
  CHECK(contains(end.out, "      skipped succeeded in run " + ids_of(test).front() + "\n"));
  CHECK(ids_of(test).size() == 1);
}

TEST_CASE("reports of a run that goes on have all tasks, and name the earlier run") {
  CliTest test;
  test.run_yaml(kPlan);
  const std::string id = ids_of(test).front();
  test.run({"run", "--resume", "--report", "json=r.json"});
  const Json report = Json::parse(test.read("r.json"));
  CHECK(report["tasks"].size() == 6);
  CHECK(report["tasks"][0]["name"] == "a");
  CHECK(report["tasks"][0]["status"] == "skipped");
  CHECK(report["tasks"][0]["succeeded_in"] == id);
  CHECK(report["tasks"][0]["cause"] == "succeeded in run " + id);
  CHECK(test.run({"report", "--format", "json"}).out == test.read("r.json"));
}

TEST_CASE("errand exec goes on with the newest run that knows its tasks") {
  CliTest test;
  const Strings command = {"-j1", "-k", "echo {} >>ran.txt; test -e fixed -o {} = a",
                           ":::", "a",  "b"};
  const auto exec = [&](const std::string& option) {
    Strings args = {"exec"};
    if (!option.empty()) args.push_back(option);
    args.insert(args.end(), command.begin(), command.end());
    return test.run(args).how();
  };
  CHECK(exec("") == "exit 1");
  CHECK(ran(test) == "a b ");
  test.run({"exec", "true"});
  CHECK(exec("--resume") == "exit 1");
  CHECK(ran(test) == "b ");
  test.write("fixed", "");
  CHECK(exec("--failed") == "exit 0");
  CHECK(ran(test) == "b ");
  CHECK(exec("--resume") == "exit 0");
  CHECK(ran(test) == "");
}

TEST_CASE("tasks that arrive one after another are gone on with, by what they are") {
  CliTest test;
  const auto feed = [&](Strings args, const std::string& input) {
    Call call{std::move(args)};
    call.input = input;
    return test.run(call).how();
  };
  const std::string lines =
      "{\"name\": \"a\", \"run\": \"echo a >>ran.txt\"}\n"
      "{\"name\": \"b\", \"run\": \"echo b >>ran.txt; test -e fixed\"}\n";
  CHECK(feed({"run", "-k", "-j1", "-"}, lines) == "exit 1");
  CHECK(ran(test) == "a b ");
  CHECK(feed({"run", "-k", "-j1", "--resume", "-"}, lines) == "exit 1");
  CHECK(ran(test) == "b ");
  test.write("fixed", "");
  CHECK(feed({"run", "-k", "-j1", "--failed", "-"}, lines) == "exit 0");
  CHECK(ran(test) == "b ");
  CHECK(feed({"exec", "-k", "-j1", "echo {} >>ran.txt; test {} = x"}, "x\ny\n") == "exit 1");
  CHECK(ran(test) == "x y ");
  CHECK(feed({"exec", "-k", "-j1", "--dry-run", "--resume", "echo {} >>ran.txt; test {} = x"},
             "x\ny\nz\n") == "exit 0");
  CHECK(feed({"exec", "-k", "-j1", "--resume", "echo {} >>ran.txt; test {} = x"}, "x\ny\nz\n") ==
        "exit 1");
  CHECK(ran(test) == "y z ");
}

}  // namespace errand::test
