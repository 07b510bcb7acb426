// SPDX-License-Identifier: Apache-2.0
//
// errand exec and its standard input: when it is read, and what else gives arguments.
#include "support/exec.h"

namespace errand::test {
namespace {

// In a shell, with errand as $0.
Ended in_bash(CliTest& test, const std::string& script) {
  Call call{{}};
  call.prefix = {"bash", "-c", script};
  return test.run(call);
}

TEST_CASE("[F1.1] a command without a source runs once, whatever standard input is") {
  CliTest test;
  CHECK(test.run({"exec", "exit 3"}).how() == "exit 3");
  Call empty{{"exec", "exit 3"}};
  empty.input = "";
  CHECK(test.run(empty).how() == "exit 3");
  CHECK(exec(test, {"echo one"}, "a\nb\n").out == "one\n");
  Call closed{{"exec", "echo one"}};
  closed.closed = {0};
  CHECK(test.run(closed).out == "one\n");
  Call terminal{{"exec", "-q", "echo one"}};
  terminal.streams = Streams::terminal;
  CHECK(contains(test.run(terminal).out, " one\n"));
}

TEST_CASE("[F1.1] what GitLab pipes into a step leaves a command alone") {
  CliTest test;
  CHECK(in_bash(test, ": | eval '\"$0\" exec -q \"exit 3\"'").how() == "exit 3");
  CHECK(in_bash(test, "\"$0\" exec -q 'exit 4' </dev/null").how() == "exit 4");
}

TEST_CASE("[F1.2] a command leaves the input of the loop around it to that") {
  CliTest test;
  CHECK(
      in_bash(test, "printf 'h1\\nh2\\n' | while read -r h; do \"$0\" exec -q \"echo to $h\"; done")
          .out == "to h1\nto h2\n");
  CHECK(in_bash(test,
                "printf 'a\\nb\\n' | while read -r h; do \"$0\" exec -q -j1 echo {} ::: \"$h\" x; "
                "done")
            .out == "a\nx\nb\nx\n");
  CHECK(in_bash(test, "printf 'a\\nb\\n' | { \"$0\" exec -q 'cat; echo ran'; cat; }").out ==
        "ran\na\nb\n");
}

TEST_CASE("[F1.3] one script or several: errand asks, and starts nothing") {
  CliTest test;
  for (const char* input : {"", "a\nb\n"}) {
    const Ended end =
        exec(test, {"find . -name '*.tmp' -exec touch hit{} +", "touch hit; exit 3"}, input);
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, "one script or several? {} asks for arguments"));
    CHECK(contains(end.err, "{{}} for {} itself"));
    CHECK(contains(end.err, "-a - for standard input"));
    CHECK(test.names().empty());
  }
  CHECK(exec(test, {"echo '{{}}' {{.}}", "echo b c"}, "x\n").out == "{} {.}\nb c\n");
}

TEST_CASE("[F1.3] a standard input that was not named may not be empty") {
  CliTest test;
  const auto refusal = [&](const Strings& words) {
    const Ended end = exec(test, words, "");
    CHECK(end.how() == "exit 125");
    CHECK(test.names().empty());
    return end.err;
  };
  for (const Strings& words :
       std::vector<Strings>{{"touch", "{}"}, {"touch", "-d", "{}", "hit"}, {"touch hit {.}"}}) {
    const std::string err = refusal(words);
    CHECK(contains(err, " stands for a line of standard input, which is empty; to write {"));
    CHECK(contains(err, "-a - for standard input"));
    CHECK(contains(err, "if there may be none: -r"));
    CHECK_FALSE(contains(err, "continue: "));
  }
  CHECK(contains(refusal({"-n", "2", "touch", "hit"}), "-n takes arguments from standard input"));
  CHECK(contains(refusal({"--dry-run", "touch", "{}"}), "which is empty"));
  CHECK(test.run({"exec", "node", "-e", "()=>{}"}).how() == "exit 125");  // of /dev/null
}

TEST_CASE("[F1.3] an empty source that was named, or may be empty, is a note and no error") {
  CliTest test;
  test.write("none", "");
  for (const Strings& words : std::vector<Strings>{{"-a", "-", "touch", "{}"},
                                                   {"-a", "none", "touch", "hit"},
                                                   {"-0", "touch", "hit"},
                                                   {"-r", "touch", "{}"},
                                                   {"touch", ":::"},
                                                   {}}) {
    const Ended end = exec(test, words, "");
    CHECK(end.how() == "exit 0");
    CHECK(contains(end.err, "errand: note: nothing was started: the input has no task\n"));
  }
  CHECK(test.names() == Strings{"none"});
}

