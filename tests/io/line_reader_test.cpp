// SPDX-License-Identifier: Apache-2.0
#include "errand/io/line_reader.h"

#include <sys/stat.h>

#include <fstream>

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& path, std::uint64_t bytes_max = 1 << 30) {
  LineReader lines(path, bytes_max);
  Lines found;
  while (const auto line = lines.next()) found.emplace_back(*line);
  CHECK(lines.bytes() <= bytes_max);
  return found;
}

}  // namespace

TEST_CASE("the lines of a log are its whole lines") {
  Folder folder;
  const std::string path = folder / "log";
  CHECK(lines_of(path).empty());
  std::ofstream(path) << "one\n\nthree\ncut";
  CHECK(lines_of(path) == Lines{"one", "", "three"});
}

TEST_CASE("lines may be longer than what is read at once, but not longer than the limit") {
  Folder folder;
  const std::string path = folder / "log";
  const std::string longest(LineReader::kLineBytesMax, 'x');
  std::ofstream(path) << "a\n"
                      << longest << "\nb\n"
                      << longest << longest << longest << "\nc\n"
                      << longest << "y\nd\n";
  CHECK(lines_of(path) == Lines{"a", longest, "b", "c", "d"});
}

TEST_CASE("no more of a log is read than is asked for") {
  Folder folder;
  const std::string path = folder / "log";
  std::ofstream(path) << "one\ntwo\n";
  CHECK(lines_of(path, 7) == Lines{"one"});
  CHECK(lines_of(path, 8) == Lines{"one", "two"});
  CHECK(lines_of(path, 0).empty());
}

TEST_CASE("what is no regular file has no lines") {
  Folder folder;
  CHECK(lines_of(folder.path()).empty());
  CHECK(lines_of("/dev/zero").empty());
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(lines_of(folder / "pipe").empty());
}
