// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/expand/expression.h"

#include <map>

#include "support/catch.h"

using namespace errand;

namespace {

ExpressionScope::Lookup lookup(std::map<std::string, std::string, std::less<>> values) {
  return [values](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

const ExpressionScope kScope{lookup({{"image", "app:dev"},
                                     {"empty", ""},
                                     {"no", "false"},
                                     {"zero", "0"},
                                     {"one", "1"},
                                     {"one_point_zero", "1.0"},
                                     {"nested", "${{ vars.image }}"},
                                     {"a-b", "hyphen"}}),
                             lookup({{"shard", "2"}}), lookup({{"CI", "true"}, {"HOME", "/home"}})};

std::string expand(std::string_view text) {
  const auto expanded = expand_expressions(text, kScope);
  return expanded ? *expanded : "error: " + expanded.error().message();
}

std::string holds(std::string_view condition) {
  const auto value = evaluate_condition(condition, kScope);
  if (!value) return "error: " + value.error().message();
  return *value ? "true" : "false";
}

}  // namespace

TEST_CASE("names in ${{ }} are replaced, with blanks around them or without") {
  CHECK(expand("docker push ${{ vars.image }}") == "docker push app:dev");
  CHECK(expand("${{vars.image}}${{\tmatrix.shard\n}} ${{ env.HOME }}") == "app:dev2 /home");
  CHECK(expand("${{ vars.a-b }}") == "hyphen");
  CHECK(expand("") == "");
  CHECK(expand("[${{ vars.empty }}]") == "[]");
}

TEST_CASE("all other dollars and braces stay as they are") {
  for (const char* text : {"$HOME ${HOME} $(x) $${x} }} {{ x }} $ {{ x }}", "${", "a\nb", "%{x}"}) {
    CHECK(expand(text) == text);
    CHECK_FALSE(has_expressions(text));
  }
  CHECK(has_expressions("a ${{ b"));
}

TEST_CASE("what a name stands for is not replaced again") {
  CHECK(expand("${{ vars.nested }}") == "${{ vars.image }}");
}

TEST_CASE("an unknown name is an error that says where to put it") {
  CHECK(expand("${{ vars.imag }}") ==
        "error: there is no \"vars.imag\"; add it to the file's vars");
  CHECK(expand("${{ matrix.x }}") ==
        "error: there is no \"matrix.x\"; add it to the task's matrix");
  CHECK(expand("${{ env.NOPE }}") ==
        "error: the variable \"NOPE\" is not set; set it in env, or let the shell read it at its "
        "time");
}

TEST_CASE("anything else inside ${{ }} is an error") {
  for (const char* inside : {"github.sha", "vars", "vars.", "vars.a.b", "vars.image == 'x'", "'x'",
                             "vars . image", "image", "vars.1", "${{ vars.image"}) {
    INFO(inside);
    CHECK(expand("x ${{ " + std::string(inside) + " }}").starts_with("error: "));
  }
  CHECK(expand("${{ github.sha }}") ==
        "error: \"github.sha\" is unknown here; there are vars.NAME, matrix.NAME and env.NAME");
  CHECK(expand("${{ }}") ==
        "error: ${{ }} is empty; there are vars.NAME, matrix.NAME and env.NAME");
  CHECK(expand("x ${{ vars.image }") == "error: at \"${{ vars.image }\": the \"}}\" is missing");
}

TEST_CASE("an expansion that grows beyond its limit is an error") {
  const ExpressionScope scope{lookup({{"big", std::string(1 << 20, 'x')}}), {}, {}};
  std::string text;
  for (int i = 0; i < 16; ++i) text += "${{ vars.big }}";
  REQUIRE(expand_expressions(text, scope));
  const auto larger = expand_expressions(text + "${{ vars.big }}", scope);
  REQUIRE_FALSE(larger);
  CHECK(larger.error().message() == "it is longer than 16 MiB with all ${{ }} replaced");
}

TEST_CASE("a scope without lookups knows no name") {
  CHECK_FALSE(expand_expressions("${{ vars.x }}", {}));
  CHECK_FALSE(evaluate_condition("matrix.x", {}));
  CHECK(evaluate_condition("!env.X", {}).value());
}

TEST_CASE("a value alone is true unless it is empty, false or 0") {
  for (const char* yes : {"true", "'x'", "\"x\"", "1", "-1", "0.5", "vars.image", "env.CI", "'no'",
                          "vars.one_point_zero", "'00'", "' '"}) {
    INFO(yes);
    CHECK(holds(yes) == "true");
  }
  for (const char* no : {"false", "''", "\"\"", "0", "0.0", "-0", "vars.empty", "vars.no",
                         "vars.zero", "env.NOPE", "'false'", "'0'"}) {
    INFO(no);
    CHECK(holds(no) == "false");
  }
}

TEST_CASE("values are compared as text, letter by letter") {
  CHECK(holds("env.CI == 'true'") == "true");
  CHECK(holds("env.CI == true") == "true");
  CHECK(holds("env.CI=='TRUE'") == "false");
  CHECK(holds("env.CI != 'x'") == "true");
  CHECK(holds("env.NOPE == ''") == "true");
  CHECK(holds("vars.image == \"app:dev\"") == "true");
  CHECK(holds("'it''s' == \"it's\"") == "true");
  CHECK(holds("\"a\"\"b\" == 'a\"b'") == "true");
  CHECK(holds("vars.one == vars.one_point_zero") == "false");
}

TEST_CASE("a number is compared as a number with what reads as one") {
  CHECK(holds("vars.one_point_zero == 1") == "true");
  CHECK(holds("1e0 == vars.one") == "true");
  CHECK(holds("matrix.shard != 2") == "false");
  CHECK(holds("vars.image == 1") == "false");
  CHECK(holds("vars.empty == 0") == "false");
}

TEST_CASE("! binds closer than ==, == closer than &&, && closer than ||") {
  CHECK(holds("true || false && false") == "true");
  CHECK(holds("(true || false) && false") == "false");
  CHECK(holds("!false == true") == "true");
  CHECK(holds("!(false == true)") == "true");
  CHECK(holds("!!'x'") == "true");
  CHECK(holds("'a' == 'b' || 'a' == 'a'") == "true");
  CHECK(holds("('a' == 'a') == true") == "true");
  CHECK(holds(" ( ( 1 ) ) ") == "true");
  CHECK(holds("!\n\tvars.empty&&env.CI") == "true");
}

TEST_CASE("${{ }} may stand around the whole condition") {
  CHECK(holds("${{ env.CI == 'true' }}") == "true");
  CHECK(holds(" ${{env.NOPE}} ") == "false");
  CHECK(holds("${{ env.CI }} == 'true'") ==
        "error: in the condition at \"${{ env.CI }} == 'true'\": ${{ }} may only stand around the "
        "whole condition; leave it out");
  CHECK(holds("${{ env.CI }} && ${{ env.HOME }}").starts_with("error: in the condition at \"}} "));
}

TEST_CASE("unknown names are errors, also where they decide nothing") {
  CHECK(holds("true || vars.nope") ==
        "error: in the condition at \"vars.nope\": there is no \"vars.nope\"; add it to the file's "
        "vars");
  CHECK(holds("false && matrix.nope").starts_with("error: "));
  CHECK(holds("github.ref == 'x'").starts_with("error: in the condition at \"github.ref == "));
}

TEST_CASE("a malformed condition is an error that shows the place and what to write") {
  CHECK(holds("env.CI = 'true'") ==
        "error: in the condition at \"= 'true'\": \"=\" is not an operator; write ==");
  CHECK(holds("env.CI & true") ==
        "error: in the condition at \"& true\": \"&\" is not an operator; write &&");
  CHECK(holds("env.CI and true") ==
        "error: in the condition at \"and true\": it should end there; && or || joins two "
        "conditions");
  CHECK(holds("always()") ==
        "error: in the condition at \"always()\": \"always\" is unknown here; write when: always "
        "beside if");
  CHECK(holds("env.CI == yes") ==
        "error: in the condition at \"yes\": \"yes\" is unknown; text stands in quotes, and values "
        "are vars.NAME, matrix.NAME and env.NAME");
  CHECK(holds("matrix.shard > 1") ==
        "error: in the condition at \"> 1\": there are only == and !=; compare by other means in a "
        "script");
  CHECK(holds("(env.CI") == "error: in the condition at its end: a \")\" is missing");
  CHECK(holds("env.CI ==") == "error: in the condition at its end: a value is missing");
  CHECK(holds("'x") == "error: in the condition at \"'x\": the quote is not closed");
  CHECK(holds("1.2.3") ==
        "error: in the condition at \"1.2.3\": \"1.2.3\" is not a number; text stands in quotes");
  CHECK(holds("1 == 1 == 1") ==
        "error: in the condition at \"== 1\": a comparison of a comparison needs ( ) around the "
        "first");
  for (const char* empty : {"", "  ", "${{ }}", "${{}}"}) {
    CHECK(holds(empty) == "error: the condition is empty; write one such as env.CI == 'true'");
  }
  for (const char* text : {"&&", "||", "== 'x'", "()", ")", "!", "'a' 'b'", "1 2", "\x01", "\xff",
                           "${{", "}}", "vars.", "vars..x", ".x", "-", "!=", "a.b.c"}) {
    INFO(text);
    CHECK(holds(text).starts_with("error: "));
  }
}

TEST_CASE("hostile conditions end in a clear error") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "1" + std::string(depth, ')');
  };
  CHECK(holds(nested(100)) == "true");
  CHECK(holds(nested(101)).ends_with(": more than 100 parentheses in each other"));
  CHECK(holds(std::string(30000, '(')).ends_with(": more than 100 parentheses in each other"));
  CHECK(holds(std::string(65535, '!') + "1") == "false");
  CHECK(holds(std::string(65536, '!') + "1") ==
        "error: the condition is longer than 64 KiB; put it into a script");
  std::string many = "1";
  while (many.size() < 60000) many += "&&1";
  CHECK(holds(many) == "true");
  CHECK(holds("'" + std::string(60000, 'x') + "\n").size() < 300);
}