TEST_CASE("-a reads the arguments of a file, and -0 says how they end") {
  CliTest test;
  test.write("list", "a b\nc");
  test.write("items", std::string("a\nb\0c\0", 6));
  CHECK(exec(test, {"-a", "list", "echo", "<{}>"}, "x\n").out == "<a b>\n<c>\n");
  CHECK(exec(test, {"-0", "-a", "items", "printf", "[%s]\\n"}).out == "[a\nb]\n[c]\n");
  CHECK(exec(test, {"-0a", "-", "printf", "[%s]\\n"}, std::string("a\0b", 3)).out == "[a]\n[b]\n");
  test.write("scripts", "echo a\necho b\n");
  CHECK(exec(test, {"-a", "scripts"}).out == "a\nb\n");
  const Ended missing = exec(test, {"-a", "nosuch", "echo"});
  CHECK(missing.how() == "exit 125");
  CHECK(contains(missing.err, "errand: -a nosuch: No such file or directory"));
  CHECK(exec(test, {"-a", ".", "echo"}).how() == "exit 125");
}

TEST_CASE("[F1.4] -n gives each task up to N arguments") {
  CliTest test;
  CHECK(exec(test, {"-0", "-n", "100", "echo", "rm"}, std::string("v1\0v2\0", 6)).out ==
        "rm v1 v2\n");
  CHECK(exec(test, {"-n", "2", "echo"}, "a b\nc\nd\n").out == "a b c\nd\n");
  CHECK(exec(test, {"-n2", "echo", "<{}>", "{.}.o", ":::", "a.c", "b.c", "c"}).out ==
        "<a.c> <b.c> a.o b.o\n<c> c.o\n");
  CHECK(exec(test, {"-n", "2", "echo {} {#}", ":::", "a", "b", "it's"}).out == "a b 1\nit's 2\n");
  CHECK(exec(test, {"-n", "2", "echo {2}-{1}", ":::", "a", "b"}).out == "b-a\n");
}

TEST_CASE("[F1.4] a value that is missing in the last task fails that with its place") {
  CliTest test;
  const Ended end = exec(test, {"-n", "2", "-a", "-", "echo", "{2}{1}"}, "a\nb\nc\n");
  CHECK(end.how() == "exit 1");
  CHECK(end.out == "ba\n");
  CHECK(contains(end.err, "c: failed: <stdin>:3: {2} has no value: the last task has 1 argument"));
  CHECK(test.run({"exec", "-n", "2", "echo", "{2}", ":::", "a"}).how() == "exit 125");
}

TEST_CASE("[F1.4] -n is no dry run, which says that nothing was run") {
  CliTest test;
  for (const char* bad : {"0", "-1", "x", "a,b"}) {
    const Ended end = test.run({"exec", "-n", bad, "touch", "hit", ":::", "a"});
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, "to only print what would run: --dry-run"));
  }
  CHECK(contains(test.run({"exec", "--dry-run", "touch hit"}).err,
                 "errand: dry run: nothing was run\n"));
  CHECK(contains(exec(test, {"--dry-run", "touch {}"}, "a\n").err,
                 "errand: dry run: nothing was run\n"));
  test.write("errand.yaml", "tasks: { a: touch hit }");
  CHECK(contains(test.run({"run", "-n"}).err, "errand: dry run: nothing was run\n"));
  CHECK(test.run({"run", "-nq"}).err.empty());
  CHECK(test.names() == Strings{"errand.yaml"});
}

TEST_CASE("[F1.6] {1} is the first value, and literal where there is no source") {
  CliTest test;
  CHECK(test.run({"exec", "-q", "echo", "{1}", ":::", "a"}).out == "a\n");
  CHECK(exec(test, {"echo {1.} {{1}}"}, "a.c\n").out == "{1.} {{1}}\n");
  CHECK(exec(test, {"-a", "-", "echo {1.} {{1}}"}, "a.c\n").out == "a {1}\n");
  const Ended end = test.run({"exec", "echo", "{= s/a// =}", ":::", "a"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand does not have \"{= s/a// =}\""));
}

TEST_CASE("[F1.7] words that are one command are told where one of them is not found") {
  CliTest test;
  const Ended end = test.run({"exec", "-k", "true", "a.log"});
  CHECK(contains(end.err,
                 "errand: each word of exec is a command of its own; one command with its "
                 "arguments is one word: errand exec 'true a.log'\n"));
  CHECK_FALSE(contains(test.run({"exec", "nosuch-program"}).err, "each word of exec"));
  CHECK_FALSE(contains(test.run({"exec", "-k", "true", "exit 1"}).err, "each word of exec"));
}

