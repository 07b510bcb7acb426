// SPDX-License-Identifier: Apache-2.0
//
// One budget of jobs for make, errand, and those below and above them.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>

#include "support/cli.h"

namespace errand::test {
namespace {

constexpr const char* kJob = "echo start >$MARKS; read line <gate; echo end >$MARKS";

// The named pipe of a make 4.4 and newer.
struct NamedJobserver {
  NamedJobserver(const CliTest& test, std::string_view tokens) {
    const std::string path = test / "jobserver";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    fd = UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    CHECK(::write(fd.get(), tokens.data(), tokens.size()) == static_cast<ssize_t>(tokens.size()));
    makeflags = "MAKEFLAGS= -j --jobserver-auth=fifo:" + path;
  }
  std::string tokens() const {
    int count = 0;
    ::ioctl(fd.get(), FIONREAD, &count);
    std::string text(static_cast<std::size_t>(count), '\0');
    if (count > 0) CHECK(::read(fd.get(), text.data(), text.size()) == count);
    std::ranges::sort(text);
    return text;
  }
  UniqueFd fd;
  std::string makeflags;
};

struct BudgetTest : CliTest {
  BudgetTest() { make_gate("gate"); }
  void write_jobs(int count, const std::string& job = kJob) const {
    std::string yaml = "tasks:\n";
    for (int i = 0; i < count; ++i) yaml += "  t" + std::to_string(i) + ": " + job + "\n";
    write("errand.yaml", yaml);
  }
  // A makefile with that many jobs, and `more`.
  void write_makefile(std::string_view name, int count, const std::string& more = "") const {
    std::string text = "jobs =";
    for (int i = 0; i < count; ++i) text += " j" + std::to_string(i);
    text += "\nall: $(jobs) " + (more.empty() ? "" : std::string("more")) + "\n";
    text += "$(jobs):\n\t@echo start >$$MARKS; read line <gate; echo end >$$MARKS\n";
    if (!more.empty()) text += "more:\n\t" + more + "\n";
    write(name, text);
  }
  // In the place of errand: a make that starts it.
  static std::vector<std::string> make(std::string_view options) {
    return {"sh", "-c", "exec make --no-print-directory " + std::string(options), "sh"};
  }
  // Lets `jobs` jobs go once `together` run; how many there were at most.
  int most_at_once(Errand& errand, int jobs, int together) {
    int started = 0;
    int running = 0;
    int most = 0;
    for (int ended = 0; ended < jobs;) {
      if (errand.mark() == "start") {
        ++started;
        most = std::max(most, ++running);
      } else {
        ++ended;
        --running;
      }
      if (started == jobs || running >= together) open_gate("gate");
    }
    return most;
  }
};

TEST_CASE("[P25] under make -j4 errand's tasks and make's own jobs are four together") {
  BudgetTest test;
  test.write_jobs(6);
  test.write_makefile("Makefile", 4, "+@" ERRAND_BINARY " run -q");
  const auto errand = test.start(Call{.args = {}, .prefix = BudgetTest::make("-j4")});
  CHECK(test.most_at_once(*errand, 10, 4) == 4);
  const Ended end = errand->finish();
  CHECK(end.how() == "exit 0");
  CHECK(end.err == "");
}

TEST_CASE("makes in several tasks share errand's jobs") {
  BudgetTest test;
  test.write_jobs(3, "make -f sub.mk --no-print-directory");
  test.write_makefile("sub.mk", 4);
  const auto errand = test.start(Call{{"run", "-q", "-j", "3"}});
  CHECK(test.most_at_once(*errand, 12, 3) == 3);
  const Ended end = errand->finish();
  CHECK(end.how() == "exit 0");
  CHECK(end.err == "");  // make would say that it has no jobserver
}

TEST_CASE("a lone make in a task may use all of errand's jobs") {
  BudgetTest test;
  test.write_jobs(1, "make -f sub.mk --no-print-directory");
  test.write_makefile("sub.mk", 5);
  const auto errand = test.start(Call{{"run", "-q", "-j", "4"}});
  CHECK(test.most_at_once(*errand, 5, 4) == 4);
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("[P19] an errand in a task shares the jobs of the one around it") {
  BudgetTest test;
  test.write_jobs(5);
  test.write("outer.yaml",
             "tasks: { a: &e [" ERRAND_BINARY ", run, -q, errand.yaml], b: *e, c: *e }");
  const auto errand = test.start(Call{{"run", "-q", "-j", "2", "outer.yaml"}});
  CHECK(test.most_at_once(*errand, 15, 2) == 2);
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("a named pipe is joined too, and all tokens are in it at the end") {
  BudgetTest test;
  const NamedJobserver jobserver(test, "ab");
  test.write_jobs(6);
  const auto errand = test.start(Call{.args = {"run", "-q"}, .env = {jobserver.makeflags}});
  CHECK(test.most_at_once(*errand, 6, 3) == 3);
  CHECK(errand->finish().how() == "exit 0");
  CHECK(jobserver.tokens() == "ab");
}

TEST_CASE("the file's own jobs are a limit besides the jobserver") {
  BudgetTest test;
  const NamedJobserver jobserver(test, "abcdef");
  test.write("errand.yaml",
             std::string("jobs: 2\ntasks: { a: &j '") + kJob + "', b: *j, c: *j, d: *j }");
  const auto errand = test.start(Call{.args = {"run", "-q"}, .env = {jobserver.makeflags}});
  CHECK(test.most_at_once(*errand, 4, 2) == 2);
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("below make -j1 one task runs at a time, whatever the file says, unless -j is given") {
  BudgetTest test;
  test.write("errand.yaml", "jobs: 4\ntasks: { a: 'true' }");
  test.write("Makefile", "all:\n\t+@$(ERRAND) run -n $(OPTIONS)\n");
  const auto head = [&test](const std::string& options) {
    Call call{{}};
    call.prefix = BudgetTest::make("-j1 OPTIONS='" + options + "' ERRAND=\"$1\"");
    const std::string out = test.run(call).out;
    return out.substr(0, out.find('\n'));
  };
  CHECK(head("") == "errand: errgroup, jobs 1");
  CHECK(head("-j 3") == "errand: errgroup, jobs 3");
}

TEST_CASE("-j means: not together with the jobserver") {
  BudgetTest test;
  const NamedJobserver jobserver(test, "");
  test.write_jobs(4);
  const auto errand = test.start(Call{.args = {"run", "-q", "-j2"}, .env = {jobserver.makeflags}});
  CHECK(test.most_at_once(*errand, 4, 2) == 2);
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("all tokens are back after a failure, a cancel and a signal") {
  for (const int signal : {0, SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    BudgetTest test;
    const NamedJobserver jobserver(test, "abc");
    test.write("errand.yaml", R"(
tasks:
  a: &t echo start >$MARKS; sleep 1000
  b: *t
  c: *t
  fails: echo start >$MARKS; read line <gate; exit 3
)");
    const auto errand = test.start(Call{.args = {"run", "-q"}, .env = {jobserver.makeflags}});
    for (int i = 0; i < 4; ++i) errand->await_mark("start");
    if (signal != 0) {
      errand->signal(signal);
    } else {
      test.open_gate("gate");
    }
    const Ended end = errand->finish();
    CHECK(end.signal == signal);
    CHECK(jobserver.tokens() == "abc");
  }
}

TEST_CASE("[P25] a token that a killed process has taken is there again for the next task") {
  BudgetTest test;
  // Without both tokens b would wait for ever.
  const Ended end = test.run_yaml(R"(
tasks:
  a: sh -c 'head -c 2 <&3 >/dev/null; kill -9 $$' || true
  b: { needs: [a], run: head -c 2 <&3 }
)",
                                  {"-j", "3"});
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "++");
}

TEST_CASE("only the jobserver is inherited by tasks") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: [" ERRAND_PROBE ", descriptors] }");
  CHECK(test.run({"run", "-q", "-j3"}).out == "0 1 2 3 4\n");
  CHECK(test.run({"run", "-q", "-j1"}).out == "0 1 2\n");
  const NamedJobserver jobserver(test, "");
  CHECK(test.run(Call{.args = {"run", "-q"}, .env = {jobserver.makeflags}}).out == "0 1 2\n");
}

TEST_CASE("a jobserver that cannot be used is a note, and with -q it is none") {
  CliTest test;
  test.write("errand.yaml", "jobs: 2\ntasks: { a: 'echo $MAKEFLAGS' }");
  Call call{{"run"}};
  call.env = {"MAKEFLAGS= -j4 --jobserver-auth=71,72"};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "-j2 --jobserver-auth=3,4\n");
  CHECK(end.err.starts_with(
      "errand: note: the jobserver of MAKEFLAGS is not used: its descriptor 71 is not open here: "
      "begin the line of the makefile with '+'\n"));
  call.args = {"run", "-q"};
  CHECK_FALSE(contains(test.run(call).err, "note"));
}

}  // namespace
}  // namespace errand::test
