// SPDX-License-Identifier: Apache-2.0
#include "errand/io/writer.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

std::string numbered_lines(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i) + "\n";
  return text;
}

// Reads until everything has come, giving the loop its turns.
std::string read_all(Loop& loop, int fd, std::size_t bytes) {
  std::string got;
  for (int turn = 0; got.size() < bytes && turn < 100000; ++turn) {
    got += drain(fd, 50000);
    loop.poll();
  }
  return got + drain(fd);
}

awaitable<void> until_caught_up(Context context, Writer& writer) {
  co_await writer.caught_up(std::move(context));
}

}  // namespace

TEST_CASE("bytes go out at once when the reader keeps up") {
  Loop loop;
  Pipe pipe;
  Writer writer(loop.runtime, pipe.write.get(), "standard output");
  writer.write("hello ");
  writer.write("world\n");
  CHECK(drain(pipe.read.get()) == "hello world\n");
  CHECK(writer.queued_bytes() == 0);
  CHECK_FALSE(loop.run(writer.flush(loop.context)));
}

TEST_CASE("a slow reader makes the writer fall behind, never wait, and lose nothing") {
  Loop loop;
  Pipe pipe;
  Writer writer(loop.runtime, pipe.write.get(), "standard output");
  std::string expected;
  while (!writer.behind()) {
    const std::string piece = numbered_lines(30000);
    writer.write(piece);  // returns although nobody reads
    expected += piece;
  }
  CHECK(writer.queued_bytes() >= Writer::kBehindBytes);
  CHECK(writer.queued_bytes() < Writer::kBehindBytes + 40000);
  const auto caught_up = loop.start(until_caught_up(loop.context, writer));
  loop.poll();
  CHECK_FALSE(*caught_up);
  const std::string first = drain(pipe.read.get(), 100000);
  loop.poll();
  CHECK(writer.behind());  // not before it is well below the mark
  CHECK(first + read_all(loop, pipe.read.get(), expected.size() - first.size()) == expected);
  CHECK(*caught_up);
  CHECK_FALSE(writer.behind());
}

TEST_CASE("the descriptor's own flags are left alone") {
  Loop loop;
  Pipe pipe;
  const int before = ::fcntl(pipe.write.get(), F_GETFL);
  Writer writer(loop.runtime, pipe.write.get(), "standard output");
  writer.write(numbered_lines(200000));
  loop.poll();
  CHECK(::fcntl(pipe.write.get(), F_GETFL) == before);
}

