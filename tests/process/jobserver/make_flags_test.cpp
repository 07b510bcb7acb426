// SPDX-License-Identifier: Apache-2.0
#include "errand/process/jobserver/make_flags.h"

#include "support/catch.h"

namespace errand::test {
namespace {

std::string address(std::string_view flags) {
  const auto found = MakeFlags(flags).jobserver();
  if (!found) return found.error().message();
  if (!*found) return "none";
  if (!(*found)->fifo.empty()) return (*found)->fifo;
  return std::to_string((*found)->read_end) + " and " + std::to_string((*found)->write_end);
}

TEST_CASE("a jobserver is found in both of its forms, under its old name too; the last counts") {
  CHECK(address("w -j4 --jobserver-auth=3,4") == "3 and 4");
  CHECK(address(" -j4 --jobserver-auth=fifo:/tmp/GMfifo1") == "/tmp/GMfifo1");
  CHECK(address(" --jobserver-fds=5,6 -j") == "5 and 6");
  CHECK(address(" --jobserver-fds=5,6 --jobserver-auth=7,8 -j") == "7 and 8");
  CHECK(address(" --jobserver-auth=-2,-2") == "-2 and -2");
}

TEST_CASE("there is no jobserver where make tells of none, or where it only prints") {
  CHECK(address("") == "none");
  CHECK(address("k") == "none");
  CHECK(address("w -j4") == "none");
  CHECK(address("kn -j4 --jobserver-auth=3,4") == "none");
  CHECK(address(" -- X=--jobserver-auth=3,4 --jobserver-auth=3,4") == "none");
  CHECK(address(" -n=1 --jobserver-auth=3,4") == "3 and 4");  // no letters without a dash
}

TEST_CASE("a make runs one job at a time where the last -j says so and there is no jobserver") {
  CHECK(MakeFlags("s -j1").is_serial());
  CHECK(MakeFlags(" -j4 -j1 -- A=-j9").is_serial());
  for (const char* none : {"", "s", " -j", " -j4", " -j1 -j4", " -j1 --jobserver-auth=3,4", "j1"}) {
    CAPTURE(none);
    CHECK_FALSE(MakeFlags(none).is_serial());
  }
}

TEST_CASE("what is no address says so") {
  CHECK(address(" --jobserver-auth=3") == "'--jobserver-auth=3' is neither fifo:PATH nor R,W");
  CHECK(address(" --jobserver-auth=3,x") == "'--jobserver-auth=3,x' is neither fifo:PATH nor R,W");
  CHECK(address(" --jobserver-auth=") == "'--jobserver-auth=' is neither fifo:PATH nor R,W");
}

TEST_CASE("options are replaced where make looks for them: behind letters, before variables") {
  MakeFlags flags("kw -j8 --jobserver-auth=5,6 --no-print-directory -- A=1\\ 2 B=x");
  flags.remove_jobserver();
  CHECK(flags.text() == "kw -j8 --no-print-directory -- A=1\\ 2 B=x");
  flags.remove_jobs();
  flags.add("-j4");
  flags.add("--jobserver-auth=3,4");
  CHECK(flags.text() == "kw --no-print-directory -j4 --jobserver-auth=3,4 -- A=1\\ 2 B=x");
}

TEST_CASE("without letters the text begins with a blank, or make would take a word for letters") {
  MakeFlags flags("");
  CHECK(flags.text() == "");
  flags.add("-j4");
  CHECK(flags.text() == " -j4");
  CHECK(MakeFlags(" -k").text() == " -k");
  CHECK(MakeFlags("k").text() == "k");
}

TEST_CASE("every form of -j is removed, and nothing else") {
  MakeFlags flags(" -j -j 8 --jobs --jobs=3 -jx -k 8 -j12");
  flags.remove_jobs();
  CHECK(flags.text() == " -jx -k 8");
}

}  // namespace
}  // namespace errand::test
