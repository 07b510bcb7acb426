// SPDX-License-Identifier: Apache-2.0
//
// What a run writes, in every place and form, and the secrets that are in none of them.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/cli.h"

using namespace errand;
using namespace errand::test;

namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Each of these stands within a secret of kFile, and nowhere else; so it is found however the rest
// of the secret is quoted, escaped or cut.
const std::vector<std::string> kParts = {"hunter",  "quoter",  "tabber", "twister", "anglex",
                                         "lineone", "linetwo", "ovalox", "laxovo",  "sesame"};

const char* const kFile = R"(
name: run of hunter2222
mode: aggregate
secrets: [PLAIN, QUOTE, TAB, TURN, ANGLE, LINES, LEFT, RIGHT, TOKEN]
env:
  PLAIN: hunter2222
  QUOTE: "quoter's \"word\""
  TAB: "tabber\tquoter"
  TURN: "twister \u202e way"
  ANGLE: "anglex<&>'anglex"
  LINES: "lineone\nlinetwo\n"
  LEFT: ovalox-laxovo
  RIGHT: laxovo-ovalox
tasks:
  first hunter2222:
    description: of hunter2222
    run: 'printf %s "$QUOTE" "$TAB" "$ANGLE" "$TURN" "$LINES" >&2; printf %s "$LEFT"; echo "${RIGHT#??????} hunter2222$TOKEN"; exit 3'
  words:
    run: [sh, -c, 'printf "%s\n" "$@"; printf %s "$2" >&2; exit 4', "quoter's \"word\"", "tabber\tquoter", "anglex<&>'anglex", "lineone\nlinetwo\n"]
  long: "true xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx hunter2222 hunter2222; exit 5"
  other: { env: { OTHER: "twister \u202e way" }, run: "printf 'twister \u202e way'; exit 6" }
  missing: [hunter2222/no-such-command, hunter2222]
  members: { matrix: { of: [hunter2222, "anglex<&>'anglex", plain] }, run: "exit 7" }
  retried: { run: "echo hunter2222 >&2; exit 8", retry: { count: 1, delay: 1ms } }
  hedged: { run: "echo again hunter2222 >&2; sleep 0.05", hedge: { delay: 1ms } }
  leftover: { run: 'sh -c "sleep 1000; : hunter2222" & :' }
  excluded: { run: x, if: "env.PLAIN == 'never hunter2222'" }
  needing: { run: x, needs: [first hunter2222] }
)";

struct Place {
  std::string name, text;
};

// What the run has left in the test's folder, names of files included.
std::vector<Place> written_files(const fs::path& folder) {
  std::vector<Place> places;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder);
    if (name == "errand.yaml" || name == "lines.jsonl") continue;
    places.push_back({"the name of a file", name});
    if (entry.is_regular_file()) places.push_back({name, contents(entry.path())});
  }
  return places;
}

void check_hidden(const std::vector<Place>& places) {
  for (const Place& place : places) {
    for (const std::string& part : kParts) {
      const std::size_t found = place.text.find(part);
      if (found == std::string::npos) continue;
      const std::size_t begin = found - std::min<std::size_t>(found, 60);
      FAIL_CHECK(place.name << " shows \"" << part << "\": " << place.text.substr(begin, 160));
    }
  }
}

const std::vector<std::string> kAllFiles = {
    "--report", "json=r.json",   "--report",   "junit=r.xml",   "--report",  "html=r.html",
    "--report", "markdown=r.md", "--report",   "trace=r.trace", "--report",  "events=r.events",
    "--joblog", "r.log",         "--log-file", "r.errand.log",  "--results", "results"};

Call everything(std::vector<std::string> more = {}) {
  Call call;
  call.args = {"run", "-v", "-j2"};
  call.args.insert(call.args.end(), kAllFiles.begin(), kAllFiles.end());
  call.args.insert(call.args.end(), more.begin(), more.end());
  call.env = {"TOKEN=sesame-hunter", "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=summary.md"};
  return call;
}

}  // namespace

TEST_CASE("[F3.1] [F3.3] nothing that a run prints or writes shows any part of a secret") {
  for (const std::string mode : {"group", "ordered", "live", "errors", "quiet", "raw"}) {
    CAPTURE(mode);
    CliTest test;
    test.write("errand.yaml", kFile);
    Call call = everything({"-o", mode});
    if (mode == "raw") std::erase_if(call.args, [](auto& arg) { return arg.ends_with("results"); });
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 1");
    std::vector<Place> places = written_files(test.path());
    CHECK(places.size() > 20);
    places.push_back({"standard output", end.out});
    places.push_back({"standard error", end.err});
    check_hidden(places);
    CHECK(contains(end.err, "***"));
  }
}

