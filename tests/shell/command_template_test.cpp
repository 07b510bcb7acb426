// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/command_template.h"

#include <string>

#include "support/catch.h"

using namespace errand;

namespace {

const std::vector<std::string> kShell = {"sh", "-ec"};

CommandTemplate must_make(std::vector<std::string> words) {
  auto made = CommandTemplate::make(std::move(words), kShell);
  INFO((made ? "" : made.error().message()));
  REQUIRE(made);
  return std::move(*made);
}

std::string script(std::string_view text, std::string_view argument, std::uint64_t number = 1) {
  return std::get<Script>(must_make({std::string(text)}).instantiate(argument, number).run).text;
}

Argv argv(std::vector<std::string> words, std::string_view argument, std::uint64_t number = 1) {
  return std::get<Argv>(must_make(std::move(words)).instantiate(argument, number).run);
}

std::string refusal(std::string_view text) {
  const auto made = CommandTemplate::make({std::string(text)}, kShell);
  return made ? "none" : made.error().message();
}

std::string all_of(std::string_view argument) {
  std::string values;
  for (const Placeholder placeholder :
       {Placeholder::whole, Placeholder::no_extension, Placeholder::base, Placeholder::folder,
        Placeholder::stem}) {
    values += "[" + value_of(placeholder, argument, 1) + "]";
  }
  return values;
}

}  // namespace

// The expectations are what GNU parallel 20221122 gives.
TEST_CASE("placeholders take a path apart as GNU parallel does") {
  CHECK(all_of("a.txt") == "[a.txt][a][a.txt][.][a]");
  CHECK(all_of("dir/a.tar.gz") == "[dir/a.tar.gz][dir/a.tar][a.tar.gz][dir][a.tar]");
  CHECK(all_of("dir.d/a") == "[dir.d/a][dir.d/a][a][dir.d][a]");
  CHECK(all_of(".bashrc") == "[.bashrc][][.bashrc][.][]");
  CHECK(all_of("foo.") == "[foo.][foo][foo.][.][foo]");
  CHECK(all_of("a/") == "[a/][a/][][.][]");
  CHECK(all_of("/") == "[/][/][][/][]");
  CHECK(all_of("/a") == "[/a][/a][a][/][a]");
  CHECK(all_of("/a/b") == "[/a/b][/a/b][b][/a][b]");
  CHECK(all_of("a//b") == "[a//b][a//b][b][a][b]");
  CHECK(all_of("./x.y") == "[./x.y][./x][x.y][.][x]");
  CHECK(all_of("a/b/") == "[a/b/][a/b/][][a][]");
  CHECK(all_of("") == "[][][][.][]");
  CHECK(all_of(".") == "[.][][.][.][]");
  CHECK(all_of("..") == "[..][.][..][.][.]");
  CHECK(all_of("//") == "[//][//][][/][]");
  CHECK(all_of("//a") == "[//a][//a][a][/][a]");
}

TEST_CASE("several words are an argv, and values take their places in it as they are") {
  CHECK(argv({"convert", "{}", "-o", "out/{/.}.png"}, "in/a b.jpg") ==
        Argv{"convert", "in/a b.jpg", "-o", "out/a b.png"});
  CHECK(argv({"x", "{}{}"}, "'$(id)'") == Argv{"x", "'$(id)''$(id)'"});
  CHECK(argv({"x", "n{#}"}, "a", 42) == Argv{"x", "n42"});
  CHECK(argv({"x", "{}"}, "{#}{}") == Argv{"x", "{#}{}"});
  CHECK(argv({"x", "{1}", "{ }", "{..}", "{"}, "a") == Argv{"x", "{1}", "{ }", "{..}", "{", "a"});
}

TEST_CASE("without a placeholder the argument becomes the last word") {
  CHECK(argv({"gzip", "-9"}, "a b") == Argv{"gzip", "-9", "a b"});
  CHECK(script("gzip -9", "a b") == "gzip -9 'a b'");
  CHECK(script("gzip -9 \n", "a b") == "gzip -9 'a b'");
  CHECK(script("cd x && gzip", "a") == "cd x && gzip 'a'");
}

