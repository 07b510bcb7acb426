// SPDX-License-Identifier: Apache-2.0
//
// What tasks write, as it arrives at errand's reader.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>

#include "support/cli.h"

namespace errand::test {
namespace {

constexpr int kTasks = 8;
constexpr int kLines = 1000;

std::string letter(int task) { return std::string(1, static_cast<char>('a' + task)); }

// Each task writes numbered lines of its own letter to both streams, each in two pieces.
std::string noisy_yaml() {
  std::string yaml = "jobs: 0\ntasks:\n";
  for (int i = 0; i < kTasks; ++i) {
    const std::string tail(60, static_cast<char>('a' + i));
    yaml += "  " + letter(i) + ": |\n    n=0\n    while [ $n -lt " + std::to_string(kLines) +
            " ]; do n=$((n + 1));" + " printf 'out " + letter(i) + "'; echo \" $n " + tail + "\";" +
            " case $n in *0) printf 'err " + letter(i) + "' >&2; echo \" $n\" >&2; esac; done\n";
  }
  return yaml;
}

// Every line is one that a task wrote, whole; each task's are complete and in order.
void check_lines(const std::string& text, const std::string& stream, bool labeled) {
  std::map<std::string, int> last;
  int lines = 0;
  for (const std::string& line : lines_of(text)) {
    const std::size_t at = labeled ? 4 : 0;  // "a | "
    if (line.compare(at, 4, stream + " ") != 0) continue;
    ++lines;
    const std::string name = line.substr(at + 4, 1);
    if (labeled) REQUIRE(line.substr(0, 4) == name + " | ");
    const int number = last[name] += stream == "out" ? 1 : 10;
    std::string expected = stream + " " + name + " " + std::to_string(number);
    if (stream == "out") expected += " " + std::string(60, name[0]);
    REQUIRE(line.substr(at) == expected);
  }
  CHECK(lines == kTasks * kLines / (stream == "out" ? 1 : 10));
}

bool is_a_tasks_line(const std::string& line) {
  return line.starts_with("out ") || line.starts_with("err ");
}

TEST_CASE("[P11] the lines of eight noisy tasks are never torn") {
  for (const char* mode : {"live", "group", "ordered"}) {
    for (const Streams streams : {Streams::apart, Streams::together, Streams::terminal}) {
      CAPTURE(mode, static_cast<int>(streams));
      CliTest test;
      test.write("errand.yaml", noisy_yaml());
      Call call{{"run", "-o", mode, "-q", "--color=never"}};
      call.streams = streams;
      const Ended end = test.run(call);
      CHECK(end.how() == "exit 0");
      const bool labeled = mode == std::string("live");
      check_lines(end.out, "out", labeled);
      check_lines(streams == Streams::apart ? end.err : end.out, "err", labeled);
    }
  }
}

TEST_CASE("the blocks of two tasks do not mix") {
  CliTest test;
  test.write("errand.yaml", noisy_yaml());
  for (const std::string mode : {"group", "ordered"}) {
    Call call{{"run", "-o", mode, "-q"}};
    call.streams = Streams::together;
    std::string blocks;
    for (const std::string& line : lines_of(test.run(call).out)) {
      REQUIRE(is_a_tasks_line(line));
      const std::string name = line.substr(4, 1);
      if (!blocks.ends_with(name)) blocks += name;
    }
    CHECK(blocks.size() == kTasks);
    if (mode == "ordered") CHECK(blocks == "abcdefgh");
  }
}

TEST_CASE("every byte value arrives unchanged") {
  CliTest test;
  const std::string probe = ERRAND_PROBE;
  std::string expected(1024 * 1024, '\0');
  for (std::size_t at = 0; at < expected.size(); ++at) expected[at] = static_cast<char>(at * 7 / 3);
  for (const char* mode : {"group", "ordered", "raw"}) {
    CAPTURE(mode);
    const Ended end =
        test.run_yaml("tasks: { a: ['" + probe + "', pattern, '1'] }", {"-q", "-o", mode});
    CHECK(end.how() == "exit 0");
    const bool same = end.out == expected;
    CHECK(same);
    CHECK(end.out.size() == expected.size());
  }
}

TEST_CASE("a last line without a newline never glues to what comes next") {
  CliTest test;
  const std::string yaml =
      "jobs: 1\ntasks: { a: printf one, b: printf two, c: printf err >&2; printf three }\n";
  test.write("errand.yaml", yaml);
  for (const char* mode : {"group", "ordered", "live"}) {
    CAPTURE(mode);
    const std::string label = mode == std::string("live") ? "x | " : "";
    const auto labeled = [&](char name) { return label.empty() ? label : name + label.substr(1); };
    Call call{{"run", "-q", "-o", mode}};
    const Ended apart = test.run(call);
    CHECK(lines_of(apart.out) == std::vector<std::string>{labeled('a') + "one",
                                                          labeled('b') + "two",
                                                          labeled('c') + "three"});
    call.streams = Streams::together;
    const Ended both = test.run(call);
    std::vector<std::string> lines = lines_of(both.out);
    if (mode != std::string("live")) {
      CHECK(lines == std::vector<std::string>{"one", "two", "errthree"});  // one stream, as written
    } else {
      CHECK(lines.size() >= 3);
    }
  }
  const Ended end = test.run_yaml("tasks: { a: printf one; exit 1 }");
  CHECK(end.out.starts_with("one"));
  CHECK(contains(end.err, "\nerrand: a: exit 1\n"));
}

TEST_CASE("in one pipe a task's two streams keep their order") {
  CliTest test;
  test.write("errand.yaml",
             "tasks: { a: for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done }");
  for (const char* mode : {"group", "ordered", "live", "raw"}) {
    Call call{{"run", "-q", "-o", mode}};
    call.streams = Streams::together;
    std::string order;
    for (const std::string& line : lines_of(test.run(call).out))
      order += line.substr(line.size() - 2) + " ";
    CHECK(order == "o1 e1 o2 e2 o3 e3 o4 e4 o5 e5 o6 e6 o7 e7 o8 e8 o9 e9 ");
  }
}

TEST_CASE("what tasks write to the two streams stays apart and errand's words go to stderr") {
  CliTest test;
  for (const char* mode : {"group", "ordered", "live", "raw"}) {
    CAPTURE(mode);
    const Ended end = test.run_yaml("tasks: { a: echo to-out; echo to-err >&2 }", {"-o", mode});
    CHECK(end.out == (mode == std::string("live") ? "a | to-out\n" : "to-out\n"));
    CHECK(contains(end.err, "to-err\n"));
    CHECK(contains(end.err, "1 task: 1 succeeded in "));
  }
}

TEST_CASE("labels of the live mode are as wide as the longest name") {
  CliTest test;
  const Ended end = test.run_yaml(
      "jobs: 1\ntasks: { a: echo one, group: { tasks: { longer: echo two } } }", {"-o", "live"});
  CHECK(end.out == "a            | one\ngroup/longer | two\n");
}

TEST_CASE("errors mode shows the output of what failed alone, quiet none") {
  CliTest test;
  const std::string yaml =
      "mode: aggregate\njobs: 1\ntasks: { a: echo fine, b: echo broken; exit 1 }";
  const Ended errors = test.run_yaml(yaml, {"-o", "errors"});
  CHECK(errors.out == "broken\n");
  const Ended quiet = test.run_yaml(yaml, {"-o", "quiet"});
  CHECK(quiet.out.empty());
  CHECK(contains(quiet.err, "b: failed: exit 1"));
  CHECK(contains(quiet.err, "    broken\n"));
}

TEST_CASE("a live line is there before its task ends") {
  CliTest test;
  test.make_gate("gate");
  const auto errand =
      test.start_yaml("tasks: { a: echo first; read line <gate; echo second }", {"-o", "live"});
  errand->await_output("a | first\n");
  test.open_gate("gate");
  CHECK(errand->finish().out == "a | first\na | second\n");
}

TEST_CASE("on a terminal the mode is live, elsewhere group") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo text }");
  Call call{{"run", "--color=never"}};
  CHECK(test.run(call).out == "text\n");
  call.streams = Streams::terminal;
  CHECK(contains(test.run(call).out, "a | text"));
}