TEST_CASE("[F3.1] no other command shows a secret either, nor does a report made later") {
  CliTest test;
  test.write("errand.yaml", kFile);
  (void)test.run(everything());
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"list"},
                                             {"list", "--json"},
                                             {"list", "--names"},
                                             {"graph"},
                                             {"graph", "--format", "json"},
                                             {"graph", "--format", "mermaid"},
                                             {"check"},
                                             {"run", "-n"},
                                             {"report"},
                                             {"report", "--format", "json"},
                                             {"report", "--format", "html"},
                                             {"run", "--failed", "-n"},
                                             {"run", "no hunter2222"},
                                             {"run", "--only", "no hunter2222"}}) {
    CAPTURE(args);
    Call call{args};
    call.env = {"TOKEN=sesame-hunter"};
    const Ended end = test.run(call);
    check_hidden({{"standard output", end.out}, {"standard error", end.err}});
  }
}

TEST_CASE("[F3.1] the tasks of a stream are masked from the line on that names the secret") {
  CliTest test;
  test.write("lines.jsonl",
             R"({"name": "a", "run": "true", "secrets": ["A"], "env": {"A": "hunter2222"}})"
             "\n"
             R"({"name": "b hunter2222", "run": "echo hunter2222; exit 3"})"
             "\n"
             R"({"name": "c hunter2222", "run": ["echo", "hunter2222"]})"
             "\n");
  const Ended end = test.run(everything({"-k", "lines.jsonl"}));
  CHECK(end.how() == "exit 1");
  std::vector<Place> places = written_files(test.path());
  places.push_back({"standard output", end.out});
  places.push_back({"standard error", end.err});
  check_hidden(places);
  CHECK(contains(end.err, "b ***: failed: exit 3"));
}

TEST_CASE("[F3.1] a task of a stream that runs already is masked with the secrets of later ones") {
  CliTest test;
  test.make_gate("go");
  Call call{{"run", "-j2", "-"}};
  call.input = R"({"name": "a", "run": "read line <go; echo hunter2222"})"
               "\n"
               R"({"name": "b", "run": "echo >go", "secrets": ["B"], "env": {"B": "hunter2222"}})"
               "\n";
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "***\n");
}

TEST_CASE("[F3.1] the command in the summary is masked with another task's secret") {
  CliTest test;
  const Ended end = test.run_yaml(
      "tasks:\n"
      "  a: { env: { TOKEN: hunter2222 }, secrets: [TOKEN], run: 'true' }\n"
      "  b: \"echo hunter2222; exit 3\"\n",
      {"-k"});
  CHECK(contains(end.err, "command: echo ***; exit 3\n"));
}

TEST_CASE("[F3.4] a task with a masked name is run again by it, or by --failed") {
  CliTest test;
  test.write(
      "errand.yaml",
      "secrets: [A, B]\nenv: { A: hunter2222, B: twister-way }\nmode: aggregate\n"
      "tasks: { p: { tasks: { hunter2222: 'exit 3', twister-way: 'true' } }, q: 'exit 4' }\n");
  const Ended end = test.run({"run"});
  CHECK(contains(end.err, "p/***: failed: exit 3"));
  CHECK(contains(end.err, "rerun: errand run --failed errand.yaml\n"));
  CHECK(contains(end.err, "rerun: errand run errand.yaml q\n"));
  CHECK(test.run({"list", "--names"}).out == "p\np/***\np/***#2\nq\n");
  const Ended again = test.run({"run", "errand.yaml", "--failed"});
  CHECK(contains(again.err, "2 failed"));
  CHECK(contains(test.run({"report"}).out, "rerun: errand run --failed errand.yaml\n"));
  CHECK(test.run({"run", "p/***"}).how() == "exit 1");
  CHECK(test.run({"run", "p/***#2"}).how() == "exit 0");
}

TEST_CASE("a short secret, and one that no variable has, are notes") {
  CliTest test;
  test.write("errand.yaml",
             "secrets: [PIN, NOPE]\nenv: { PIN: '3' }\ntasks: { a3: echo 3; exit 3 }\n");
  const Ended end = test.run({"run"});
  CHECK(end.how() == "exit 3");
  CHECK(end.out == "***\n");
  CHECK(contains(end.err,
                 "errand: note: errand.yaml:1:11: a secret of fewer than 4 bytes is masked in "
                 "output, names and commands, but not in what errand writes itself\n"
                 "errand: note: errand.yaml:1:16: no variable is called \"NOPE\", so there is no "
                 "secret to mask\n"));
  CHECK(contains(end.err, "a***: failed: exit 3 in "));
  CHECK(contains(end.err, "command: echo ***; exit ***\n"));
  CHECK(contains(test.run({"check"}).err, "errand: note: errand.yaml:1:11: "));
  CHECK_FALSE(contains(test.run({"run", "-q"}).err, "note"));
}
