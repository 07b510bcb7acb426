// SPDX-License-Identifier: Apache-2.0
//
// Tasks of files and streams, run; tests/cmd/input has which file is read, and what is said of it.
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <fstream>

#include "support/cli.h"

namespace errand::test {
namespace {

Call piped(std::vector<std::string> args, std::string input) {
  Call call{std::move(args)};
  call.input = std::move(input);
  return call;
}

// Returns when errand has read all that was sent.
void await_reading(const Errand& errand) {
  const UniqueFd pipe(
      ::open(("/proc/" + std::to_string(errand.pid()) + "/fd/0").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(pipe);
  for (int bytes = 1; ::ioctl(pipe.get(), FIONREAD, &bytes) == 0 && bytes > 0;) ::sched_yield();
}

TEST_CASE("a stream's first argv is one, however late the next line comes") {
  CliTest test;
  Call call = piped({"run", "-q", "-"}, "[\"echo\", \"one\"]\n");
  call.input_stays_open = true;
  const auto errand = test.start(call);
  await_reading(*errand);
  errand->send("\n");
  await_reading(*errand);
  errand->send("[\"echo\", \"two\"]\n");
  errand->await_output("two\n");
  errand->close_input();
  CHECK(errand->finish().how() == "exit 0");
  CHECK(contains(errand->out(), "one\n"));
}

TEST_CASE("a stream's first line may be long") {
  CliTest test;
  const std::string word(120'000, 'x');
  const Ended end =
      test.run(piped({"run", "-q", "-j1", "-"}, "[\"echo\", \"" + word + "\"]\n\"echo two\"\n"));
  CHECK(end.how() == "exit 0");
  CHECK(end.out == word + "\ntwo\n");
}

TEST_CASE("[F1.12] without a file and with an empty input errand says both in one line") {
  CliTest test;
  const std::string no_file =
      "errand: no errand.yaml, errand.yml or errand.json here or in a parent folder";
  for (const char* text : {"", "\n \n"}) {
    const Ended end = test.run(piped({"run"}, text));
    CHECK(end.how() == "exit 125");
    CHECK(end.err == no_file + ", and standard input is empty\n");
    CHECK(test.run(piped({"run", "build"}, text)).err == end.err);
    CHECK(test.run(piped({"list"}, text)).err == end.err);
  }
  CHECK(test.run({"run"}).err == no_file + "\n");  // /dev/null
  Call closed{{"run"}};
  closed.closed = {0};
  CHECK(test.run(closed).err == no_file + "\n");
}

TEST_CASE("[F1.12] an empty input that was asked for is a note, unless tasks of it are named") {
  CliTest test;
  const Ended end = test.run(piped({"run", "-"}, "\n"));
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.err, "errand: note: nothing was started: the input has no task\n"));
  CHECK(test.run(piped({"run", "-", "build"}, "")).how() == "exit 125");
  CHECK(test.run(piped({"check", "-"}, "")).how() == "exit 125");
}

TEST_CASE("a file elsewhere runs its tasks in its folder") {
  CliTest test;
  test.write("in/ci.yaml",
             "tasks: { a: pwd, b: { needs: [a], dir: sub, run: pwd }, c: { needs: [b], dir: /, "
             "run: pwd } }");
  test.write("in/sub/file", "");
  const std::string folders = test / "in" + "\n" + test / "in/sub" + "\n/\n";
  CHECK(test.run({"run", "in/ci.yaml"}).out == folders);
  CHECK(test.run({"run", "-C", "in", "ci.yaml"}).out == folders);
}

TEST_CASE("tasks of a stream start before the input ends") {
  CliTest test;
  Call call =
      piped({"run", "-", "-j", "0"}, "{\"name\": \"first\", \"run\": \"echo one >$MARKS\"}\n");
  call.input_stays_open = true;
  const auto errand = test.start(call);
  errand->await_mark("one");
  errand->send("\"echo two");
  errand->send(" >$MARKS\"\n\n");
  errand->await_mark("two");
  errand->send("[\"sh\", \"-c\", \"echo three >$MARKS\"]");  // without newline: read at the end
  errand->close_input();
  const Ended end = errand->finish();
  CHECK(end.how() == "exit 0");
  CHECK(test.marks() == std::vector<std::string>{"three"});
  CHECK(contains(end.err, "3 tasks: 3 succeeded in "));
}

TEST_CASE("a stream stops at its first failure, or with -k goes on") {
  CliTest test;
  const std::string lines = "\"exit 3\"\n\"touch second\"\n";
  CHECK(test.run(piped({"run", "-j1", "-"}, lines)).how() == "exit 3");
  CHECK_FALSE(test.exists("second"));
  CHECK(test.run(piped({"run", "-j1", "-k", "-"}, lines)).how() == "exit 1");
  CHECK(test.exists("second"));
}

TEST_CASE("a line of a stream that cannot be read is told with its place and gives 125") {
  CliTest test;
  struct Case {
    std::string line, told;
  };
  for (const Case& one : std::vector<Case>{{"{\"run\": \"x\", \"commad\": 1}", "<stdin>:2:"},
                                           {"{\"run\": ", "<stdin>:2:"},
                                           {"[[]]", "<stdin>:2:"},
                                           {"{\"run\": \"x\", \"needs\": [\"a\"]}", "<stdin>:2:"},
                                           {"{\"run\": \"\xff\"}", "<stdin>:2:"}}) {
    for (const char* mode : {"--fail-fast", "-k"}) {
      CAPTURE(one.line, mode);
      const Ended end = test.run(
          piped({"run", mode, "-"}, "\"touch first\"\n" + one.line + "\n\"touch third\"\n"));
      CHECK(end.how() == "exit 125");
      CHECK(contains(end.err, one.told));
      CHECK_FALSE(test.exists("third"));
    }
  }
}

TEST_CASE("a stream of many tasks keeps memory bounded") {
  CliTest test;
  const int many = kSanitized ? 300 : 1500;
  {
    std::ofstream lines(test / "tasks.jsonl");
    for (int i = 0; i < many; ++i)
      lines << "{\"run\": [\"true\", \"" << std::string(20'000, 'n') << "\"]}\n";  // 30 MB
  }
  const Ended end = test.run({"run", "-j4", "-q", "tasks.jsonl"});
  CHECK(end.how() == "exit 0");
  if (!kSanitized) CHECK(end.peak_kib < 36 * 1024);
}

TEST_CASE("hostile files are refused at once, in bounded memory, with a place") {
  const auto repeat = [](const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  std::string bomb = "x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "x-" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeat(last + ", ", 9) +
            last + "]\n";
  }
  struct Case {
    std::string what, text;
  };
  CliTest test;
  for (const Case& one :
       std::vector<Case>{{"deep flow", repeat("[", 1'000'000)},
                         {"deep maps", repeat("{\"a\":", 1'000'000)},
                         {"deep block", repeat("- ", 1'000'000)},
                         {"alias bomb", bomb + "tasks: {}\n"},
                         {"NUL", std::string("tasks: { a: x\0y }", 17)},
                         {"invalid UTF-8", "tasks: { a: \"\xff\xfe\" }"},
                         {"UTF-16", std::string("\xff\xfet\0a\0", 6)},
                         {"noise", repeat("\x01\x02\x7f%&", 10'000)},
                         {"a long line of nothing", std::string(5'000'000, 'x')},
                         {"tags", "!!python/object/apply:os.system ['touch started']"},
                         {"endless string", "tasks: { a: \"" + std::string(1'000'000, 'x')}}) {
    for (const char* name : {"bad.yaml", "bad.json"}) {
      CAPTURE(one.what, name);
      test.write(name, one.text);
      const Ended end = test.run({"run", name});
      CHECK(end.how() == "exit 125");
      CHECK(end.err.starts_with(std::string(name) + ":1:") !=
            end.err.starts_with(std::string(name) + ":5:"));
      CHECK(end.err.size() < 2000);
      if (!kSanitized) CHECK(end.peak_kib < 250 * 1024);
    }
  }
}

TEST_CASE("a large file is read in reasonable memory") {
  CliTest test;
  std::string yaml = "tasks:\n";
  for (int i = 0; i < 20'000; ++i)
    yaml += "  task-number-" + std::to_string(i) + ": { run: [echo, x], needs: [] }\n";
  test.write("errand.yaml", yaml);
  const Ended end = test.run({"check"});
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "ok, 20000 tasks"));
  if (!kSanitized) CHECK(end.peak_kib < 200 * 1024);
}

}  // namespace
}  // namespace errand::test