TEST_CASE("a slow reader loses nothing") {
  CliTest test;
  for (const char* mode : {"live", "group", "ordered"}) {
    CAPTURE(mode);
    test.write("errand.yaml", "tasks: { a: seq 1 200000; touch written }");
    Call call{{"run", "-q", "-o", mode}};
    call.reads_out = false;
    const auto errand = test.start(call);
    const Ended end = errand->finish();  // reads from here on
    CHECK(end.how() == "exit 0");
    CHECK(count(end.out, "\n") == 200'000);
    CHECK(contains(last_lines(end.out, 1), "200000"));
  }
}

TEST_CASE("[F4.14] without a folder for what does not fit in memory nothing is lost") {
  for (const bool journal : {true, false}) {
    for (const char* mode : {"group", "ordered", "errors"}) {
      CAPTURE(journal, mode);
      CliTest test;
      Call call{{"exec", "-o", mode, journal ? "--progress=none" : "--no-journal",
                 "seq 1 3000000; exit 4"}};
      call.env = {"TMPDIR=/nonexist"};
      call.out_file = test / "out";
      const Ended end = test.run(call);
      CHECK(end.how() == "exit 4");
      CHECK(test.read("out").size() == 22'888'896);
      // The run's folder is there for it; and the first task in order is shown as it comes.
      const bool lacks_room = !journal && mode != std::string("ordered");
      CHECK(contains(end.err, "Set TMPDIR to a folder with room, or use -o live") == lacks_room);
    }
  }
}

TEST_CASE("[F4.14] more than fits in memory is shown as in live mode, or cut") {
  // 70 MB each: more than 64 MiB by itself, and together.
  const std::string yaml =
      "mode: aggregate\njobs: 2\ntasks: { a: yes aaaaaaaaaaaaaaa | head -c 70000000; exit 4, b: "
      "yes "
      "bbbbbbbbbbbbbbb | head -c 70000000 }";
  for (const char* mode : {"group", "ordered", "errors"}) {
    CAPTURE(mode);
    CliTest test;
    test.write("errand.yaml", yaml);
    Call call{{"run", "--no-journal", "-o", mode}};
    call.env = {"TMPDIR=/nonexist"};
    call.out_file = test / "out";
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 1");
    if (!kSanitized) CHECK(end.peak_kib < 160 * 1024);
    const std::string out = test.read("out");
    if (mode == std::string("errors")) {
      CHECK(contains(out, " bytes left out: there was no room for them]\n"));
      CHECK(out.size() > 2'000'000);
      CHECK(out.size() < 2'200'000);
      CHECK_FALSE(contains(out, "bbb"));
    } else {
      CHECK(count(out, "aaaaaaaaaaaaaaa\n") == 70'000'000 / 16);
      CHECK(count(out, "bbbbbbbbbbbbbbb\n") == 70'000'000 / 16);
    }
  }
}

TEST_CASE("[P30] a reader that goes away ends the run quietly") {
  CliTest test;
  const auto errand = test.start_yaml("grace: 1h\ntasks: { a: exec 9>$HELD; yes }", {"-o", "live"});
  errand->await_output("a | y\n");
  errand->close_out();
  const Ended end = errand->finish();
  CHECK(end.signal == SIGPIPE);
  CHECK(end.err.empty());
  CHECK_FALSE(test.held());
}

TEST_CASE("in raw mode the output of tasks with secrets is masked, not lost") {
  CliTest test;
  const Ended end = test.run_yaml(
      "secrets: [TOKEN]\nenv: { TOKEN: s3cret }\ntasks: { a: echo it is $TOKEN }", {"-o", "raw"});
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "it is ***\n");
}

