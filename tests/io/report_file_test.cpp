// SPDX-License-Identifier: Apache-2.0
#include "errand/io/report_file.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

struct Place {
  Result<ReportFile> open(const std::string& path,
                          ReportFile::OpenMode when = ReportFile::OpenMode::replace_at_end) {
    return ReportFile::open(loop.runtime, path, when, out);
  }
  Error finish(ReportFile& file) { return loop.run(file.finish(loop.context)); }

  Loop loop;
  Folder folder;
  OutputFile out_file;
  Writer out{loop.runtime, out_file.fd(), "standard output"};
};

void write_file(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  REQUIRE(::write(fd.get(), text.data(), text.size()) == static_cast<::ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("a path that cannot be written is known at the start") {
  Place place;
  const auto at_end = place.open("/nowhere/x.json");
  REQUIRE_FALSE(at_end.has_value());
  CHECK(at_end.error().message() == "report '/nowhere/x.json': No such file or directory");
  const auto at_once = place.open("/nowhere/x.json", ReportFile::OpenMode::truncate);
  REQUIRE_FALSE(at_once.has_value());
  CHECK(at_once.error().message() == "report '/nowhere/x.json': No such file or directory");
  const auto folder = place.open(place.folder.path());
  REQUIRE_FALSE(folder.has_value());
  CHECK(folder.error().system_number() == EISDIR);
  CHECK_FALSE(place.open("/dev/fd/999").has_value());
}

TEST_CASE("a new report shows only when it is complete") {
  Place place;
  const std::string path = place.folder / "x.json";
  {
    auto file = place.open(path);
    REQUIRE(file.has_value());
    file->writer().write("{}\n");
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK_FALSE(place.finish(*file));
    CHECK(read_file(path) == "{}\n");
  }
  CHECK(place.folder.entries() == 1);
}

TEST_CASE("an earlier report stays until the new one is there, and gives it its mode") {
  Place place;
  const std::string path = place.folder / "x.json", link = place.folder / "link.json";
  write_file(path, "old");
  std::filesystem::create_symlink("x.json", link);
  auto file = place.open(link);
  REQUIRE(file.has_value());
  file->writer().write("new");
  CHECK(read_file(path) == "old");
  CHECK_FALSE(place.finish(*file));
  CHECK(read_file(path) == "new");
  CHECK(std::filesystem::is_symlink(link));
  struct ::stat found;
  REQUIRE(::stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0640);
}

TEST_CASE("a report that is never finished leaves nothing behind") {
  Place place;
  {
    auto file = place.open(place.folder / "x.json");
    REQUIRE(file.has_value());
    file->writer().write("half");
  }
  CHECK(place.folder.entries() == 0);
}

TEST_CASE("a report at once is there to be read as it grows") {
  Place place;
  const std::string path = place.folder / "x.jsonl";
  write_file(path, "old");
  auto file = place.open(path, ReportFile::OpenMode::truncate);
  REQUIRE(file.has_value());
  CHECK(read_file(path).empty());
  file->writer().write("one\n");
  CHECK(read_file(path) == "one\n");
  file->writer().write("two\n");
  CHECK(read_file(path) == "one\ntwo\n");
  CHECK_FALSE(place.finish(*file));
}

TEST_CASE("- is standard output, in order with what else goes there") {
  Place place;
  for (const char* path : {"-", "/dev/stdout", "/dev/fd/1"}) {
    auto file = place.open(path);
    REQUIRE(file.has_value());
    CHECK(&file->writer() == &place.out);
  }
}

TEST_CASE("a descriptor is used as it is, not opened again") {
  Place place;
  OutputFile file;
  REQUIRE(::write(file.fd(), "before\n", 7) == 7);
  const std::string path = "/dev/fd/" + std::to_string(file.fd());
  auto report = place.open(path);
  REQUIRE(report.has_value());
  report->writer().write("report\n");
  CHECK_FALSE(place.finish(*report));
  CHECK(file.text() == "before\nreport\n");
}

TEST_CASE("a full disk is told when the report is finished") {
  Place place;
  auto file = place.open("/dev/full");
  REQUIRE(file.has_value());
  file->writer().write("x");
  CHECK(place.finish(*file).message() == "write to report '/dev/full': No space left on device");
}