TEST_CASE("data that nothing reads is told where it matters") {
  CliTest test;
  const std::string note = "note: nothing has read the data on standard input";
  CHECK(contains(exec(test, {"gzip"}, "data\n").err, note));
  CHECK(contains(exec(test, {"sort -u"}, "data\n").err, note));
  CHECK(contains(exec(test, {"echo x; exit 1"}, "data\n").err, note));
  CHECK(contains(exec(test, {"-v", "echo x"}, "data\n").err, note));
  for (const Strings& words :
       std::vector<Strings>{{"echo x"}, {"wc list"}, {"-q", "gzip"}, {"-r", "echo {}"}}) {
    test.write("list", "");
    CHECK_FALSE(contains(exec(test, words, "data\n").err, note));
  }
  CHECK_FALSE(contains(exec(test, {"gzip"}, "").err, note));
}

TEST_CASE("a line is told once to be one argument, and to end with CR") {
  CliTest test;
  CHECK(contains(exec(test, {"echo", "{}"}, "a b c\n").err,
                 "note: a whole line is one argument: \"a b c\"; for several write them after"));
  CHECK_FALSE(contains(exec(test, {"echo", "{}"}, "a b\nc\n").err, "a whole line"));
  CHECK_FALSE(contains(exec(test, {"-a", "-", "echo", "{}"}, "a b\n").err, "a whole line"));
  const Ended end = exec(test, {"echo {}"}, "a\r\nb\r\n");
  CHECK(end.out == "a\r\nb\r\n");
  CHECK(contains(end.err, "note: <stdin> has lines that end with CR LF"));
  CHECK(end.err.find("CR LF") == end.err.rfind("CR LF"));
}

TEST_CASE("an input that nobody may have meant to be read is named while it says nothing") {
  CliTest test;
  Call call{{"exec", "-j1", "echo {}"}};
  call.input = "";
  call.input_stays_open = true;
  call.streams = Streams::together;
  const auto errand = test.start(call);
  errand->await_output("note: waiting for input: {} stands for a line of standard input");
  errand->send("a\n");
  errand->close_input();
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("where values would run as code, or words are for a shell, errand says what to write") {
  CliTest test;
  const auto refusal = [&](const Strings& words) {
    const Ended end = exec(test, words, "touch hit\n");
    CHECK(end.how() == "exit 125");
    CHECK(test.names().empty());
    return end.err;
  };
  CHECK(contains(refusal({"sh", "-c", "{}"}), "{} in the script of sh -c"));
  CHECK(contains(refusal({"env bash -ec {}"}), "would run as code"));
  CHECK(contains(refusal({"eval {}"}), "{} in an argument of eval"));
  CHECK(contains(refusal({"echo", "{}", ">", "hit"}),
                 "\">\" is for a shell, and several words have none; write one script: errand exec "
                 "'echo {} > hit'"));
  CHECK(contains(refusal({"echo", "x", ">{.}"}), "\">{.}\" is for a shell"));
  CHECK(contains(refusal({"echo a", "&&", "echo b"}), "errand exec 'echo a && echo b'"));
  CHECK(exec(test, {"find", ".", "-name", "{}", "-exec", "echo", "{{}}", ";", ":::", "nosuch"})
            .how() == "exit 0");
  CHECK(exec(test, {"printf", "%s\\n", "-F", ";", "<{}>", ":::", "x"}).out == "-F\n;\n<x>\n");
}

TEST_CASE("what this version does not have is refused by its name") {
  CliTest test;
  for (const Strings& words : std::vector<Strings>{{"--pipe", "cat"},
                                                   {"--colsep", ",", "echo", "{1}"},
                                                   {"--block", "1M", "cat"},
                                                   {"--names", "a,b", "touch hit", "true"},
                                                   {"--hedge", "1s", "touch hit"},
                                                   {"-P", "2", "touch hit"},
                                                   {"-n", "auto", "touch", "hit"},
                                                   {"touch", "hit", ":::", "a", ":::+", "b"},
                                                   {"-a", "x", "-a", "y", "touch"},
                                                   {"-a", "x", "touch", ":::", "b"}}) {
    INFO(words.front());
    const Ended end = test.run(with({}, words));
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, "available yet"));
    CHECK(test.names().empty());
  }
}

TEST_CASE("[F1.1] what the filters leave out is a note and no error") {
  CliTest test;
  const std::string note = "note: nothing was started: --only and --skip leave out all 2 tasks";
  for (const Strings& words : std::vector<Strings>{{"--skip", "*", "touch", ":::", "a", "b"},
                                                   {"--skip", "*", "touch a", "touch b"}}) {
    const Ended end = exec(test, words);
    CHECK(end.how() == "exit 0");
    CHECK(contains(end.err, note));
  }
  CHECK(contains(exec(test, {"--skip", "*", "touch {}"}, "a\nb\n").err, note));
  CHECK(test.names().empty());
}

}  // namespace
}  // namespace errand::test
