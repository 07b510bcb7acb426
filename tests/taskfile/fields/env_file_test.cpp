// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/env_file.h"

#include <string>

#include "support/catch.h"

using namespace errand;

namespace {

// "NAME=[VALUE]" a line each, or the error.
std::string read(std::string_view text) {
  const auto entries = parse_env_file(text);
  if (!entries) return "error: " + entries.error().message();
  std::string lines;
  for (const auto& [name, value] : *entries) lines += name + "=[" + value.value_or("-") + "]\n";
  return lines;
}

}  // namespace

TEST_CASE("a line is a variable, in the file's order") {
  CHECK(read("A=1\nB=two words\nA=3\n") == "A=[1]\nB=[two words]\nA=[3]\n");
  CHECK(read("LAST=x") == "LAST=[x]\n");
  CHECK(read("EMPTY=\n") == "EMPTY=[]\n");
  CHECK(read("_a.b-c9=x=y\n") == "_a.b-c9=[x=y]\n");
  CHECK(read("").empty());
}

TEST_CASE("empty lines and comments are skipped") {
  CHECK(read("\n# A=1\n  \t\n   # x\nB=2 # two\nC=a#b\nD= # none\nE=\t#\n") ==
        "B=[2]\nC=[a#b]\nD=[]\nE=[]\n");
}

TEST_CASE("blanks around names and values do not count") {
  CHECK(read("  A = 1 \t\n\tB=\t2\n") == "A=[1]\nB=[2]\n");
}

TEST_CASE("export is skipped, and may be a name") {
  CHECK(read("export A=1\nexport\tB=2\nexport=3\nexport = 4\nexported=5\n") ==
        "A=[1]\nB=[2]\nexport=[3]\nexport=[4]\nexported=[5]\n");
}

TEST_CASE("single quotes take everything as it is") {
  CHECK(read(R"(A='a "b" \n $c # d')") == "A=[a \"b\" \\n $c # d]\n");
  CHECK(read("A='' # none\nB=' '\n") == "A=[]\nB=[ ]\n");
}

TEST_CASE("double quotes know escapes") {
  CHECK(read(R"(A="1\n2\t3\"4\\5\$6\r\x")") == "A=[1\n2\t3\"4\\5$6\r\\x]\n");
  CHECK(read(R"(A="it's # no comment" # one)") == "A=[it's # no comment]\n");
  CHECK(read("A=say \"x\"\nB=it's\n") == "A=[say \"x\"]\nB=[it's]\n");
}

TEST_CASE("nothing is expanded") {
  CHECK(read("A=$B ${C} `d`\nB=\"$C\"\n") == "A=[$B ${C} `d`]\nB=[$C]\n");
}

TEST_CASE("quoted values may go over several lines") {
  CHECK(read("A=\"x  \n y\t\n z\"  \nB='a \r\n'\n") == "A=[x  \n y\t\n z]\nB=[a \n]\n");
  CHECK(read("A='one\n two\n\nthree'\nB=\"x\\\ny\"\r\nC=1\n") ==
        "A=[one\n two\n\nthree]\nB=[x\\\ny]\nC=[1]\n");
}

TEST_CASE("a value may be the lines up to a word, as in GitHub's files") {
  CHECK(read("A<<EOF\none\n 'two'\nEOF\nB << X\nX\n") == "A=[one\n 'two']\nB=[]\n");
  CHECK(read("A<<EOF\none\n") == "error: line 1: no line is just \"EOF\", which ends the value");
  CHECK(read("A<<\n") == "error: line 1: the word that ends the value is missing behind \"<<\"");
  CHECK(read("A=<<EOF\n") == "A=[<<EOF]\n");
}

TEST_CASE("CRLF ends lines, and a byte order mark is skipped") {
  CHECK(read("\xEF\xBB\xBF"
             "A=1\r\nB='x\r\ny'\r\n\r\n# c\r\n") == "A=[1]\nB=[x\ny]\n");
}

TEST_CASE("bytes that are no characters are kept") {
  CHECK(read("A=\xff\xfe") == "A=[\xff\xfe]\n");
}

TEST_CASE("what is wrong is told with its line") {
  CHECK(read("A=1\n\nB\n") == "error: line 3: \"B\" has no \"=\"; write NAME=value");
  CHECK(read("1A=1\n") ==
        "error: line 1: \"1A\" is not a variable's name; letters, digits and _ make one");
  CHECK(read("A B=1\n").starts_with("error: line 1: \"A B\" is not a variable's name"));
  CHECK(read("=1\n").starts_with("error: line 1: \"\" is not a variable's name"));
  CHECK(read("A=1\nB='x\ny\n") == "error: line 2: the quote is not closed");
  CHECK(read("A='x\ny' z\n") ==
        "error: line 2: \"z\" stands behind the closing quote; put the quotes around it all");
  CHECK(read("A='x'y\n").starts_with("error: line 1: \"y\" stands behind"));
  CHECK(read("export\n") == "error: line 1: \"export\" has no \"=\"; write NAME=value");
  using namespace std::string_view_literals;
  CHECK(read("A=1\nB=\0\n"sv) == "error: line 2: a NUL byte; no variable can hold one");
  CHECK(read("A='\n\0'\n"sv).ends_with("a NUL byte; no variable can hold one"));
}