TEST_CASE("in raw mode a reader that goes away is the task's affair") {
  CliTest test;
  const auto errand = test.start_yaml("tasks: { a: [yes] }", {"-o", "raw"});
  errand->await_output("y\n");
  errand->close_out();
  CHECK(errand->finish().how() == "exit 141");
}

TEST_CASE("a full disk as standard output is an error of errand's, named") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo text }");
  Call call{{"run"}};
  call.out_file = "/dev/full";
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "standard output"));
  CHECK(contains(end.err, "No space left on device"));
}

TEST_CASE("[P30] memory does not grow with the output of tasks") {
  CliTest test;
  const std::string probe = ERRAND_PROBE;
  for (const char* mode : {"group", "ordered", "live"}) {
    CAPTURE(mode);
    test.write("errand.yaml", "tasks: { a: ['" + probe + "', pattern, '64'] }");
    Call call{{"run", "-q", "-o", mode}};
    call.out_file = test / "out";
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 0");
    if (!kSanitized) CHECK(end.peak_kib < 120 * 1024);
    if (mode != std::string("live")) CHECK(test.read("out").size() == 64U * 1024 * 1024);
    CHECK(test.names() ==
          std::vector<std::string>{"errand.yaml", "out"});  // no temporary file is left
    test.write("out", "");
  }
}

