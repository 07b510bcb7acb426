// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "errand/base/error.h"
#include "errand/concurrency/joiners.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

Error text(const char* message) { return Error::text(message); }

template <class... Errors>
Error list(Errors... errors) {
  return Aggregate::make({std::move(errors)...});
}

std::vector<std::string> texts(const Error& error) {
  std::vector<std::string> found;
  for (const Error& element : error.errors()) found.push_back(element.message());
  return found;
}

using Texts = std::vector<std::string>;

// A payload that is its target, and counts how often it is asked.
struct Counting {
  Error target;
  int* asked = nullptr;
  std::string message() const { return "counting"; }
  bool is(const Error& error) const {
    ++*asked;
    return error == target;
  }
};

struct ExitCode {
  int code = 0;
  std::string message() const { return "exit " + std::to_string(code); }
};

TEST_CASE("#104 an aggregate of no errors is no error") {
  CHECK_FALSE(Aggregate::make({}));
  CHECK_FALSE(list(Error(), Error()));
  const Error stored = Aggregate::make({});
  CHECK(stored == Error());
  CHECK(stored.message().empty());
}

TEST_CASE("#105 empty errors are dropped from an aggregate") {
  const Error error = list(Error(), text("err"));
  CHECK(error.message() == "err");
  CHECK(error.errors().size() == 1);
}

TEST_CASE("#106 an aggregate of one reads as its element") {
  const Error error = list(text("abc"));
  CHECK(error.message() == "abc");
  CHECK(error.errors().size() == 1);
  CHECK(error.is_aggregate());
}

TEST_CASE("#107 several messages stand in brackets") {
  const Error error = list(text("abc"), text("123"));
  CHECK(error.message() == "[abc, 123]");
  CHECK(error.errors().size() == 2);
}

TEST_CASE("#108 one distinct message stands without brackets, however often it occurs") {
  const Error error = list(text("abc"), text("abc"));
  CHECK(error.message() == "abc");
  CHECK(error.errors().size() == 2);
}

TEST_CASE("#109 a repeated message is told once and its element kept") {
  const Error error = list(text("abc"), text("abc"), text("123"));
  CHECK(error.message() == "[abc, 123]");
  CHECK(texts(error) == Texts{"abc", "abc", "123"});
}

TEST_CASE("#110 nested repeats count as repeats") {
  const Error error = list(text("abc"), text("abc"), list(text("abc")));
  CHECK(error.message() == "abc");
  CHECK(error.errors().size() == 3);
}

TEST_CASE("#111 nested aggregates read as one list") {
  const Error inner = list(text("abc"), text("def"), list(text("def"), text("ghi")));
  const Error error = list(text("abc"), text("abc"), inner);
  CHECK(error.message() == "[abc, def, ghi]");
  CHECK(error.errors().size() == 3);
}

TEST_CASE("#112 an aggregate around an aggregate adds no brackets") {
  const Error error = list(list(text("a"), text("b")));
  CHECK(error.message() == "[a, b]");
  CHECK(error.errors().size() == 1);
}

TEST_CASE("#114 messages come depth first") {
  CHECK(list(text("c"), list(text("a"), text("b"))).message() == "[c, a, b]");
}

TEST_CASE("#115 a wrapped aggregate is a leaf") {
  const Error wrapped = Error::wrap("w", list(text("a"), text("b")));
  CHECK(list(text("a"), wrapped).message() == "[a, w: [a, b]]");
}

TEST_CASE("every other text of the rules' table is the same") {
  const auto [a, b, c, d] = std::array{text("a"), text("b"), text("c"), text("d")};
  CHECK(list(a, b, a, c, b).message() == "[a, b, c]");
  CHECK(list(list(a), list(a)).message() == "a");
  CHECK(list(list(a, b), c, list(b, list(c, d))).message() == "[a, b, c, d]");
  CHECK(list(text(""), a).message() == "[, a]");
  CHECK(list(a, text("")).message() == "[a, ]");
  CHECK(list(text(""), text("")).message().empty());
}

TEST_CASE("#117 an aggregate does not follow the list it was made from") {
  std::vector<Error> errors = {text("a"), text("b")};
  const Error error = Aggregate::make(errors);
  errors[0] = text("changed");
  errors.clear();
  CHECK(error.message() == "[a, b]");
}

TEST_CASE("#118 an aggregate is each of its leaves, also nested and wrapped ones") {
  const auto [x, y, z] = std::array{text("x"), text("y"), text("z")};
  const Error error = list(x, list(y, list(z)));
  CHECK(error.is(z));
  CHECK_FALSE(error.is(text("z")));
  CHECK(Error::wrap("w", error).is(z));
  CHECK(list(x, Error::wrap("w", z)).is(z));
}

TEST_CASE("#119 matching stops at the first element that matches") {
  const Error target = text("target");
  int first = 0;
  int second = 0;
  const Error error =
      list(Error::make(Counting{target, &first}), Error::make(Counting{target, &second}));
  CHECK(error.is(target));
  CHECK(first == 1);
  CHECK(second == 0);
}

TEST_CASE("#120 a typed error is found inside an aggregate") {
  const Error error = list(text("a"), Error::make(ExitCode{7}));
  REQUIRE(error.as<ExitCode>() != nullptr);
  CHECK(error.as<ExitCode>()->code == 7);
}

