// SPDX-License-Identifier: Apache-2.0
//
// --results: a folder for each task.
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include "support/cli.h"

namespace errand::test {
namespace {

nlohmann::json result_in(const CliTest& test, const std::string& folder) {
  return nlohmann::json::parse(test.read(folder + "/result.json"));
}

TEST_CASE("each task's output is in a folder of its own, and shown as without") {
  CliTest test;
  const Ended end = test.run_yaml(
      "mode: aggregate\ntasks: { g: { tasks: { a: 'echo out; echo err >&2' } }, b: 'echo b; exit "
      "3', "
      "c: { needs: b, run: echo c } }",
      {"-j1", "--results", "deep/results"});
  CHECK(end.how() == "exit 1");
  CHECK(end.out == "out\nb\n");
  CHECK(test.read("deep/results/g/a/stdout") == "out\n");
  CHECK(test.read("deep/results/g/a/stderr") == "err\n");
  CHECK(result_in(test, "deep/results/g/a").at("exit_code") == 0);
  const nlohmann::json failed = result_in(test, "deep/results/b");
  CHECK(failed.at("status") == "failed");
  CHECK(failed.at("exit_code") == 3);
  CHECK(failed.at("seq") == 2);
  CHECK_FALSE(test.exists("deep/results/c"));
}

TEST_CASE("standard output and error stay apart in results, wherever they are shown") {
  for (const Streams streams : {Streams::together, Streams::terminal}) {
    CliTest test;
    Call call{{"exec", "-q", "--results", "r", "echo one; echo two >&2; echo three"}};
    call.streams = streams;
    const Ended end = test.run(call);
    CHECK(contains(end.out, "one"));
    CHECK(contains(end.out, "two"));
    const std::string folder = "r/echo one; echo two %3E&2; echo three";
    CHECK(test.read(folder + "/stdout") == "one\nthree\n");
    CHECK(test.read(folder + "/stderr") == "two\n");
  }
}

TEST_CASE("results are there as a task writes, bytes unchanged, and stay after a kill") {
  CliTest test;
  std::string bytes;
  for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
  test.write("bytes", bytes);
  test.make_gate("gate");
  // The second command has what the first one wrote behind it.
  const auto errand =
      test.start({{"exec", "--results", "r",
                   "cat bytes; echo ready >$MARKS; : >marked; read line <gate; exec sleep 1000",
                   "until test -e marked && cmp -s bytes r/cat*/stdout; do sleep 0.01; done; echo "
                   "there >$MARKS"}});
  errand->await_mark("ready");
  errand->await_mark("there");
  errand->signal(SIGKILL);
  errand->finish_killed();
  const Ended found = test.run({"exec", "-o", "raw", "cmp bytes r/cat*/stdout; ls r/cat*"});
  CHECK(found.how() == "exit 0");
  CHECK(found.out == "stderr\nstdout\n");
}

TEST_CASE("results have no secret, also where it comes in two pieces") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml(
      "secrets: [TOKEN]\nenv: { TOKEN: hunter2 }\n"
      "tasks: { a: 'printf \"seen hun\"; echo ready >$MARKS; read line <gate; echo ter2 >&1' }",
      {"--results", "r"});
  errand->await_mark("ready");
  test.open_gate("gate");
  CHECK(errand->finish().how() == "exit 0");
  CHECK(test.read("r/a/stdout") == "seen ***\n");
  CHECK_FALSE(contains(test.read("r/a/result.json"), "hunter2"));
}

TEST_CASE("results cannot be had of tasks that write to errand's own output") {
  CliTest test;
  const Ended end = test.run({"exec", "-o", "raw", "--results", "r", "touch ran"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand: --results: with -o raw"));
  Call call{{"exec", "--results", "r", "touch ran"}};
  call.env = {"ERRAND_OUTPUT=raw"};
  CHECK(test.run(call).how() == "exit 125");
  CHECK_FALSE(test.exists("ran"));
  CHECK_FALSE(test.exists("r"));
}

TEST_CASE("a results folder that cannot be made is told before anything starts") {
  CliTest test;
  test.write("file", "");
  for (const char* folder : {"file", "file/r", "/proc/nowhere"}) {
    CAPTURE(folder);
    const Ended end = test.run({"exec", "--results", folder, "touch ran"});
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, std::string("errand: results '") + folder + "': "));
  }
  CHECK_FALSE(test.exists("ran"));
  CHECK(test.run({"exec", "--dry-run", "--results", "r", "true"}).how() == "exit 0");
  CHECK_FALSE(test.exists("r"));
}

TEST_CASE("results on a full disk are an error of their task, named so") {
  CliTest test;
  const std::string unshare = find_program("unshare");
  test.write("small-disk/.keep", "");
  const std::string mount = "mount -t tmpfs -o size=2m none " + (test / "small-disk");
  if (unshare.empty() ||
      std::system((unshare + " --mount sh -c '" + mount + "' 2>/dev/null").c_str()) != 0) {
    WARN("skipped: mounting a small disk is not permitted here");
    return;
  }
  const std::string probe = ERRAND_PROBE;
  test.write("errand.yaml", "mode: aggregate\njobs: 1\ntasks: { small: echo small, large: ['" +
                                probe + "', pattern, '16'], silent: 'true' }");
  Call call{{"run", "-o", "group", "-q", "--results", test / "small-disk"}};
  call.prefix = {unshare, "--mount", "sh", "-c", mount + "; exec \"$0\" \"$@\""};
  const Ended end = test.run(call);
  CHECK(contains(end.err, "large: results '" + (test / "small-disk") +
                              "/large/stdout': No space left on device"));
  CHECK(contains(end.out, "small\n"));
  // The result of the silent one had no room either, and no task to tell of it.
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand: results '" + (test / "small-disk") +
                              "/silent/result.json': No space left on device"));
}

