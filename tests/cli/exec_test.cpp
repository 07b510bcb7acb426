// SPDX-License-Identifier: Apache-2.0
//
// errand exec: commands without a file, and arguments that no shell may ever read.
#include <nlohmann/json.hpp>

#include "support/exec.h"

namespace errand::test {
namespace {

// Names of every nasty kind; none has a NUL.
Strings nasty() {
  Strings all = {"plain",
                 "two words",
                 "it's",
                 "\"double\"",
                 "'; touch hit; '",
                 "$(touch hit)",
                 "`touch hit`",
                 "a\nb",
                 "\n",
                 "-rf",
                 "--help",
                 "*",
                 "~",
                 "~root",
                 "{}",
                 "{.}{#}{%}",
                 "\\",
                 "\\\\'",
                 "a\\",
                 "$HOME",
                 "${IFS}",
                 "\"; touch hit",
                 "' \" ' \"",
                 "#x",
                 "a=b",
                 "!!",
                 "&",
                 "|touch hit",
                 ">hit",
                 "<hit",
                 "\xff\xfe",
                 "\xC3",
                 "\xC3\xA4",
                 "%s%n",
                 " lead",
                 "trail ",
                 "\t",
                 "",
                 "if",
                 "a/b/../c.tar.gz",
                 "\x81'\x88",
                 "\"$(touch hit)\"",
                 "'$(touch hit)'",
                 "\\$(touch hit)",
                 "$'\\n'"};
  std::string every;
  for (int byte = 1; byte < 256; ++byte) every += static_cast<char>(byte);
  all.push_back(every);
  all.push_back(std::string(100'000, 'x'));
  all.push_back(std::string(100'000, '\''));
  return all;
}

std::string in_brackets(const Strings& items) {
  std::string text;
  for (const std::string& item : items) text += "[" + item + "]\n";
  return text;
}

TEST_CASE("several words are several commands, each a task of its own") {
  CliTest test;
  const Ended end = test.run({"exec", "-j1", "echo one", "echo two >&2; echo three"});
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "one\nthree\n");
  CHECK(contains(end.err, "two\n"));
  CHECK(contains(end.err, "2 tasks: 2 succeeded"));
}

TEST_CASE("behind ::: there is a task for each argument") {
  CliTest test;
  CHECK(exec(test, {"echo", "-", ":::", "a b", "c"}).out == "- a b\n- c\n");
  CHECK(exec(test, {"echo x", ":::", "a  b", "c"}).out == "x a  b\nx c\n");
  CHECK(exec(test, {"echo", "{}.{#}", ":::", "a", "b"}).out == "a.1\nb.2\n");
  CHECK(exec(test, {":::", "echo 1", "echo 2"}).out == "1\n2\n");
}

TEST_CASE("arguments come from standard input, a line each, where a placeholder waits for them") {
  CliTest test;
  CHECK(exec(test, {"echo", "<{}>"}, "a b\n\nc").out == "<a b>\n<>\n<c>\n");
  CHECK(exec(test, {"echo '<{}>'"}, "a b\nc\r\n").out == "<a b>\n<c\r>\n");
  CHECK(exec(test, {"-a", "-", "echo"}, "a\nb\n").out == "a\nb\n");
  CHECK(exec(test, {"-0", "printf", "[%s]\\n"}, std::string("a\nb\0c", 5)).out == "[a\nb]\n[c]\n");
}

TEST_CASE("without a command each line is one, and runs as it arrives") {
  CliTest test;
  Call call{{"exec", "-j2", "-k"}};
  call.input = "echo first >$MARKS; read line <gate; echo done >$MARKS\n";
  call.input_stays_open = true;
  test.make_gate("gate");
  const auto errand = test.start(call);
  errand->await_mark("first");
  errand->send("\n  \necho second >$MARKS\n");
  errand->await_mark("second");
  test.open_gate("gate");
  errand->await_mark("done");
  errand->close_input();
  const Ended end = errand->finish();
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.err, "2 tasks: 2 succeeded"));
}

TEST_CASE("options end at the first word of the command") {
  CliTest test;
  CHECK(exec(test, {"echo", "-e", "--jobs", "--help", ":::", "x"}).out == "--jobs --help x\n");
  CHECK(exec(test, {"--env", "A=1", "--", "echo $A", ":::", "x"}).out == "1 x\n");
  CHECK(exec(test, {"-o", "group", "-vj", "2", "echo", ":::", "x"}).out == "x\n");
  const Ended end = test.run({"exec", "--nope", "echo"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "--nope"));
}

TEST_CASE("arguments reach an argv unchanged, whatever is in them") {
  CliTest test;
  const Strings items = nasty();
  Strings words = {"printf", "[%s]\\n", ":::"};
  words.insert(words.end(), items.begin(), items.end());
  CHECK(exec(test, words).out == in_brackets(items));
  std::string input;
  for (const std::string& item : items) input += item + '\0';
  CHECK(exec(test, {"-0", "printf", "[%s]\\n"}, input).out == in_brackets(items));
  CHECK(test.names().empty());
}

TEST_CASE("arguments reach a script unchanged, whatever is in them and around them") {
  CliTest test;
  const Strings items = nasty();
  std::string input;
  for (const std::string& item : items) input += item + '\0';
  for (const char* script :
       {"/usr/bin/printf '[%s]\\n' {}", "printf '[%s]\\n' {}", "printf '[%s]\\n' '{}'",
        "printf '[%s]\\n' \"{}\"", "printf '[%s]\\n'", "printf '%s\\n' [{}]",
        "printf '%s\\n' '['\"{}\"']'", "x={}; printf '[%s]\\n' \"$x\"",
        "printf '[%s]\\n' \"$(printf '%s.' {})\" | sed 's/\\.]$/]/'",
        "printf '[%s]\\n' \"$(printf '%s.' \"{}\")\" | sed 's/\\.]$/]/'",
        "case x in y) ;; *) printf '[%s]\\n' {};; esac", "f() { printf '[%s]\\n' \"$1\"; }; f {}",
        "for i in {}; do printf '[%s]\\n' \"$i\"; done"}) {
    INFO(script);
    const Ended end = exec(test, {"-0", "-q", script}, input);
    CHECK(end.how() == "exit 0");
    CHECK((end.out == in_brackets(items)));
    CHECK(test.names().empty());
  }
}

TEST_CASE("bash takes the same values as sh does") {
  CliTest test;
  const Strings items = nasty();
  std::string input;
  for (const std::string& item : items) input += item + '\0';
  for (const char* script : {"printf '[%s]\\n' {}", "printf '[%s]\\n' \"{}\"",
                             "printf '[%s]\\n' '{}'", "a=({}); printf '[%s]\\n' \"${a[@]}\""}) {
    INFO(script);
    CHECK((exec(test, {"-0", "-q", "--shell", "bash -euc", script}, input).out ==
           in_brackets(items)));
  }
  CHECK(test.names().empty());
}

TEST_CASE("a place where no quoting is safe is refused before anything runs") {
  CliTest test;
  for (const char* script : {"cat <<EOF\n{}\nEOF", "echo \"`echo {}`\"", "echo $(( {} ))",
                             "touch hit # {}", "touch hit;", "echo '{}"}) {
    INFO(script);
    const Ended end = test.run({"exec", script, ":::", "1"});
    CHECK(end.how() == "exit 125");
    CHECK(end.err.starts_with("errand: exec: "));
    CHECK(test.names().empty());
  }
  CHECK(contains(test.run({"exec", "--shell", "python3 -c", "print({})", ":::", "1"}).err,
                 "write the command as several words"));
}

TEST_CASE("the job slot is known to scripts and to programs") {
  CliTest test;
  CHECK(exec(test, {"echo", "p{%}", "{%}", "{}", ":::", "{%}"}).out == "p1 1 {%}\n");
  CHECK(exec(test, {"echo {%} '{%}' \"{%}0\" {}", ":::", "{%}"}).out == "1 1 10 {%}\n");
}

TEST_CASE("what is no command, or no list of arguments, is refused with what to write") {
  CliTest test;
  const auto refusal = [&](const Strings& words) {
    const Ended end = test.run(with({}, words));
    CHECK(end.how() == "exit 125");
    CHECK(end.out.empty());
    return end.err;
  };
  CHECK(contains(refusal({"gzip", "-9", "file"}), "or write ':::' after it"));
  CHECK(contains(refusal({"echo", ":::", "a", ":::", "b"}), "several lists of arguments"));
  CHECK(contains(refusal({"echo", "::::", "a"}), "'::::' is not known; write -a FILE"));
  CHECK(contains(refusal({"-0", "echo", ":::", "a"}), "leave one out"));
  CHECK(contains(refusal({"", ":::", "a"}), "the command is empty"));
  CHECK(contains(refusal({"echo a", " "}), "a command is empty"));
  Call call{{"exec"}};
  call.streams = Streams::terminal;
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.out, "no command; write one, or pipe commands in"));
}

