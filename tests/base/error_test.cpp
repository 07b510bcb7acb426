// SPDX-License-Identifier: Apache-2.0
#include "errand/base/error.h"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.h"

namespace errand {
namespace {

struct ExitCode {
  int code = 0;
  std::string message() const { return "exit " + std::to_string(code); }
};

struct Slow {
  std::string message() const { return "slow"; }
  bool timeout() const { return true; }
};

// Answers is() for one foreign error and counts how often it is asked.
struct Matches {
  Error target;
  int* asked = nullptr;
  std::string message() const { return "matches"; }
  bool is(const Error& error) const {
    ++*asked;
    return error == target;
  }
};

// The text of what `error` throws.
std::string raised(const Error& error) {
  try {
    error.raise();
  } catch (const std::exception& thrown) {
    return thrown.what();
  } catch (...) {
    return "not a std::exception";
  }
}

Error from_throw(auto exception) {
  return Error::from_exception(std::make_exception_ptr(exception));
}

TEST_CASE("an empty error is no error") {
  const Error none;
  CHECK_FALSE(none);
  CHECK(none == Error());
  CHECK(none.message().empty());
  CHECK_FALSE(none.is(none));
  CHECK_FALSE(none.is(Canceled));
  CHECK_FALSE(none.timeout());
  CHECK_FALSE(none.unwrap());
  CHECK(none.errors().empty());
  CHECK(none.as<ExitCode>() == nullptr);
  CHECK(none.system_number() == 0);
}

TEST_CASE("errors are equal when they are the same error, not when they read the same") {
  const Error a = Error::text("a");
  const Error copy = a;
  CHECK(a == copy);
  CHECK(a.is(copy));
  CHECK_FALSE(a == Error::text("a"));
  CHECK_FALSE(a.is(Error::text("a")));
}

TEST_CASE("an error with an empty text is still an error") {
  const Error blank = Error::text("");
  CHECK(blank);
  CHECK(blank.is(blank));
}

TEST_CASE("wrapping puts a prefix before the text and keeps the error inside") {
  const Error inner = Error::text("no such file");
  const Error outer = Error::wrap("start 'lint'", inner);
  CHECK(outer.message() == "start 'lint': no such file");
  CHECK(outer.is(inner));
  CHECK(outer.unwrap() == inner);
  CHECK_FALSE(outer == inner);
  CHECK_FALSE(inner.is(outer));
  CHECK_FALSE(inner.unwrap());
}

TEST_CASE("wrapping no error gives no error") { CHECK_FALSE(Error::wrap("doing x", Error())); }

TEST_CASE("a caused error reads as both and matches both") {
  const Error why = Error::text("disk full");
  const Error error = Error::caused(Canceled, why);
  CHECK(error.message() == "context canceled: disk full");
  CHECK(error.is(Canceled));
  CHECK(error.is(why));
  CHECK(error.unwrap() == Canceled);
}

TEST_CASE("a cause that says no more is not repeated") {
  CHECK(Error::caused(Canceled, Error()) == Canceled);
  CHECK(Error::caused(Canceled, Canceled) == Canceled);
  const Error canceled_by_parent = Error::caused(Canceled, Error::text("interrupt"));
  CHECK(Error::caused(Canceled, canceled_by_parent) == canceled_by_parent);
}

TEST_CASE("a cause without an outer error stands alone") {
  const Error why = Error::text("disk full");
  CHECK(Error::caused(Error(), why) == why);
  CHECK_FALSE(Error::caused(Error(), Error()));
}

TEST_CASE("a payload is found again by its type, through every layer") {
  const Error leaf = Error::make(ExitCode{3});
  const Error wrapped = Error::wrap("task", Error::caused(Canceled, leaf));
  const Error among = Aggregate::make({Error::text("a"), wrapped, Error::make(ExitCode{4})});
  for (const Error& error : {leaf, wrapped, among}) {
    REQUIRE(error.as<ExitCode>() != nullptr);
    CHECK(error.as<ExitCode>()->code == 3);
    CHECK(error.as<Slow>() == nullptr);
  }
  CHECK(leaf.message() == "exit 3");
}

TEST_CASE("a payload may say itself which errors it is") {
  int asked = 0;
  const Error target = Error::text("target");
  const Error error = Error::wrap("w", Error::make(Matches{target, &asked}));
  CHECK(error.is(target));
  CHECK_FALSE(error.is(Error::text("other")));
  CHECK(asked == 2);
}

TEST_CASE("a timeout is seen through wrapping, causes and aggregates") {
  const Error slow = Error::make(Slow{});
  CHECK(slow.timeout());
  CHECK(DeadlineExceeded.timeout());
  CHECK_FALSE(Canceled.timeout());
  CHECK(Error::wrap("w", slow).timeout());
  CHECK(Error::caused(Canceled, slow).timeout());
  CHECK(Aggregate::make({Error::text("a"), slow}).timeout());
  CHECK_FALSE(Aggregate::make({Error::text("a"), Canceled}).timeout());
}

TEST_CASE("the two errors of contexts have their own texts and do not match each other") {
  CHECK(Canceled.message() == "context canceled");
  CHECK(DeadlineExceeded.message() == "context deadline exceeded");
  CHECK_FALSE(Canceled.is(DeadlineExceeded));
  CHECK_FALSE(DeadlineExceeded.is(Canceled));
}

TEST_CASE("a system error has the system's text and number") {
  const Error error = Error::system("open", ENOENT);
  CHECK(error.message() == "open: No such file or directory");
  CHECK(error.system_number() == ENOENT);
  CHECK(Error::wrap("start", error).system_number() == ENOENT);
  CHECK(Error::system("", EPERM).message() == "Operation not permitted");
  CHECK(Error::text("plain").system_number() == 0);
}

TEST_CASE("an exception becomes an error that throws it again") {
  const Error error = from_throw(std::out_of_range("too far"));
  CHECK(error.message() == "too far");
  CHECK_THROWS_AS(error.raise(), std::out_of_range);
  CHECK_THROWS_AS(Error::wrap("task a", error).raise(), std::out_of_range);
  CHECK(Error::wrap("task a", error).message() == "task a: too far");
}

TEST_CASE("an exception that is not a std::exception is carried too") {
  const Error error = from_throw(42);
  CHECK(error.message() == "unknown exception");
  CHECK_THROWS_AS(error.raise(), int);
}

TEST_CASE("no exception is no error") { CHECK_FALSE(Error::from_exception(nullptr)); }

TEST_CASE("an error that never was an exception is thrown as one and comes back as itself") {
  const Error error = Error::wrap("w", Error::text("a"));
  CHECK(raised(error) == "w: a");
  try {
    error.raise();
  } catch (...) {
    CHECK(Error::from_exception(std::current_exception()) == error);
  }
}

TEST_CASE("a thrown exception is never taken for success, even around no error") {
  CHECK(from_throw(ErrorException(Error())));
}

TEST_CASE("an exception given as the cause is the one that is thrown") {
  const Error error = Error::caused(Canceled, from_throw(std::out_of_range("too far")));
  CHECK_THROWS_AS(error.raise(), std::out_of_range);
}

TEST_CASE("an aggregate throws its first element's exception and never hides an earlier failure") {
  const Error thrown = from_throw(std::out_of_range("too far"));
  CHECK_THROWS_AS(Aggregate::make({thrown, Error::text("a")}).raise(), std::out_of_range);
  CHECK(raised(Aggregate::make({Error::text("a"), thrown})) == "[a, too far]");
}

}  // namespace
}  // namespace errand