TEST_CASE("results of 200 tasks at once under a limit of 64 descriptors are all there") {
  CliTest test;
  std::string items;
  for (int i = 0; i < 200; ++i) items += std::to_string(i) + "\n";
  Call call{{"exec", "-j", "200", "-q", "--results", "r", "echo {}; echo e{} >&2"}};
  call.input = items;
  call.prefix = {"sh", "-c", "ulimit -n 64 && exec \"$0\" \"$@\""};
  CHECK(test.run(call).how() == "exit 0");
  for (int i = 0; i < 200; ++i) {
    const std::string name = std::to_string(i), folder = "r/" + name;
    CHECK(test.read(folder + "/stdout") == name + "\n");
    CHECK(test.read(folder + "/stderr") == "e" + name + "\n");
    CHECK(result_in(test, folder).at("status") == "succeeded");
  }
}

TEST_CASE("arguments that are paths, dots or equal have results of their own") {
  CliTest test;
  CHECK(test.run({"exec", "-j1", "-q", "--results", "r", "echo {#}", ":::", "../../up", "..", "a/b",
                  "same", "same"})
            .how() == "exit 0");
  CHECK(test.read("r/%2E.%2F..%2Fup/stdout") == "1\n");
  CHECK(test.read("r/%2E./stdout") == "2\n");
  CHECK(test.read("r/a%2Fb/stdout") == "3\n");
  CHECK(test.read("r/same/stdout") == "4\n");
  CHECK(test.read("r/same#5/stdout") == "5\n");
  CHECK(test.names() == std::vector<std::string>{"r"});
}

TEST_CASE("[F6.10] a system that refuses to answer about access does not stop a run") {
  if (::access("/usr/bin/strace", X_OK) != 0 || kSanitized) {
    WARN("skipped: needs strace, and a program without sanitizers");
    return;
  }
  const std::vector<std::vector<std::string>> runs = {
      {"exec", "--results", "out", "true"},
      {"exec", "--report", "json=report.json", "true"},
      {"exec", "nice true"},
  };
  for (const std::vector<std::string>& args : runs) {
    for (const char* call_name : {"faccessat2", "faccessat,faccessat2"}) {
      CAPTURE(args, call_name);
      CliTest test;
      test.write("report.json", "old");
      Call call{args};
      call.prefix = {"/usr/bin/strace", "-f", "-o",
                     "/dev/null",       "-e", std::string("inject=") + call_name + ":error=EPERM"};
      CHECK(test.run(call).how() == "exit 0");
      CHECK(test.read("report.json") != (args[1] == "--report" ? "old" : ""));
    }
  }
}

}  // namespace
}  // namespace errand::test