TEST_CASE("a NUL in a line is told with its line") {
  CliTest test;
  const Ended end = exec(test, {"echo", "{}"}, std::string("a\nb\0c\n", 6));
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "<stdin>:2: a NUL byte; -0 reads items that end with one"));
}

TEST_CASE("exec fails as run does: errgroup by default, every error with -k") {
  CliTest test;
  CHECK(test.run({"exec", "-j1", "exit {}", ":::", "0", "7", "8"}).how() == "exit 7");
  const Ended end = exec(test, {"exit {}", ":::", "0", "7", "8"});
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "3 tasks: 1 succeeded, 2 failed"));
  CHECK(test.run({"exec", "--task-timeout", "50ms", "sleep 60"}).how() == "exit 124");
  CHECK(test.run({"exec", "./nosuch", "-x", ":::", "a"}).how() == "exit 127");
}

TEST_CASE("[F4.4] the command that runs a task of exec again has its argument and the options") {
  CliTest test;
  const auto rerun = [&](const std::vector<std::string>& args) {
    const std::string text = exec(test, args).err;
    const std::size_t at = text.find("  rerun: ");
    return at == text.npos ? "" : text.substr(at + 9, text.find('\n', at) - at - 9);
  };
  CHECK(rerun({"false"}) == "errand exec false");
  CHECK(rerun({"ls", "no such", ":::", "x y"}) ==
        R"(errand exec 'ls '\''no such'\'' '\''x y'\''')");
  CHECK(rerun({"exit {}", ":::", "3"}) == R"(errand exec 'exit '\''3'\''')");
  CHECK(rerun({"--env", "A=1", "--shell", "bash -c", "exit 3"}) ==
        "errand exec --env A=1 --shell 'bash -c' 'exit 3'");
  CHECK(rerun({"-C", "/", "exit 3"}) == "errand exec -C / 'exit 3'");
  CHECK(rerun({"exit 3; : {}", ":::", "{}"}) == R"(errand exec ::: 'exit 3; : '\''{}'\''')");
  CHECK(rerun({"ls", "{%}{}", ":::", "/x"}).empty());  // another slot, another command
}

