// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/command_template.h"

#include <string>

#include "support/catch.h"

using namespace errand;

namespace {

const std::vector<std::string> kShell = {"sh", "-ec"};

using Strings = std::vector<std::string>;

CommandTemplate must_make(std::vector<std::string> words, std::size_t values_max = 1) {
  auto made = CommandTemplate::make(std::move(words), kShell, values_max);
  INFO((made ? "" : made.error().message()));
  REQUIRE(made);
  return std::move(*made);
}

CommandTemplate::Instance instance(std::vector<std::string> words, Strings values,
                                   std::uint64_t number = 1, std::size_t values_max = 1) {
  auto made = must_make(std::move(words), values_max).instantiate(values, number);
  REQUIRE(made);
  return std::move(*made);
}

std::string script(std::string_view text, std::string_view argument, std::uint64_t number = 1) {
  return std::get<Script>(instance({std::string(text)}, {std::string(argument)}, number).run).text;
}

Argv argv(std::vector<std::string> words, std::string_view argument, std::uint64_t number = 1) {
  return std::get<Argv>(instance(std::move(words), {std::string(argument)}, number).run);
}

// With up to three values for a task.
std::string batch_script(std::string_view text, Strings values) {
  return std::get<Script>(instance({std::string(text)}, std::move(values), 1, 3).run).text;
}

Argv batch_argv(std::vector<std::string> words, Strings values) {
  return std::get<Argv>(instance(std::move(words), std::move(values), 1, 3).run);
}

std::string refusal(std::string_view text, std::size_t values_max = 1) {
  const auto made = CommandTemplate::make({std::string(text)}, kShell, values_max);
  return made ? "none" : made.error().message();
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string all_of(std::string_view argument) {
  std::string values;
  using Kind = Placeholder::Kind;
  for (const Kind kind : {Kind::whole, Kind::no_extension, Kind::base, Kind::folder, Kind::stem}) {
    values += "[" + value_of(kind, argument) + "]";
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
  CHECK(argv({"x", "{0}", "{ }", "{a}", "{"}, "a") == Argv{"x", "{0}", "{ }", "{a}", "{", "a"});
}

TEST_CASE("without a placeholder the argument becomes the last word") {
  CHECK(argv({"gzip", "-9"}, "a b") == Argv{"gzip", "-9", "a b"});
  CHECK(script("gzip -9", "a b") == "gzip -9 'a b'");
  CHECK(script("gzip -9 \n", "a b") == "gzip -9 'a b'");
  CHECK(script("cd x && gzip", "a") == "cd x && gzip 'a'");
}

TEST_CASE("an argument is not appended where it would be a command of its own, or part of none") {
  CHECK(refusal("sync;") ==
        "appended after \";\" the argument would be a command of its own; write {} where it "
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
  CHECK(script("echo {#} '{#}' \"{#}\"", "a", 7) == "echo 7 '7' \"7\"");
  const auto in_script = instance({"echo {} {%} '{%}'"}, {"{%}"});
  CHECK(std::get<Script>(in_script.run).text == "echo '{%}' {%} '{%}'");
  REQUIRE(in_script.slots.size() == 2);
  CHECK((in_script.slots[0].word == kShell.size() && in_script.slots[0].at == 11));
  CHECK((in_script.slots[1].word == kShell.size() && in_script.slots[1].at == 16));
  const auto made = instance({"x", "{}", "p{%}{%}"}, {"{%}"});
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
  CHECK(refusal("echo $(( {} + 1 ))") ==
        "{} cannot be replaced in arithmetic, which reads values as expressions");
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

TEST_CASE("digits may stand anywhere, since they are the same in all quotes") {
  CHECK(script("echo {} $(( {#} + 1 )) `echo {#}` # {#}\n[[ {#} -eq 1 ]]", "a", 7) ==
        "echo 'a' $(( 7 + 1 )) `echo 7` # 7\n[[ 7 -eq 1 ]]");
  CHECK(script("cat <<EOF\n{#}\nEOF", "a", 7) == "cat <<EOF\n7\nEOF");
  CHECK(script("echo \\{#} ${x:-{#}} >{#}", "a", 7) == "echo \\7 ${x:-7} >7");
  // Bare, these would be the number of a descriptor.
  CHECK(script("echo {#}>x {#}<x $(({#}<8))", "a", 7) == "echo '7'>x '7'<x $((7<8))");
}

TEST_CASE("directly after a dollar nothing is a placeholder") {
  CHECK(script("echo ${#} ${} $# {}", "a") == "echo ${#} ${} $# 'a'");
  CHECK(argv({"x", "${}", "{}"}, "a") == Argv{"x", "${}", "a"});
}

TEST_CASE("doubled braces write a placeholder") {
  CHECK(argv({"x", "{{}}", "{{.}}{}", "{{{.}}}", "{{1}}", "{{#}}"}, "a") ==
        Argv{"x", "{}", "{.}a", "{{.}}", "{1}", "{#}"});
  CHECK(argv({"x", "{{ID}}", "{{.Name}}", "{{}"}, "a") == Argv{"x", "{{ID}}", "{{.Name}}", "{a"});
  CHECK(script("echo {{}} '{{/}}' $(( {{}} )) {}", "a") == "echo {} '{/}' $(( {} )) 'a'");
  CHECK(read_template_word("{{}} {#} {{#}} {1}", PlaceholderSet::implicit).text ==
        "{} {#} {{#}} {1}");
}

TEST_CASE("[F1.6] numbers take the values of a task one by one") {
  CHECK(argv({"echo", "{1}", "{1.}-{1/}"}, "d/a.c") == Argv{"echo", "d/a.c", "d/a-a.c"});
  CHECK(script("echo {1//} '{1/.}'", "d/a.c") == "echo 'd' '''a'''");
  CHECK(batch_argv({"mv", "{2}", "{1.}"}, {"a.c", "b"}) == Argv{"mv", "b", "a"});
  CHECK(contains(refusal("echo {2}"), "to write {2} itself: {{2}}"));
  CHECK(contains(refusal("echo {4}", 3), "-n gives a task at most 3 arguments"));
  const auto short_batch = must_make({"echo {3}"}, 3).instantiate(Strings{"a", "b"}, 1);
  REQUIRE_FALSE(short_batch);
  CHECK(short_batch.error().message() == "{3} has no value: the last task has 2 arguments");
}

TEST_CASE("[F1.6] what is no placeholder of errand's is refused by its name") {
  for (const char* foreign : {"{= s/a/b/ =}", "{..}", "{+/}", "{##}"}) {
    INFO(foreign);
    CHECK(contains(refusal("echo " + std::string(foreign)),
                   "errand does not have \"" + std::string(foreign) + "\""));
  }
  for (const char* word : {"{1..3}", "{a,b}", "{{..}}", "${##}", "{ print }"}) {
    INFO(word);
    CHECK(refusal(word) == "none");
  }
}

TEST_CASE("several values are words of their own, and are appended so") {
  CHECK(batch_argv({"rm", "-f"}, {"a b", "c"}) == Argv{"rm", "-f", "a b", "c"});
  CHECK(batch_script("rm -f", {"a b", "c"}) == "rm -f 'a b' 'c'");
  CHECK(batch_argv({"cp", "<{}>", "{.}:{}", "-x"}, {"a.c", "b"}) ==
        Argv{"cp", "<a.c>", "<b>", "a:a.c", "b:b", "-x"});
  CHECK(batch_script("for f in {}; do wc {} >out; done", {"a", "b"}) ==
        "for f in 'a' 'b'; do wc 'a' 'b' >out; done");
}

TEST_CASE("in a script several values need a place that is a word of its own") {
  for (const char* text : {"echo '{}'", "echo \"{}\"", "echo a{}", "echo {}b", "x={} y", "cat <{}",
                           "cat > {}", "cat >| {}", "echo \\ {}x"}) {
    INFO(text);
    CHECK(contains(refusal(text, 3), "has to be a word of its own, outside of quotes"));
    CHECK(refusal(text, 1) == "none");
  }
  for (const char* text : {"echo {}", "echo {}>x", "(echo {})", "a;{.} b", "echo \"$(wc {})\"",
                           "a=({} {/})", "a && {}", "a | {}"}) {
    INFO(text);
    CHECK(refusal(text, 3) == "none");
  }
}

TEST_CASE("a value that would run as code is refused, with what to write") {
  const auto refused = [](Strings words) {
    const auto made = CommandTemplate::make(std::move(words), kShell);
    return made ? "none" : made.error().message();
  };
  CHECK(contains(refused({"sh", "-c", "echo {}"}),
                 "{} in the script of sh -c: the value would run as code"));
  CHECK(contains(refused({"sh", "-c", "echo {}"}), "sh -c 'echo \"$1\"' sh {}"));
  for (const Strings& words : std::vector<Strings>{{"env", "A=1", "/bin/bash", "-ec", "x {.}"},
                                                   {"timeout", "5", "dash", "-e", "-c", "{}"},
                                                   {"bash", "-o", "pipefail", "-c", "{}"},
                                                   {"find", ".", "-exec", "sh", "-c", "{}", ";"}}) {
    CHECK(contains(refused(words), "would run as code"));
  }
  for (const char* text :
       {"sh -c 'echo {}'", "env -i bash -lc \"echo {}\"", "eval {}", "eval \"x={}\"",
        "a; (b && eval echo {})", "x=$(sh -c {})", "echo \"$(zsh -ec '{}')\"", "`ksh -c {}`"}) {
    INFO(text);
    CHECK(contains(refused({text}), "would run as code"));
  }
  for (const Strings& words : std::vector<Strings>{{"sh", "-c", "echo \"$1\"", "sh", "{}"},
                                                   {"sh", "{}"},
                                                   {"sh", "-c", "echo {#}", "{}"},
                                                   {"cut", "-c", "{}"},
                                                   {"sh -c 'echo \"$1\"' sh {}"},
                                                   {"eval $(x); echo {}"},
                                                   {"echo eval; echo {}"},
                                                   {"bash script.sh -c {}"},
                                                   {"sh -c 'echo {{}}' {}"}}) {
    INFO(words.front());
    CHECK(refused(words) == "none");
  }
}