TEST_CASE("an argument is not appended where it would be a command of its own, or part of none") {
  CHECK(refusal("sync;") ==
        "appended behind \";\" the argument would be a command of its own; write {} where it "
        "belongs");
  for (const char* text : {"a &", "a |", "a &&", "a ||", "(", "a \\", "a\\ "}) {
    INFO(text);
    CHECK(refusal(text) != "none");
  }
  CHECK(refusal("a # comment") == "{} cannot be replaced in a comment");
  CHECK(refusal("cat <<EOF\nx\nEOF") ==
        "{} cannot be replaced in or behind a here-document; let a file or printf give it");
}

TEST_CASE("in a script a value is quoted as the quotes around its place need it") {
  CHECK(script("echo {}", "it's $x") == "echo 'it'\\''s $x'");
  CHECK(script("echo a{}b", "x") == "echo a'x'b");
  CHECK(script("echo '<{}>'", "it's") == "echo '<''it'\\''s''>'");
  CHECK(script("echo \"<{}>\"", "$x\"") == "echo \"<\"'$x\"'\">\"");
  CHECK(script("echo \"$(basename {}) {}\"", "a") == "echo \"$(basename 'a') \"'a'\"\"");
  CHECK(script("echo \"$(basename \"{}\")\"", "a") == "echo \"$(basename \"\"'a'\"\")\"");
  CHECK(script("echo $(cat '{}')", "a") == "echo $(cat '''a''')");
  CHECK(script("(cd {//} && x) > {.}.log", "d/f.c") == "(cd 'd' && x) > 'd/f'.log");
  CHECK(script("case {} in a) b;; esac; echo {}", "a") == "case 'a' in a) b;; esac; echo 'a'");
  CHECK(script("n=$((1+2)) x=${y} echo {} # it's", "a") == "n=$((1+2)) x=${y} echo 'a' # it's");
  CHECK(script("echo \"${x}\" \"\\\"\" \\' {} <<<a", "v") == "echo \"${x}\" \"\\\"\" \\' 'v' <<<a");
  CHECK(script("echo a#{} $# {}", "v") == "echo a#'v' $# 'v'");
  CHECK(script("cat {} <<EOF\n'\nEOF", "v") == "cat 'v' <<EOF\n'\nEOF");
  CHECK(script("{}", "") == "''");
}

