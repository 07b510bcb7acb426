// SPDX-License-Identifier: Apache-2.0
#include "errand/run/tail.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {
std::string tail_of(const std::vector<std::string>& writes) {
  ShownOutput output;
  const Task task;
  ShownOutput::Sink sink(output, task, false);
  TailSink tail(sink);
  for (const std::string& bytes : writes) tail.write(StdStream::out, bytes);
  return tail.last_lines();
}
}  // namespace

TEST_CASE("the tail of a short output is the whole of it") {
  CHECK(tail_of({}).empty());
  CHECK(tail_of({"a"}) == "a");
  CHECK(tail_of({"a\n", "b"}) == "a\nb");
  CHECK(tail_of({"\n\n"}) == "\n\n");
}

TEST_CASE("the tail keeps the last ten lines") {
  std::vector<std::string> writes;
  for (int i = 0; i < 100; ++i) writes.push_back(std::to_string(i) + "\n");
  CHECK(tail_of(writes) == "90\n91\n92\n93\n94\n95\n96\n97\n98\n99\n");
}

TEST_CASE("the tail of one endless line is bounded") {
  const std::string tail = tail_of({std::string(1 << 20, 'x'), "end"});
  CHECK(tail.size() == TailSink::kTailBytes);
  CHECK(tail.ends_with("xend"));
}

TEST_CASE("the tail of many small writes is bounded and right") {
  std::vector<std::string> writes(100000, "y");
  writes.push_back("\nlast\n");
  const std::string tail = tail_of(writes);
  CHECK(tail.size() <= TailSink::kTailBytes);
  CHECK(tail.ends_with("y\nlast\n"));
}

TEST_CASE("the tail counts what passes of standard output") {
  ShownOutput output;
  const Task task;
  ShownOutput::Sink sink(output, task, false);
  TailSink tail(sink);
  CHECK(tail.out_bytes() == 0);
  tail.write(StdStream::out, std::string(10'000, 'x'));
  tail.write(StdStream::err, "not this");
  tail.write(StdStream::out, "yz");
  CHECK(tail.out_bytes() == 10'002);
}
