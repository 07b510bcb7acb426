// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/run_folder.h"

#include <fstream>

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

namespace fs = std::filesystem;

struct Runs {
  // A run with an output of so many bytes.
  void add(const std::string& id, std::size_t bytes = 1) {
    REQUIRE(make_run_folder(path, id).has_value());
    std::ofstream(path + "/" + id + "/events.jsonl") << "{}\n";
    std::ofstream(path + "/" + id + "/output") << std::string(bytes, 'x');
  }
  Folder folder;
  const std::string path = folder / "runs";
};

}  // namespace

TEST_CASE("a run is found by its id, the beginning of it, or as the last") {
  Runs runs;
  CHECK(find_run(runs.path, "last").error().message() ==
        "there are no runs in '" + runs.path + "'");
  runs.add("20260102-030405-aaa");
  runs.add("20260102-030405-bbb");
  runs.add("20260103-000000-ccc");
  CHECK(find_run(runs.path, "last").value() == runs.path + "/20260103-000000-ccc");
  CHECK(find_run(runs.path, "20260103").value() == runs.path + "/20260103-000000-ccc");
  CHECK(find_run(runs.path, "20260102-030405-bbb").value() == runs.path + "/20260102-030405-bbb");
  CHECK(
      find_run(runs.path, "20260102").error().message() ==
      "2 runs' ids begin with '20260102', for example 20260102-030405-aaa and 20260102-030405-bbb");
  CHECK(find_run(runs.path, "x").error().message() ==
        "no run's id begins with 'x'; the last one is 20260103-000000-ccc");
}

TEST_CASE("of runs that began in one second the last is the one that was written last") {
  Runs runs;
  runs.add("20260102-030405-bbb");
  runs.add("20260102-030405-aaa");
  const auto path = fs::path(runs.path) / "20260102-030405-bbb/events.jsonl";
  fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(1));
  CHECK(find_run(runs.path, "last").value() == runs.path + "/20260102-030405-aaa");
}