TEST_CASE("a line without end does not grow in memory") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: head -c 64M /dev/zero }");
  Call call{{"run", "-q", "-o", "live"}};
  call.out_file = test / "out";
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  if (!kSanitized) CHECK(end.peak_kib < 120 * 1024);
  CHECK(test.read("out").size() == 64U * 1024 * 1024 + 5);  // with label and newline
}

TEST_CASE("[P30] no temporary file is left by an errand that is killed") {
  const std::string probe = ERRAND_PROBE;
  for (const char* mode : {"group", "ordered", "errors"}) {
    CliTest test;
    const auto errand = test.start_yaml("tasks: { first: exec sleep 1000, a: " + probe +
                                            " pattern 12; echo ready >$MARKS; exec sleep 1000 }",
                                        {"-j0", "-o", mode});
    errand->await_mark("ready");  // more than is kept in memory
    errand->signal(SIGKILL);
    errand->finish_killed();
    CHECK(test.names() == std::vector<std::string>{"errand.yaml"});
  }
}

TEST_CASE("[F4.14] tasks that wait for each other end without a temporary folder, too") {
  CliTest test;
  const std::string probe = ERRAND_PROBE;
  test.make_gate("gate");
  test.write("errand.yaml",
             "mode: aggregate\njobs: 0\ntasks: { first: read line <gate, large: ['" + probe +
                 "', pattern, '12'], last: { needs: { large: { condition: done } }, run: "
                 "echo >gate; echo small } }");
  for (const char* mode : {"group", "ordered"}) {
    Call call{{"run", "-o", mode, "-q"}};
    call.env = {"TMPDIR=" + (test / "nowhere")};
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 0");
    CHECK(contains(end.out, "small\n"));
    CHECK(end.out.size() > 12'000'000);
  }
}

TEST_CASE("[P30] [F4.14] a full disk for temporary files costs no task its success") {
  CliTest test;
  const std::string unshare = find_program("unshare");
  test.write("small-disk/.keep", "");
  const std::string mount = "mount -t tmpfs -o size=2m none " + (test / "small-disk");
  if (unshare.empty() ||
      std::system((unshare + " --mount sh -c '" + mount + "' 2>/dev/null").c_str()) != 0) {
    WARN("skipped: mounting a small disk is not permitted here");
    return;
  }
  const std::string probe = ERRAND_PROBE;
  test.write("errand.yaml", "mode: aggregate\ntasks: { large: ['" + probe +
                                "', pattern, '16'], small: echo small }");
  Call call{{"run", "-o", "group", "-q"}};
  call.env = {"TMPDIR=" + (test / "small-disk")};
  call.prefix = {unshare, "--mount", "sh", "-c", mount + "; exec \"$0\" \"$@\""};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "small\n"));
  CHECK(end.out.size() > 16'000'000);
}

}  // namespace
}  // namespace errand::test
