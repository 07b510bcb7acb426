// SPDX-License-Identifier: Apache-2.0
//
// What errand says to its caller by the way it ends.
#include <csignal>
#include <nlohmann/json.hpp>

#include "support/cli.h"

namespace errand::test {
namespace {

// ---- every row of the guide's table, whatever gives the tasks and whatever standard input is

enum class In { file, pipe, empty_pipe, closed, null, terminal };
constexpr In kAllInputs[] = {In::file,   In::pipe, In::empty_pipe,
                             In::closed, In::null, In::terminal};

std::string name_of(In in) {
  constexpr const char* kNames[] = {"a file", "a pipe",    "an empty pipe",
                                    "closed", "/dev/null", "a terminal"};
  return kNames[static_cast<int>(in)];
}

// `text` is in the file or the pipe.
Call with_input(CliTest& test, std::vector<std::string> args, In in, const std::string& text) {
  Call call{std::move(args)};
  switch (in) {
    case In::file:
      test.write("input", text);
      call.prefix = {"sh", "-c", "exec \"$0\" \"$@\" <input"};
      break;
    case In::pipe:
      call.input = text;
      break;
    case In::empty_pipe:
      call.input = "";
      break;
    case In::closed:
      call.closed = {0};
      break;
    case In::null:
      break;
    case In::terminal:
      call.streams = Streams::terminal;
      break;
  }
  return call;
}

// What runs a task with this script.
enum class By { file, exec, stream };
constexpr By kAllWays[] = {By::file, By::exec, By::stream};

std::vector<std::string> arguments(CliTest& test, By by, const std::string& script,
                                   const std::vector<std::string>& options) {
  std::vector<std::string> args = {by == By::exec ? "exec" : "run"};
  args.insert(args.end(), options.begin(), options.end());
  const std::string quoted = nlohmann::json(script).dump();
  if (by == By::file) test.write("errand.yaml", "tasks: { a: " + quoted + " }");
  if (by == By::stream) test.write("tasks.jsonl", quoted + "\n");
  if (by == By::exec) args.push_back(script);
  if (by == By::stream) args.push_back("tasks.jsonl");
  return args;
}

template <class Visit>
void for_each_way(Visit visit) {
  for (const By by : kAllWays) {
    for (const In in : kAllInputs) {
      CAPTURE(static_cast<int>(by), name_of(in));
      visit(by, in);
    }
  }
}

TEST_CASE("[F1.1] each status of the guide, by run, exec and a stream, with every standard input") {
  struct Row {
    const char* status;
    const char* script;
    std::vector<std::string> options;
  };
  const std::vector<Row> rows = {
      {"exit 0", "exit 0", {}},
      {"exit 0", "exit 0", {"-k"}},
      {"exit 7", "exit 7", {}},
      {"exit 137", "kill -KILL $$", {}},
      {"exit 1", "exit 7", {"-k"}},
      {"exit 1", "exit 7", {"--mode", "race"}},
      {"exit 124", "exec sleep 1000", {"--task-timeout", "50ms"}},
      {"exit 124", "exec sleep 1000", {"--timeout", "50ms"}},
      {"exit 125", "exit 0", {"--report", "json=no/folder/x"}},
      {"exit 125", "exit 0", {"--nosuch"}},
      {"exit 126", "./plain", {}},
      {"exit 127", "./nosuch", {}},
  };
  CliTest test;
  test.write("plain", "");
  for (const Row& row : rows) {
    CAPTURE(row.status, row.script, row.options);
    for_each_way([&](By by, In in) {
      const auto args = arguments(test, by, row.script, row.options);
      CHECK(test.run(with_input(test, args, in, "x\n")).how() == row.status);
    });
  }
}

TEST_CASE("errand dies of its signals whatever gives the tasks and whatever standard input is") {
  CliTest test;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(number);
    for_each_way([&](By by, In in) {
      const auto args = arguments(test, by, "echo ready >$MARKS; exec sleep 1000", {});
      const auto errand = test.start(with_input(test, args, in, "x\n"));
      errand->await_mark("ready");
      errand->signal(number);
      CHECK(errand->finish().signal == number);
    });
  }
}

TEST_CASE("errand dies of PIPE when the reader of its output has gone") {
  CliTest test;
  for_each_way([&](By by, In in) {
    if (in == In::terminal) return;  // its output is no pipe
    const auto args = arguments(test, by, "echo ready >$MARKS; exec yes", {"-o", "live"});
    Call call = with_input(test, args, in, "x\n");
    call.reads_out = false;
    const auto errand = test.start(call);
    errand->await_mark("ready");
    errand->close_out();
    CHECK(errand->finish().signal == SIGPIPE);
  });
}

TEST_CASE("[F1.1] [F1.12] what reads standard input says what it makes of each kind") {
  struct Row {
    std::vector<std::string> args;
    std::string input;
    int status[6];  // by kind of input
  };
  // At the terminal the end of input is typed; what does not read it does not mind.
  const std::vector<Row> rows = {
      {{"exec"}, "exit 7\n", {7, 7, 0, 125, 125, 125}},
      {{"exec", "exit {}"}, "7\n", {7, 7, 125, 125, 125, 125}},
      {{"exec", "-r", "exit {}"}, "7\n", {7, 7, 0, 125, 0, 125}},
      {{"exec", "-n", "1", "sh", "code"}, "7\n", {7, 7, 125, 125, 125, 125}},
      {{"exec", "-a", "-", "exit {}"}, "7\n", {7, 7, 0, 125, 0, 0}},
      {{"exec", "-0", "exit {}"}, std::string("7\0", 2), {7, 7, 0, 125, 0, 125}},
      {{"exec", "--dry-run", "exit {}"}, "7\n", {0, 0, 125, 125, 125, 125}},
      {{"run", "-"}, "\"exit 7\"\n", {7, 7, 0, 125, 0, 0}},
      {{"run"}, "\"exit 7\"\n", {7, 7, 125, 125, 125, 125}},
  };
  CliTest test;
  test.write("code", "exit $1");
  for (const Row& row : rows) {
    for (const In in : kAllInputs) {
      CAPTURE(row.args, name_of(in));
      Call call = with_input(test, row.args, in, row.input);
      if (in == In::terminal)
        call.prefix = {"sh", "-c", "stty sane; echo set >$MARKS; exec \"$0\" \"$@\""};
      const auto errand = test.start(call);
      if (in == In::terminal) {
        errand->await_mark("set");
        errand->type("\x04");
      }
      CHECK(errand->finish().code == row.status[static_cast<int>(in)]);
    }
  }
}

TEST_CASE("the exit status of a failed task comes out") {
  CliTest test;
  for (const int code : {1, 2, 75, 123, 128, 200, 254, 255}) {
    CAPTURE(code);
    CHECK(test.run_yaml("tasks: { fails: exit " + std::to_string(code) + " }").code == code);
  }
}

TEST_CASE("[P8] a task killed by a signal gives 128 + its number") {
  CliTest test;
  for (const int number : {SIGHUP, SIGINT, SIGKILL, SIGSEGV, SIGTERM, SIGUSR1}) {
    CAPTURE(number);
    const Ended end = test.run_yaml("tasks: { dies: kill -" + std::to_string(number) + " $$ }");
    CHECK(end.code == 128 + number);
    CHECK(contains(end.err, "dies: failed: killed by SIG"));
  }
}

TEST_CASE("exit 143 of a task is no signal to errand") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: exit 143 }");
  CHECK(end.how() == "exit 143");
  CHECK(contains(end.err, "a: failed: exit 143"));
}