TEST_CASE("a socket is written without waiting and without changing its flags") {
  Loop loop;
  std::array<int, 2> ends;
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const UniqueFd near(ends[0]), far(ends[1]);
  const std::string text = numbered_lines(2000000);
  Writer writer(loop.runtime, near.get(), "standard output");
  writer.write(text);
  CHECK(writer.behind());
  CHECK(read_all(loop, far.get(), text.size()) == text);
  CHECK((::fcntl(near.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a pipe that cannot be opened again is written only as far as it is writable") {
  Loop loop;
  Folder folder;
  const std::string path = folder / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  UniqueFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  reader.reset();  // opening for writing now fails
  Writer writer(loop.runtime, fd.get(), "standard output");
  reader.reset(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const std::string text = numbered_lines(300000);
  writer.write(text);
  CHECK(writer.queued_bytes() > 0);
  CHECK(read_all(loop, reader.get(), text.size()) == text);
  CHECK((::fcntl(fd.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a file keeps its offset with others that write to it") {
  Loop loop;
  OutputFile file;
  REQUIRE(::write(file.fd(), "before\n", 7) == 7);
  Writer writer(loop.runtime, file.fd(), "standard output");
  writer.write("ours\n");
  REQUIRE(::write(file.fd(), "theirs\n", 7) == 7);
  writer.write("ours again\n");
  CHECK(file.text() == "before\nours\ntheirs\nours again\n");
}

TEST_CASE("a spilled block follows what was queued before it, to pipes and files") {
  Loop loop;
  SpillSpace space("/tmp", 1000);
  SpillBuffer block(space);
  const std::string text = numbered_lines(3000000);
  REQUIRE_FALSE(block.append(text));
  SECTION("a slow pipe") {
    Pipe pipe;
    Writer writer(loop.runtime, pipe.write.get(), "standard output");
    writer.write("first\n");
    writer.write(std::move(block));
    CHECK(writer.behind());
    writer.write("last\n");
    const std::string expected = "first\n" + text + "last\n";
    CHECK(read_all(loop, pipe.read.get(), expected.size()) == expected);
  }
  SECTION("a file, in several turns of the loop") {
    OutputFile file;
    Writer writer(loop.runtime, file.fd(), "standard output");
    writer.write("first\n");
    writer.write(std::move(block));
    writer.write("last\n");
    CHECK(writer.queued_bytes() > 0);
    CHECK_FALSE(loop.run(writer.flush(loop.context)));
    CHECK(file.text() == "first\n" + text + "last\n");
  }
  CHECK(space.bytes_in_memory() == 0);
}

TEST_CASE("a small block goes out at once") {
  Loop loop;
  Pipe pipe;
  SpillSpace space("/tmp");
  SpillBuffer block(space);
  REQUIRE_FALSE(block.append("small"));
  Writer writer(loop.runtime, pipe.write.get(), "standard output");
  writer.write(std::move(block));
  CHECK(drain(pipe.read.get()) == "small");
  CHECK(writer.mid_line());
}

TEST_CASE("a reader that has gone is told once, and is no error") {
  Loop loop;
  Pipe pipe;
  Writer writer(loop.runtime, pipe.write.get(), "standard output");
  int told = 0;
  writer.on_broken([&](const Error& error) {
    CHECK_FALSE(error);
    ++told;
  });
  pipe.read.reset();
  writer.write("nobody\n");
  CHECK(told == 0);  // never inside write()
  CHECK(writer.closed());
  writer.write("nobody\n");
  loop.poll();
  CHECK(told == 1);
  CHECK_FALSE(writer.behind());
  CHECK_FALSE(loop.run(writer.flush(loop.context)));
}

TEST_CASE("a reader that had gone before errand started is told as well") {
  Loop loop;
  Pipe pipe;
  pipe.read.reset();
  Writer writer(loop.runtime, pipe.write.get(), "standard output");
  writer.write("nobody\n");
  CHECK(writer.closed());
}

TEST_CASE("a reader that goes away in the middle frees everybody who waits") {
  Loop loop;
  Pipe pipe;
  Writer writer(loop.runtime, pipe.write.get(), "standard output");
  writer.write(numbered_lines(2000000));
  REQUIRE(writer.behind());
  const auto caught_up = loop.start(until_caught_up(loop.context, writer));
  loop.poll();
  pipe.read.reset();
  CHECK_FALSE(loop.run(writer.flush(loop.context)));
  loop.poll();
  CHECK(*caught_up);
  CHECK(writer.closed());
  CHECK(writer.queued_bytes() == 0);
}

TEST_CASE("a full disk is an error that names the descriptor") {
  Loop loop;
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Writer writer(loop.runtime, full.get(), "standard output");
  std::string told;
  writer.on_broken([&](const Error& error) { told = error.message(); });
  writer.write("x");
  writer.write("y");
  const Error error = loop.run(writer.flush(loop.context));
  CHECK(error.message() == "write to standard output: No space left on device");
  CHECK(error.system_number() == ENOSPC);
  CHECK_FALSE(writer.closed());
  loop.poll();
  CHECK(told == error.message());
}

TEST_CASE("flush gives up when its context is done") {
  Loop loop;
  Pipe pipe;
  Writer writer(loop.runtime, pipe.write.get(), "standard output");
  writer.write(numbered_lines(500000));
  auto [context, cancel] = with_cancel(loop.context);
  auto flush_until_canceled = [](Writer& to, Context until) -> awaitable<void> {
    const Error error = co_await to.flush(std::move(until));
    CHECK(error.is(Canceled));
  };
  const auto ended = loop.start(flush_until_canceled(writer, context));
  loop.poll();
  CHECK_FALSE(*ended);
  cancel();
  loop.poll();
  CHECK(*ended);
}

TEST_CASE("a writer may be destroyed with bytes queued") {
  Loop loop;
  Pipe pipe;
  SpillSpace space("/tmp", 10);
  {
    Writer writer(loop.runtime, pipe.write.get(), "standard output");
    writer.write(numbered_lines(500000));
    SpillBuffer block(space);
    REQUIRE_FALSE(block.append("a block in the queue"));
    writer.write(std::move(block));
    loop.poll();
  }
  drain(pipe.read.get());
  loop.poll();
  CHECK(space.bytes_in_memory() == 0);
}

TEST_CASE("begin_line ends an open line and only that") {
  Loop loop;
  OutputFile file;
  Writer writer(loop.runtime, file.fd(), "standard output");
  writer.begin_line();
  writer.write("open");
  writer.begin_line();
  writer.begin_line();
  writer.write("closed\n");
  writer.begin_line();
  CHECK(file.text() == "open\nclosed\n");
}

TEST_CASE("two descriptors of one file are recognised") {
  Pipe pipe, other;
  OutputFile file;
  const UniqueFd copy(::dup(pipe.write.get()));
  const UniqueFd null(::open("/dev/null", O_WRONLY)), null_again(::open("/dev/null", O_WRONLY));
  CHECK(same_file(pipe.write.get(), copy.get()));
  CHECK(same_file(null.get(), null_again.get()));
  CHECK_FALSE(same_file(pipe.write.get(), other.write.get()));
  CHECK_FALSE(same_file(pipe.write.get(), file.fd()));
  CHECK_FALSE(same_file(-1, -1));
}

TEST_CASE("a terminal is written through a description of its own") {
  Loop loop;
  const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) return;
  std::array<char, 100> name;
  REQUIRE(::ptsname_r(master.get(), name.data(), name.size()) == 0);
  const UniqueFd terminal(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) return;                          // a sandbox without /dev/pts
  CHECK_FALSE(reopen_nonblocking(master.get()));  // would be a new pseudo-terminal
  const std::string text(100000, 'x');
  Writer writer(loop.runtime, terminal.get(), "standard output");
  writer.write(text);
  CHECK(writer.queued_bytes() > 0);
  CHECK((::fcntl(terminal.get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK(read_all(loop, master.get(), text.size()) == text);
}