TEST_CASE("[F4.4] a stream of exec is only continued as a whole") {
  CliTest test;
  const Ended end = test.run(Call{.args = {"exec", "-k", "exit 3; : {}"}, .input = "a\nb\n"});
  CHECK_FALSE(contains(end.err, "rerun: "));
  CHECK(contains(end.err, "\ncontinue: errand exec --failed -k 'exit 3; : {}'\n"));
}

TEST_CASE("tasks are named after their argument, or their command, in reports too") {
  CliTest test;
  const std::string longest(400, 'y');
  test.run(with({"-k", "-j1", "--report", "json=out.json"},
                {"true", "{}", ":::", "dir/a.txt", " b ", "", longest}));
  const auto report = nlohmann::json::parse(test.read("out.json"));
  Strings names;
  for (const auto& task : report["tasks"]) names.push_back(task["name"]);
  CHECK(names == Strings{"dir/a.txt", "b", "3", longest.substr(0, 255)});
  CHECK(report["run"]["name"] == "exec");
}

TEST_CASE("a dry run prints the commands, one a line, also of a stream") {
  CliTest test;
  CHECK(test.run({"exec", "--dry-run", "touch", "{}", ":::", "a b", "c"}).out ==
        "touch 'a b'\ntouch c\n");
  CHECK(exec(test, {"--dry-run", "touch '{}'"}, "it's\n").out == "touch '''it'\\''s'''\n");
  CHECK(exec(test, {"--dry-run"}, "touch a\ntouch b").out == "touch a\ntouch b\n");
  CHECK(test.names().empty());
}

TEST_CASE("globs select among the tasks of exec too") {
  CliTest test;
  CHECK(exec(test, {"--only", "*.c", "--skip", "x*", "echo", ":::", "a.c", "x.c", "b.h"}).out ==
        "a.c\n");
  CHECK(exec(test, {"--skip", "*b*", "echo {}"}, "a\nb\nc\n").out == "a\nc\n");
}

TEST_CASE("many arguments are read as they are needed, in flat memory") {
  CliTest test;
  std::string few, many;
  for (int i = 0; i < 50; ++i) few += "x\n";
  const std::string line(1000, 'x');
  for (int i = 0; i < 2000; ++i) many += line + "\n";
  const long small = exec(test, {"-q", "-o", "quiet", "true", "{}"}, few).peak_kib;
  const Ended end = exec(test, {"-o", "quiet", "true", "{}"}, many);
  CHECK(contains(end.err, "2000 tasks: 2000 succeeded"));
  if (!kSanitized) CHECK(end.peak_kib < small + 4096);
}

}  // namespace
}  // namespace errand::test