TEST_CASE("a program that is not there gives 127, one that cannot be executed 126") {
  CliTest test;
  Ended end = test.run_yaml("tasks: { a: [no-such-program] }");
  CHECK(end.how() == "exit 127");
  CHECK(contains(end.err, "no-such-program"));
  CHECK(contains(end.err, "No such file or directory"));

  end = test.run_yaml("tasks: { a: [./errand.yaml] }");
  CHECK(end.how() == "exit 126");
  CHECK(contains(end.err, "./errand.yaml"));
  CHECK(contains(end.err, "Permission denied"));

  end = test.run_yaml("tasks: { a: [/] }");
  CHECK(end.how() == "exit 126");

  CHECK(test.run_yaml("tasks: { a: no-such-program }").how() == "exit 127");
  CHECK(test.run_yaml("tasks: { a: no-such-program --x; exit 3 }").how() == "exit 127");
  CHECK(test.run_yaml("mode: aggregate\ntasks: { a: [no-such-program] }").how() == "exit 1");
}

TEST_CASE("a folder that is not there is named") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: { dir: nowhere, run: touch x } }");
  CHECK((end.code == 126 || end.code == 127));
  CHECK(contains(end.err, "nowhere"));
  CHECK(contains(end.err, "No such file or directory"));
}

TEST_CASE("a command line too long for the system fails as that task") {
  CliTest test;
  const std::string word(200'000, 'x');  // one argument has 128 KiB at most
  const Ended end =
      test.run_yaml("mode: aggregate\ntasks: { long: [echo, " + word + "], fine: touch fine }");
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "long: failed: "));
  CHECK(contains(end.err, "Argument list too long"));
  CHECK(test.exists("fine"));
}