TEST_CASE("#121 filtering an error that is no aggregate keeps or drops it") {
  const Error plain = text("a");
  const auto is_a = [](const Error& e) { return e.message() == "a"; };
  const auto is_b = [](const Error& e) { return e.message() == "b"; };
  CHECK_FALSE(Aggregate::filter_out(Error(), is_a));
  CHECK_FALSE(Aggregate::filter_out(plain, is_a));
  CHECK(Aggregate::filter_out(plain, is_b) == plain);
}

TEST_CASE("#122 filtering an aggregate drops the leaves that match") {
  const Error error = list(text("abc"), text("def"), text("ghi"));
  const auto is_def = [](const Error& e) { return e.message() == "def"; };
  const auto any = [](const Error&) { return true; };
  CHECK(texts(Aggregate::filter_out(error, is_def)) == Texts{"abc", "ghi"});
  CHECK_FALSE(Aggregate::filter_out(error, any));
  CHECK(texts(Aggregate::filter_out(error)) == Texts{"abc", "def", "ghi"});
}

TEST_CASE("filtering keeps the nesting, drops empty branches and shows matchers only leaves") {
  const Error error = list(list(text("a")), list(text("b"), Error::wrap("w", list(text("a")))));
  bool saw_aggregate = false;
  const auto is_a = [&](const Error& e) {
    saw_aggregate |= e.is_aggregate();
    return e.message() == "a";
  };
  const Error kept = Aggregate::filter_out(error, is_a);
  REQUIRE(kept.errors().size() == 1);
  CHECK(texts(kept.errors().front()) == Texts{"b", "w: a"});
  CHECK_FALSE(saw_aggregate);
}

TEST_CASE("#124 once a matcher has matched the next is not asked") {
  int asked = 0;
  const auto yes = [](const Error&) { return true; };
  const auto counting = [&asked](const Error&) { return ++asked > 0; };
  CHECK_FALSE(Aggregate::filter_out(text("a"), yes, counting));
  CHECK(asked == 0);
}

TEST_CASE("#125 flattening leaves one aggregate of all leaves") {
  const auto [a, b, c] = std::array{text("a"), text("b"), text("c")};
  CHECK_FALSE(Aggregate::flatten(Error()));
  CHECK_FALSE(Aggregate::flatten(Aggregate::make({})));
  CHECK(texts(Aggregate::flatten(list(list(a)))) == Texts{"a"});
  CHECK(texts(Aggregate::flatten(list(list(list(a), b, list(c))))) == Texts{"a", "b", "c"});
}

TEST_CASE("#126 flattening keeps the order and the duplicates") {
  const auto [a, b, c] = std::array{text("a"), text("b"), text("c")};
  CHECK(texts(Aggregate::flatten(list(a, list(b, list(c, a))))) == Texts{"a", "b", "c", "a"});
}

TEST_CASE("#127 reducing takes the element out of an aggregate of one, one step only") {
  const auto [a, b] = std::array{text("a"), text("b")};
  CHECK_FALSE(Aggregate::reduce(Error()));
  CHECK(Aggregate::reduce(a) == a);
  CHECK(Aggregate::reduce(list(a)) == a);
  const Error two = list(a, b);
  CHECK(Aggregate::reduce(two) == two);
  const Error inner = list(a);
  CHECK(Aggregate::reduce(list(inner)) == inner);
}

using Counts = std::map<std::string, int>;

TEST_CASE("#129 counted messages say how often they were repeated") {
  CHECK(Aggregate::from_counts(Counts{{"abc", 1}}).message() == "abc");
  CHECK(texts(Aggregate::from_counts(Counts{{"abc", 2}, {"ghi", 1}})) ==
        Texts{"abc (repeated 2 times)", "ghi"});
}

TEST_CASE("#130 counts below two are not told, and no counts are no error") {
  CHECK(texts(Aggregate::from_counts(Counts{{"a", 0}, {"b", -3}})) == Texts{"a", "b"});
  CHECK_FALSE(Aggregate::from_counts(Counts{}));
}

TEST_CASE("#131 counted messages come in the order of their keys") {
  const Counts counts = {{"m", 1}, {"z", 2}, {"a", 3}, {"k", 1}};
  const Texts expected = {"a (repeated 3 times)", "k", "m", "z (repeated 2 times)"};
  CHECK(texts(Aggregate::from_counts(counts)) == expected);
  CHECK(texts(Aggregate::from_counts(counts)) == expected);
}

TEST_CASE("#132 functions run together give the aggregate of exactly their failures") {
  VirtualTest test;
  const auto run = [&](const std::vector<Error>& errors) {
    ErrorFns functions;
    for (const Error& error : errors) functions.push_back(ends(0s, error));
    return test.run(aggregate(test.background(), std::move(functions)));
  };
  const Error error = run({Error(), text("1"), Error(), text("1234"), text("22")});
  CHECK(texts(error) == Texts{"1", "1234", "22"});
  CHECK_FALSE(run({Error(), Error()}));
  CHECK_FALSE(run({}));
}

TEST_CASE("#133 failures of functions run together come in the order of the functions") {
  VirtualTest test;
  ErrorFns functions = {ends(20ms, text("a")), ends(0ms, text("b"))};
  const Error error = test.run(aggregate(test.background(), std::move(functions)));
  CHECK(texts(error) == Texts{"a", "b"});
  CHECK(test.elapsed() == 20ms);
}

}  // namespace
}  // namespace errand::test