TEST_CASE("many quotes do not make a value much longer") {
  const std::string quotes(100'000, '\'');
  CHECK(script("echo {}", quotes).size() < 100'100);
}

TEST_CASE("the number of the argument and the job's slot are values too") {
  CHECK(script("echo {#} '{#}' \"{#}\"", "a", 7) == "echo '7' '''7''' \"\"'7'\"\"");
  CHECK(script("echo {%} '{%}' \"{%}x\"", "a") ==
        "echo \"$ERRAND_SLOT\" ''\"$ERRAND_SLOT\"'' \"\"\"$ERRAND_SLOT\"\"x\"");
  const auto made = must_make({"x", "{}", "p{%}{%}"}).instantiate("{%}", 1);
  CHECK(std::get<Argv>(made.run) == Argv{"x", "{%}", "p{%}{%}"});
  REQUIRE(made.slots.size() == 2);
  CHECK((made.slots[0].word == 2 && made.slots[0].at == 1));
  CHECK((made.slots[1].word == 2 && made.slots[1].at == 4));
}

TEST_CASE("brackets, parentheses and copied descriptors elsewhere leave places as they are") {
  CHECK(script("[ {} = x ]", "a b") == "[ 'a b' = x ]");
  CHECK(script("echo \"[{}]\" \"$x [{}]\"", "a") == "echo \"[\"'a'\"]\" \"$x [\"'a'\"]\"");
  CHECK(script("x=({}); f() { cat {}; }", "a") == "x=('a'); f() { cat 'a'; }");
  CHECK(script("make {} >&2 && rm {}", "a") == "make 'a' >&2 && rm 'a'");
  CHECK(script("make >{} 2>&1 {}", "a") == "make >'a' 2>&1 'a'");
  CHECK(script("a >&- <({}) \"$x[1]{}\"", "b") == "a >&- <('b') \"$x[1]\"'b'\"\"");
}

TEST_CASE("where no quoting is safe in every shell, the place is refused by name") {
  CHECK(refusal("echo `basename {}`") == "{} cannot be replaced in backquotes; write $( )");
  CHECK(refusal("echo \"`basename {/}`\"") == "{/} cannot be replaced in backquotes; write $( )");
  CHECK(refusal("cat <<EOF\n{}\nEOF") ==
        "{} cannot be replaced in or behind a here-document; let a file or printf give it");
  CHECK(refusal("x # {}") == "{} cannot be replaced in a comment");
  CHECK(refusal("echo ${x:-{}}") == "{} cannot be replaced in ${ }");
  CHECK(refusal("echo \"${x:-$(cat {})}\"") == "{} cannot be replaced in ${ }");
  CHECK(refusal("echo ${}") == "{} cannot be replaced behind \"$\"");
  CHECK(refusal("echo \"${#}\"") == "{#} cannot be replaced behind \"$\"");
  CHECK(refusal("echo $(( {#} + 1 ))") ==
        "{#} cannot be replaced in arithmetic, which reads values as expressions");
  CHECK(refusal("echo \\{}") == "{} cannot be replaced behind a backslash");
  CHECK(refusal("echo \"\\{}\"") == "{} cannot be replaced behind a backslash");
  constexpr std::string_view subscript =
      "{} cannot be replaced in [ ], which may be a subscript, which is arithmetic";
  for (const char* text :
       {"a[{}]=1", "a=([{}]=1)", "exec {a[{}]}>f", "echo $a[{}]", "echo \"$a[{}]\"",
        "echo \"$#a[1][x{}]\"", "echo \"$a[$(echo '{}')]\"", "echo \"${a}[{}]\"", "ls x[{}]*"}) {
    INFO(text);
    CHECK(refusal(text) == subscript);
  }
  for (const char* text : {"a >&{}", "a >& {}", "a 1>&'{}'", "a >&x\"{}\"", "a >&1{}",
                           "a >& \"$(echo {})\"", "a <&{}"}) {
    INFO(text);
    CHECK(refusal(text) ==
          "{} cannot be replaced behind \">&\", where bash reads it twice; write >FILE 2>&1");
  }
  for (const char* text :
       {"ls *({})", "ls x?('{}')", "ls *(e:$(echo {}):)", "echo x=({})", "ls ({})",
        "x=({}) ls y=({})", "a=(b=({}))", "]=({})", "a[1]b[1]=({})", "ls >|x=1 a=({})"}) {
    INFO(text);
    CHECK(refusal(text) ==
          "{} cannot be replaced in parentheses behind a word, where zsh may run it");
  }
  CHECK(refusal("[[ {} -eq 1 ]]") ==
        "{} cannot be replaced in or behind [[ ]], which may run what is compared; write [ ]");
  CHECK(refusal("let x={}") ==
        "{} cannot be replaced behind `let`, which reads values as expressions");
  for (const char* text :
       {"echo $'{}'", "echo $'\\'' {}", "(( {} ))", "x=$[{}]", "\"$(case a in b) echo {};; esac)\"",
        "\"${x#'}'}{}\"", "$((a) {})", "echo `a\\`{}`", "<<-X {}"}) {
    INFO(text);
    CHECK(refusal(text) != "none");
  }
}

TEST_CASE("a subscript is followed over all that it may have inside of it") {
  constexpr std::string_view subscript =
      "{} cannot be replaced in [ ], which may be a subscript, which is arithmetic";
  std::vector<std::string> scripts;
  for (const char* separator :
       {" ", "\t", "\n", ";", "&", "|", "<", ">", "(", ")", " # ", "\\\n"}) {
    for (const char* before : {"a[", "a=([", "a+=(x [", "local a=([", "x=1 a[", "a[1", "a[$i"}) {
      for (const char* place : {"{}", "\"{}\"", "'{}'", "$(echo {})"}) {
        scripts.push_back(std::string(before) + separator + place + " ]=1");
      }
    }
  }
  scripts.emplace_back("alias a=([ 1 ) + {} ]=1)");
  for (const std::string& text : scripts) {
    INFO(text);
    CHECK(refusal(text) == subscript);
  }
}

TEST_CASE("a subscript that quotes leave open goes on behind them, as in zsh") {
  constexpr std::string_view subscript =
      "{} cannot be replaced in [ ], which may be a subscript, which is arithmetic";
  for (const char* text :
       {R"(echo "x$a["{}"]")", R"(echo "$a[1]$a["{}"]")", R"(print "$a["{}" ]")",
        R"(echo "${a}$a[-"{}"]")", R"(echo "$a[`echo 1`+"{}"]")", R"x(echo "$(echo "$a["{}"]")")x",
        R"(echo "$a['['"]{}")", R"(echo "$a["'1'{})", R"(echo "$a["'['"]{}]")",
        R"(echo $a['${']{}'}]')", R"(echo $a[\[]{}])", R"(echo "$é[{}]")", R"(echo x($a[ y){}])"}) {
    INFO(text);
    CHECK(refusal(text) == subscript);
  }
}

TEST_CASE("brackets that no shell reads as a subscript are left alone") {
  for (const char* text :
       {R"(echo "[{}] x"; y[1]=2)", R"(echo "[{}]=x")", "curl h?f[{}]=1", "ls dir/[{}]*",
        "awk -F[ x {}", R"(echo "$x=[{}]")", "a[ i + 1 ]={}", R"(a["x y"]=1; echo {})",
        R"(a["["]=1; echo {})", "a=([1]=x [k]={} {})", "a[1|2]={}", "tr [a-z] [A-Z] {}",
        "f() { local -a a=({}); }", "if x; then (cd {}); fi", "f () (cd {}; a=({}))",
        "case x in a) b=({});; esac", "cat =({}) <({})", "a=1 b=({}) c+=({})"}) {
    INFO(text);
    CHECK(refusal(text) == "none");
  }
}

// Whatever looks back from each place, or ahead of it, would take hours here.
TEST_CASE("long hostile templates are read in one pass") {
  constexpr std::size_t bytes = 200'000;
  const auto repeat = [](std::string_view text) {
    std::string all;
    while (all.size() < bytes) all += text;
    return all;
  };
  CHECK(refusal("echo \"" + repeat("[") + repeat("{}") + "\"") == "none");
  CHECK(refusal("echo " + repeat("[") + repeat("{}")) != "none");
  CHECK(refusal("echo \"" + repeat("$a[1]{}") + "\"") == "none");
  CHECK(refusal(repeat("$(echo {} ") + repeat(")")) == "none");
  CHECK(refusal(repeat("$(echo \"[{}") + "]=") != "none");
  CHECK(refusal("echo " + repeat("$(echo [{} ")) != "none");
  CHECK(refusal("a[" + repeat(" \"[\" '[' \\[ ") + "]=1; echo {}") == "none");
  CHECK(refusal(repeat("(") + "{}") != "none");
  CHECK(refusal("ls " + repeat("x=(") + "{}") != "none");
}

TEST_CASE("a script whose quotes are not closed is refused") {
  for (const char* text :
       {"echo '{}", "echo \"{}", "echo $(cat {}", "echo ({}", "echo \"$(cat {}\""}) {
    INFO(text);
    CHECK(refusal(text) != "none");
  }
}

TEST_CASE("values are put into scripts only for shells that quote as sh does") {
  const auto refused = CommandTemplate::make({"print({})"}, {"python3", "-c"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() ==
        "how \"python3\" quotes values is not known; write the command as several words, which "
        "need no shell");
  CHECK(CommandTemplate::make({"echo {}"}, {"/bin/bash", "-euc"}));
  CHECK(CommandTemplate::make({"echo {}"}, {"env", "busybox", "ash", "-c"}));
  CHECK(CommandTemplate::make({"python3", "-c", "x", "{}"}, {"fish", "-c"}));
}