TEST_CASE("a run that ran out of time gives 124") {
  CliTest test;
  CHECK(test.run_yaml("timeout: 200ms\ntasks: { a: sleep 1000 }").how() == "exit 124");
  CHECK(test.run_yaml("tasks: { a: sleep 1000 }", {"--timeout", "200ms"}).how() == "exit 124");
  CHECK(test.run_yaml("mode: aggregate\ntimeout: 200ms\ntasks: { a: sleep 1000 }").how() ==
        "exit 124");
}

TEST_CASE("[P15] a task that ran out of time gives 124, in an aggregate 1") {
  CliTest test;
  CHECK(test.run_yaml("tasks: { a: { run: sleep 1000, timeout: 200ms } }").how() == "exit 124");
  CHECK(test.run_yaml("mode: aggregate\ntasks: { a: { run: sleep 1000, timeout: 200ms } }").how() ==
        "exit 1");
}

TEST_CASE("errand dies of the signal it got, after the clean-up") {
  CliTest test;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(number);
    const auto errand = test.start_yaml(
        "tasks: { a: 'trap \"touch clean; exit\" INT TERM HUP; echo ready >$MARKS; eval "
        "$AWAIT_SIGNAL' }");
    errand->await_mark("ready");
    errand->signal(number);
    const Ended end = errand->finish();
    CHECK(end.signal == number);
    CHECK(test.exists("clean"));
    CHECK(contains(end.err, "a: canceled: received SIG"));
    CHECK(test.run_yaml("tasks: { clean: rm clean }").how() == "exit 0");
  }
}

TEST_CASE("a shell that started errand stops after Ctrl-C, too") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo ready >$MARKS; exec sleep 1000 }");
  const std::string loop = "for i in 1 2 3; do \"$0\" run; echo after; done";
  Call call{{}};
  call.prefix = {"bash", "-c", loop};
  if (find_program("bash").empty()) return;
  const auto bash = test.start(call);
  bash->await_mark("ready");
  ::kill(-bash->pid(), SIGINT);  // as a terminal does
  const Ended end = bash->finish();
  CHECK(end.signal == SIGINT);
  CHECK_FALSE(contains(end.out, "after"));
}

