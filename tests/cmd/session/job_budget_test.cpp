// SPDX-License-Identifier: Apache-2.0
//
// What MAKEFLAGS and -j make of the jobs of a run; tests/cli/jobserver_test.cpp has the tokens.
#include "cmd/session/job_budget.h"

#include <sys/stat.h>

#include "support/cmd_test.h"

namespace errand::test {
namespace {

struct BudgetTest : CmdTest {
  // The budget of a run below this make; the texts are as -j and `jobs` have them, "" is none.
  cmd::JobBudget budget(const std::string& makeflags, const std::string& given = "",
                        const std::string& in_file = "") {
    env.set("MAKEFLAGS", makeflags);
    return cmd::job_budget(jobs_of(given), jobs_of(in_file));
  }
  // What a task sees of it.
  std::string seen(const std::string& makeflags, const std::string& given = "") {
    const cmd::JobBudget made = budget(makeflags, given);
    const Words inherited = makeflags.empty() ? Words() : Words{"MAKEFLAGS=" + makeflags};
    const Words after = cmd::with_makeflags(inherited, made);
    return after.empty() ? "" : after.front().substr(std::string("MAKEFLAGS=").size());
  }
  // The named pipe of a make 4.4 and newer.
  std::string make_fifo() {
    REQUIRE(::mkfifo((*this / "jobserver").c_str(), 0600) == 0);
    return " -j --jobserver-auth=fifo:" + (*this / "jobserver");
  }

 private:
  static std::optional<Jobs> jobs_of(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return parse_jobs(text).value();
  }
};

TEST_CASE("tasks see errand's jobs in MAKEFLAGS, and what else was there") {
  BudgetTest test;
  CHECK(test.seen("", "3") == " -j3 --jobserver-auth=3,4");
  CHECK(test.seen("kw -j9 --jobserver-auth=7,8 -- A=1", "3") ==
        "kw -j3 --jobserver-auth=3,4 -- A=1");
  CHECK(test.seen("k -j9 --jobserver-auth=7,8", "1") == "k");
  CHECK(test.seen("k -j9", "0") == "k -j9");
  CHECK(test.seen("k -j9 --jobserver-auth=7,8", "0") == "k -j9");
  CHECK(test.seen("", "1") == "");
  const std::string makeflags = test.make_fifo();
  CHECK(test.seen(makeflags) == makeflags);
}

TEST_CASE("without a jobserver errand makes a pool of its own, of as many jobs as the run has") {
  BudgetTest test;
  const cmd::JobBudget of_file = test.budget("", "", "2");
  CHECK(of_file.pool_jobs == 2);
  CHECK(of_file.pipe);
  CHECK_FALSE(of_file.jobs);
  CHECK(test.budget("", "3", "2").pool_jobs == 3);
  for (const char* none : {"1", "0", "5000"}) {
    CAPTURE(none);
    const cmd::JobBudget made = test.budget("", none);
    CHECK_FALSE(made.pipe);
    CHECK(made.pool_jobs == 0);
    CHECK(made.note == "");
  }
}

TEST_CASE("where neither the file nor the command line says a number, jobs are automatic") {
  BudgetTest test;
  REQUIRE(test.budget("").jobs);
  CHECK(test.budget("").jobs->kind == Jobs::Kind::automatic);
}

TEST_CASE("below make -j1 one task runs at a time, whatever the file says, unless -j is given") {
  BudgetTest test;
  for (const char* in_file : {"4", "0", ""}) {
    CAPTURE(in_file);
    const cmd::JobBudget serial = test.budget(" -j1", "", in_file);
    REQUIRE(serial.jobs);
    CHECK(serial.jobs->kind == Jobs::Kind::count);
    CHECK(serial.jobs->value == 1);
    CHECK_FALSE(serial.pipe);
  }
  const cmd::JobBudget given = test.budget(" -j1", "3", "4");
  CHECK(given.pool_jobs == 3);
}

TEST_CASE("a jobserver of MAKEFLAGS is joined, and the file's jobs are a limit besides it") {
  BudgetTest test;
  const std::string makeflags = test.make_fifo();
  const cmd::JobBudget joined = test.budget(makeflags);
  CHECK(joined.pipe);
  CHECK(joined.pool_jobs == 0);
  CHECK(joined.jobs->kind == Jobs::Kind::unlimited);
  CHECK(joined.note == "");
  CHECK_FALSE(test.budget(makeflags, "", "2").jobs);
}

TEST_CASE("-j means: not together with the jobserver") {
  BudgetTest test;
  const cmd::JobBudget budget = test.budget(test.make_fifo(), "2");
  CHECK(budget.pool_jobs == 2);
  CHECK(*budget.makeflags == " -j2 --jobserver-auth=3,4");
}

TEST_CASE("a jobserver that cannot be used is a note, and errand runs on its own") {
  BudgetTest test;
  const cmd::JobBudget own = test.budget(" -j4 --jobserver-auth=71,72", "", "2");
  CHECK(own.pool_jobs == 2);
  CHECK(own.note ==
        "the jobserver of MAKEFLAGS is not used: its descriptor 71 is not open here: begin the "
        "line of the makefile with '+'");
  CHECK(test.budget(" --jobserver-auth=x").note ==
        "the jobserver of MAKEFLAGS is not used: '--jobserver-auth=x' is neither fifo:PATH nor "
        "R,W");
  CHECK(test.budget(" --jobserver-auth=fifo:/no/such").note ==
        "the jobserver of MAKEFLAGS is not used: open '/no/such': No such file or directory");
  CHECK(test.budget(" --jobserver-auth=71,72", "2").note == "");
  CHECK(test.budget("n --jobserver-auth=71,72").note == "");
}

}  // namespace
}  // namespace errand::test
