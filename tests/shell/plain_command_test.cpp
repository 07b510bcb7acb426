// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/plain_command.h"

#include <string>

#include "support/catch.h"

using namespace errand;

namespace {

Argv words(std::string_view script) {
  return plain_command(script).value_or(Argv{"(needs a shell)"});
}

void check_needs_shell(std::initializer_list<const char*> scripts) {
  for (const char* script : scripts) {
    INFO(script);
    CHECK_FALSE(plain_command(script));
  }
}

}  // namespace

TEST_CASE("a program and its arguments need no shell") {
  CHECK(words("ls") == Argv{"ls"});
  CHECK(words("  cmake\t--build  build ") == Argv{"cmake", "--build", "build"});
  CHECK(words("./run.sh a=b x#y @ % + , - : ] } a!b") ==
        Argv{"./run.sh", "a=b", "x#y", "@", "%", "+", ",", "-", ":", "]", "}", "a!b"});
  CHECK(words("make all\n\n") == Argv{"make", "all"});
  CHECK(words("grep \xC3\xA4\xFF") == Argv{"grep", "\xC3\xA4\xFF"});
}

TEST_CASE("quotes and backslashes are taken away as a shell does") {
  CHECK(words("cat 'a b' \"c d\" e\\ f ''") == Argv{"cat", "a b", "c d", "e f", ""});
  CHECK(words("cat 'a'\"b\"\\c'$x*'") == Argv{"cat", "abc$x*"});
  CHECK(words(R"(cat "a\"b\\c\d\$e\`" \$x \' \")") ==
        Argv{"cat", "a\"b\\c\\d$e`", "$x", "'", "\""});
  CHECK(words("cat 'a\nb' \"c\nd\"") == Argv{"cat", "a\nb", "c\nd"});
  CHECK(words("'/opt/my tool' x") == Argv{"/opt/my tool", "x"});
}

TEST_CASE("whatever a shell would expand needs one") {
  check_needs_shell({"ls $HOME", "ls \"$x\"", "ls `x`", "ls \"`x`\"", "ls ~", "ls a~b", "ls *.c",
                     "ls ?", "ls [a]", "ls {a,b}", "ls $", "ls \"$\"", "a^b"});
}

TEST_CASE("operators, redirections, comments and second commands need a shell") {
  check_needs_shell({"a; b", "a;", "a && b", "a | b", "a &", "a > b", "a < b", "a 2>&1", "(a)",
                     "a << x", "a # b", "# a", "a\nb", "\na", "a \\\n b", "a \"b\\\nc\""});
}

TEST_CASE("what shells do themselves needs one, quoted or not") {
  check_needs_shell({"echo x",  "printf x", "test -e x", "[ a ]",    "cd x",
                     "true",    "false",    "kill 1",    "exec ls",  "exit 3",
                     ". x",     ": x",      "time ls",   "! ls",     "if x",
                     "{ x",     "}",        "'echo' x",  "\\echo x", "source x",
                     "local x", "pwd",      "which x",   "%1",       "!x"});
  CHECK(plain_command("./echo x"));
  CHECK(plain_command("env echo x"));
}

TEST_CASE("assignments before a command need a shell") {
  check_needs_shell({"A=1 ls", "A=1", "A+=1 ls", "a=b"});
}

TEST_CASE("what is not a whole command needs a shell, which says what is wrong") {
  using namespace std::string_view_literals;
  check_needs_shell({"", " ", "\n", "''", "'' x", "cat 'a", "cat \"a", "cat \"a\\", "cat \\",
                     "cat a\r", "cat \x01", "cat \x7f"});
  CHECK_FALSE(plain_command("cat a\0b"sv));
}
