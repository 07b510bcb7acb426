// SPDX-License-Identifier: Apache-2.0
//
// Records of a descriptor: lines, or items that end with NUL.
#include "cmd/input/records.h"

#include <fcntl.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <optional>

#include "errand/events/failure.h"
#include "support/cmd_test.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

// A pipe whose other end the test writes to.
struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
  void write(std::string_view text) const {
    REQUIRE(::write(in.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  UniqueFd out, in;
};

struct RecordsTest {
  // What `work` returns when the loop has run as far as it can; none: it still waits.
  std::optional<Error> read_more(cmd::Records& records, Context context) {
    std::optional<Error> result;
    asio::co_spawn(
        loop, records.read_more(std::move(context)),
        [&result](const std::exception_ptr&, Error error) { result = std::move(error); });
    loop.restart();
    loop.run();
    return result;
  }
  Words read_all(UniqueFd file, char end, std::string begin = "") {
    cmd::Records records(runtime, "<stdin>", std::move(file), std::move(begin), end);
    Words all;
    for (std::string record;;) {
      if (records.take(record)) {
        all.push_back(record);
        CHECK(records.number() == all.size());
      } else if (records.at_end()) {
        return all;
      } else {
        const std::optional<Error> error = read_more(records, Context::background(runtime));
        REQUIRE(error);
        REQUIRE_FALSE(*error);
      }
    }
  }
  Words read_text(std::string_view text, char end, std::string begin = "") {
    Pipe pipe;
    pipe.write(text);
    pipe.in.reset();
    return read_all(std::move(pipe.out), end, std::move(begin));
  }

  asio::io_context loop{1};
  Runtime runtime{loop.get_executor()};
};

TEST_CASE("records end at a byte, and the last one with or without it") {
  RecordsTest test;
  CHECK(test.read_text("a\nb\n", '\n') == Words{"a", "b"});
  CHECK(test.read_text("a\n\nb", '\n') == Words{"a", "", "b"});
  CHECK(test.read_text("a\nb", '\0') == Words{"a\nb"});
  CHECK(test.read_text(std::string_view("a\nb\0\0c", 6), '\0') == Words{"a\nb", "", "c"});
  CHECK(test.read_text("", '\n').empty());
  CHECK(test.read_text("\n", '\n') == Words{""});
}

TEST_CASE("what was read before comes first, also if a record begins in it") {
  RecordsTest test;
  CHECK(test.read_text("ond\nthird", '\n', "first\nsec") == Words{"first", "second", "third"});
  CHECK(test.read_text("", '\n', "first\nsecond") == Words{"first", "second"});
}

TEST_CASE("a record may be longer than what is read at once") {
  RecordsTest test;
  Folder folder;
  const std::string text(300'000, 'x');
  folder.write("file", text + "\nshort\n" + text);
  UniqueFd file(::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC));
  const Words records = test.read_all(std::move(file), '\n');
  CHECK(records == Words{text, "short", text});
}

TEST_CASE("a record longer than 16 MiB is refused with its place") {
  RecordsTest test;
  Folder folder;
  folder.write("file", "first\n" + std::string(cmd::Records::kRecordBytesMax + 100'000, 'x'));
  UniqueFd file(::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC));
  cmd::Records records(test.runtime, "<stdin>", std::move(file), "", '\n');
  Error error;
  for (std::string record; !error && !records.at_end(); records.take(record))
    error = test.read_more(records, Context::background(test.runtime)).value();
  REQUIRE(error.as<InputFailure>());
  CHECK(error.message() == "<stdin>:2: longer than 16 MiB");
}

TEST_CASE("a pipe is waited for until something comes, and until the context is done") {
  RecordsTest test;
  Pipe pipe;
  cmd::Records records(test.runtime, "<stdin>", std::move(pipe.out), "", '\n');
  auto [context, cancel] = with_cancel(Context::background(test.runtime));
  std::optional<Error> result;
  const auto read = [&] {
    result.reset();
    asio::co_spawn(test.loop, records.read_more(context),
                   [&](const std::exception_ptr&, Error error) { result = std::move(error); });
    test.loop.restart();
    test.loop.poll();
  };
  read();
  CHECK_FALSE(result);
  pipe.write("late\n");
  test.loop.restart();
  test.loop.run();
  REQUIRE(result);
  CHECK_FALSE(*result);
  std::string record;
  CHECK(records.take(record));
  CHECK(record == "late");
  CHECK_FALSE(records.at_end());

  read();
  CHECK_FALSE(result);
  cancel();
  test.loop.restart();
  test.loop.run();
  REQUIRE(result);
  CHECK(result->is(Canceled));
}

TEST_CASE("what cannot be read is an error with the name of the input") {
  RecordsTest test;
  UniqueFd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  cmd::Records records(test.runtime, "<stdin>", std::move(folder), "", '\n');
  const std::optional<Error> error = test.read_more(records, Context::background(test.runtime));
  REQUIRE(error);
  REQUIRE(error->as<InputFailure>());
  CHECK(error->message() == "<stdin>: Is a directory");
}

}  // namespace
}  // namespace errand::test