// Each of these is errand's own failure, and nothing is started.
TEST_CASE("whatever is wrong with the input gives 125 and starts nothing") {
  struct Wrong {
    std::string what, yaml;
    std::vector<std::string> options;
  };
  const std::string fine = "tasks: { a: touch started }";
  const std::vector<Wrong> all = {
      {"no task of that name", fine, {"errand.yaml", "nosuch"}},
      {"unknown option", fine, {"--nosuch"}},
      {"bad duration", fine, {"--timeout", "soon"}},
      {"zero timeout", fine, {"--timeout", "0"}},
      {"bad jobs", fine, {"-j", "many"}},
      {"negative jobs", fine, {"-j", "-1"}},
      {"bad mode", fine, {"--mode", "hope"}},
      {"bad halt", fine, {"--halt", "now,sometimes=1"}},
      {"bad retries", fine, {"--retries", "-1"}},
      {"bad rate", fine, {"--rate", "fast"}},
      {"bad load", fine, {"--load", "-1"}},
      {"bad size", fine, {"--memfree", "much"}},
      {"bad niceness", fine, {"--nice", "20"}},
      {"bad seed", fine, {"--shuffle=x"}},
      {"bad variable of the file", fine, {"--var", "x"}},
      {"glob without task", fine, {"--only", "x*"}},
      {"glob to skip without task", fine, {"--skip", "x*"}},
      {"job log in no folder", fine, {"--joblog", "no/folder/x"}},
      {"resume of no such run", fine, {"--resume=nope"}},
      {"failed ones of no run", fine, {"--failed"}},
      {"results in a file", fine, {"--results", "errand.yaml"}},
      {"executor of the future", fine, {"--executor", "slurm"}},
      {"bad executor", fine, {"--executor", "magic"}},
      {"both modes", fine, {"-k", "--fail-fast"}},
      {"mode and -k", fine, {"-k", "--mode", "errgroup"}},
      {"quiet and verbose", fine, {"-q", "-v"}},
      {"bad output", fine, {"-o", "loud"}},
      {"bad color", fine, {"--color", "pink"}},
      {"bad report", fine, {"--report", "poem=x"}},
      {"report without path", fine, {"--report", "json"}},
      {"report in no folder", fine, {"--report", "json=no/folder/x"}},
      {"event log in no folder", fine, {"--report", "events=no/folder/x"}},
      {"report to a full disk", fine, {"--report", "json=/"}},
      {"bad variable", fine, {"--env", "=x"}},
      {"empty shell", fine, {"--shell", " "}},
      {"no such file", fine, {"nosuch.yaml"}},
      {"no such folder", fine, {"-C", "nosuch"}},
      {"a folder as file", fine, {"."}},
      {"bad YAML", "tasks: { a: touch started", {}},
      {"unknown key", "tasks: { a: { run: touch started, commad: x } }", {}},
      {"bad version", "version: 7\n" + fine, {}},
      {"duplicate task", "tasks:\n  a: touch started\n  a: touch started", {}},
      {"cycle",
       "tasks: { a: touch started, b: { needs: [c], run: x }, c: { needs: [b], run: x } }",
       {}},
      {"need of itself", "tasks: { a: touch started, b: { needs: [b], run: x } }", {}},
      {"unknown need", "tasks: { a: touch started, b: { needs: [z], run: x } }", {}},
      {"nothing to run in a task", "tasks: { a: touch started, b: {} }", {}},
      {"run and tasks", "tasks: { a: touch started, b: { run: x, tasks: {} } }", {}},
      {"empty file", "", {}},
      {"no tasks in a map", "tasks: {}", {}},
      {"no tasks in a list", "tasks: []", {}},
      {"no tasks at all", "tasks:", {}},
      {"a group without tasks", "tasks: { a: touch started, g: { tasks: {} } }", {}},
      {"value for no variable", "vars: { name: x }\n" + fine, {"--var", "nmae=x"}},
      {"a key for a whole matrix",
       "tasks: { a: { run: touch started, key: k, matrix: { n: [1, 2] } } }",
       {}},
      {"not a plan", "42", {}},
  };
  CliTest test;
  for (const Wrong& wrong : all) {
    CAPTURE(wrong.what);
    const Ended end = test.run_yaml(wrong.yaml, wrong.options);
    CHECK(end.how() == "exit 125");
    CHECK_FALSE(end.err.empty());
    CHECK(end.out.empty());
    CHECK_FALSE(test.exists("started"));
    CHECK(test.names() == std::vector<std::string>{"errand.yaml"});
  }
}

TEST_CASE("no command, or an unknown one, is a mistake and says how to go on") {
  CliTest test;
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{}, {"rum"}, {"--nosuch"}}) {
    const Ended end = test.run(args);
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, "Try 'errand --help'"));
  }
}

TEST_CASE("a wrong option points to the help of its command") {
  CliTest test;
  for (const char* command : {"run", "exec", "list", "graph", "check"}) {
    const Ended end = test.run({command, "--nosuch"});
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, std::string("Try 'errand ") + command + " --help'"));
  }
  CHECK(contains(test.run({"run", "--jobs", "x"}).err, "Try 'errand run --help'"));
}

TEST_CASE(
    "a value that cannot be read is told with its option, also when it comes from a variable") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: touch started }");
  CHECK(
      contains(test.run({"run", "-j", "many"}).err, "errand: -j,--jobs: \"many\" is not a number"));
  CHECK(contains(test.run({"run", "--report", "poem=x"}).err, "errand: --report: 'poem' is not"));
  Call call{{"run"}};
  call.env = {"ERRAND_TIMEOUT=soon"};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand: ERRAND_TIMEOUT: 'soon' is not a duration"));
  CHECK_FALSE(test.exists("started"));
}

}  // namespace
}  // namespace errand::test
