// SPDX-License-Identifier: Apache-2.0
#include "errand/io/spill.h"

#include <sys/resource.h>

#include <csignal>

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

std::string content(const SpillBuffer& buffer) {
  std::string all;
  std::array<char, 7> piece;
  while (true) {
    const Result<std::size_t> got = buffer.read(all.size(), piece);
    REQUIRE(got.has_value());
    if (*got == 0) return all;
    all.append(piece.data(), *got);
  }
}

std::string content_of(const SpillBuffer& buffer) {
  std::string all(buffer.size(), '\0');
  const Result<std::size_t> got = buffer.read(0, all);
  REQUIRE(got.has_value());
  REQUIRE(*got == all.size());
  return all;
}

std::string all_bytes() {
  std::string bytes;
  for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
  return bytes;
}

}  // namespace

TEST_CASE("a buffer returns its bytes from memory and file alike") {
  SpillSpace space("/tmp", 100);
  SpillBuffer buffer(space);
  std::string expected;
  for (int i = 0; i < 3; ++i) {
    REQUIRE_FALSE(buffer.append(all_bytes()));
    expected += all_bytes();
    CHECK(content(buffer) == expected);
  }
  CHECK(buffer.size() == 768);
  CHECK(buffer.in_memory().size() == 100);
  CHECK(buffer.last_byte() == '\xff');
  CHECK(space.bytes_in_memory() == 100);
  SpillBuffer moved = std::move(buffer);
  CHECK(content(moved) == expected);
  moved.clear();
  CHECK(moved.empty());
  CHECK(space.bytes_in_memory() == 0);
}

TEST_CASE("all buffers together stay within the space's limit") {
  SpillSpace space("/tmp", 100, 150);
  std::vector<SpillBuffer> buffers;
  for (int i = 0; i < 4; ++i) {
    buffers.emplace_back(space);
    REQUIRE_FALSE(buffers.back().append(std::string(80, 'a')));
    CHECK(space.bytes_in_memory() <= 150);
  }
  for (const SpillBuffer& buffer : buffers) CHECK(content(buffer) == std::string(80, 'a'));
  buffers.clear();
  CHECK(space.bytes_in_memory() == 0);
}

TEST_CASE("nothing of a spilled buffer shows in its folder") {
  Folder folder;
  SpillSpace space(folder.path(), 10);
  SpillBuffer buffer(space);
  REQUIRE_FALSE(buffer.append(std::string(1000, 'x')));
  CHECK(folder.entries() == 0);
  CHECK(content(buffer).size() == 1000);
}

TEST_CASE("[F4.14] if a folder has no room the next one is used") {
  Folder folder;
  SpillSpace space("/nowhere/at/all", 10);
  space.add_folder(folder.path());
  space.on_no_file([](const Error&) { FAIL("there is room in the second folder"); });
  SpillBuffer buffer(space);
  REQUIRE_FALSE(buffer.append(std::string(1'000'000, 'x')));
  CHECK((content_of(buffer) == std::string(1'000'000, 'x')));
  CHECK(space.bytes_in_memory() == 10);
  CHECK_FALSE(space.is_full());
}

TEST_CASE("[F4.14] if no folder has room it stays in memory, and the space says when it is full") {
  SpillSpace space("/nowhere/at/all", 10, 1'000'000);
  std::string reason;
  int rooms = 0;
  space.on_no_file([&](const Error& error) { reason += error.message(); });
  space.on_room([&] { ++rooms; });
  SpillBuffer first(space), second(space);
  REQUIRE_FALSE(first.append(std::string(600'000, 'x')));
  CHECK(reason == "spill file in '/nowhere/at/all': No such file or directory");
  CHECK_FALSE(space.is_full());
  REQUIRE_FALSE(second.append(std::string(600'000, 'y')));
  CHECK(space.is_full());
  REQUIRE_FALSE(second.append("z"));  // all the same
  CHECK((content_of(first) == std::string(600'000, 'x')));
  CHECK((content_of(second) == std::string(600'000, 'y') + "z"));
  CHECK(rooms == 0);
  first.clear();
  CHECK(rooms == 1);
  CHECK_FALSE(space.is_full());
  second.clear();
  CHECK(space.bytes_in_memory() == 0);
  CHECK(reason == "spill file in '/nowhere/at/all': No such file or directory");  // told once
}

namespace {

// Files of this process cannot grow beyond so many bytes, as on a disk that is nearly full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }

 private:
  rlimit before_{};
  void (*before_handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("[F4.14] a folder that becomes full while a buffer is written loses nothing") {
  SpillSpace space("/tmp", 10, 10'000'000);
  const FileSizeLimit limit(700'000);  // in the middle of a part
  SpillBuffer buffer(space);
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(10'007, static_cast<char>('a' + i % 26));
    REQUIRE_FALSE(buffer.append(piece));
    expected += piece;
  }
  CHECK((content_of(buffer) == expected));
  CHECK(space.bytes_in_memory() > 1'000'000);
  CHECK(space.bytes_in_memory() < 1'600'000);
  buffer.clear();
  CHECK(space.bytes_in_memory() == 0);
}

TEST_CASE("a large buffer costs no memory beyond its limit") {
  SpillSpace space("/tmp");
  SpillBuffer buffer(space);
  const std::string piece(1 << 16, 'x');
  for (int i = 0; i < 512; ++i) REQUIRE_FALSE(buffer.append(piece));
  CHECK(buffer.size() == 512 * piece.size());
  CHECK(space.bytes_in_memory() == SpillSpace::kBufferBytesMax);
}

TEST_CASE("thousands of spilled buffers share one file, and its space is used again") {
  Folder folder;
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  SpillSpace space(folder.path(), 10);
  const auto before = descriptors();
  std::vector<SpillBuffer> buffers;
  const auto text_of = [](int i) { return "buffer " + std::to_string(i) + " of many"; };
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 2000; ++i) REQUIRE_FALSE(buffers.emplace_back(space).append(text_of(i)));
    CHECK(descriptors() == before + 1);
    for (int i = 0; i < 2000; ++i) REQUIRE(content(buffers[i]) == text_of(i));
    buffers.clear();
    CHECK(descriptors() == before);
  }
}

TEST_CASE("buffers that grow in turns over many parts of the file stay apart") {
  SpillSpace space("/tmp", 1000);
  std::vector<SpillBuffer> buffers;
  std::vector<std::string> expected(3);
  for (int i = 0; i < 3; ++i) buffers.emplace_back(space);
  for (int turn = 0; turn < 40; ++turn) {
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string piece(30000 + 7777 * i, static_cast<char>('a' + turn % 26));
      REQUIRE_FALSE(buffers[i].append(piece));
      expected[i] += piece;
    }
    if (turn == 20) {
      buffers[1].clear();
      expected[1].clear();
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    std::string all(expected[i].size() + 1, '\0');
    const Result<std::size_t> got = buffers[i].read(0, all);
    REQUIRE(got.has_value());
    all.resize(*got);
    CHECK((all == expected[i]));
  }
}

TEST_CASE(
    "what lies in memory can be seen piece by piece, and gives its memory to the next buffer") {
  SpillSpace space("/tmp", 300000);
  for (int round = 0; round < 2; ++round) {
    SpillBuffer buffer(space);
    std::string expected;
    for (int i = 0; i < 1500; ++i) {
      REQUIRE_FALSE(buffer.append(all_bytes()));
      expected += all_bytes();
    }
    std::string seen;
    for (std::string_view part; !(part = buffer.in_memory(seen.size())).empty();) seen += part;
    CHECK(seen == expected.substr(0, 300000));
    CHECK(content(buffer) == expected);
    CHECK(space.bytes_in_memory() == 300000);
  }
  CHECK(space.bytes_in_memory() == 0);
}
