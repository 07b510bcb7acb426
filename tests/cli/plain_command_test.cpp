// SPDX-License-Identifier: Apache-2.0
//
// A script that is one plain command is executed without a shell. corpus/commands.jsonl says of
// several hundred scripts whether they are; each must end as it does with a shell.
#include <sys/stat.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "support/cli.h"

namespace errand::test {
namespace {

using nlohmann::json;

struct Sample {
  std::string run;
  bool plain = false;
};

std::vector<Sample> corpus() {
  const Folder here;
  std::vector<Sample> samples;
  std::FILE* file = std::fopen(ERRAND_SOURCE_DIR "/tests/cli/corpus/commands.jsonl", "r");
  REQUIRE(file);
  std::string text(std::size_t{1} << 20, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  for (const std::string& line : lines_of(text)) {
    const json sample = json::parse(line);
    samples.push_back({sample["run"], sample["plain"]});
  }
  return samples;
}

// What one run of the whole corpus gave, by number of the sample.
struct Outcome {
  Ended end;
  std::vector<std::string> endings;  // "exit 2"
  std::set<std::size_t> by_shell;
};

// A shell that tells which task it was started for.
void write_shell(const CliTest& test) {
  test.write("bin/sh",
             "#!/bin/bash\n"
             "[ -z \"$SHELLS\" ] || printf '%s\\n' \"$ERRAND_TASK\" >>\"$SHELLS\"\n"
             "unset SHELLS SHLVL _; exec -a sh /bin/sh \"$@\"\n");
  test.write("not-executable", "#!/bin/sh\necho no\n");
  test.write("no-interpreter", "printf '<%s>' \"$0\" \"$@\"\n");
  test.write("two-lines", "#!/bin/sh\nprintf 'one\\n'\nprintf 'two\\n' >&2\n");
  test.write("foreign",
             "\x7F"
             "ELF, but of what machine?\n");
  test.write("folder/x", "");
  for (const char* name : {"bin/sh", "no-interpreter", "two-lines", "foreign"})
    REQUIRE(::chmod((test / name).c_str(), 0755) == 0);
}

Outcome run_corpus(CliTest& test, const std::vector<Sample>& samples, const char* shell) {
  Call call{{"run", "-j1", "-k", "-q", "-o", "group", "--shell", shell, "--report",
             "json=report.json", "-"}};
  call.env = {"PATH=" + (test / "bin") + ":/usr/bin:/bin", "SHELLS=" + (test / "shells"),
              "OLDPWD=/", "PWD=/nowhere"};
  call.input = "";
  for (std::size_t i = 0; i < samples.size(); ++i)
    *call.input += json{{"name", std::to_string(i)}, {"run", samples[i].run}}.dump() + "\n";
  Outcome outcome;
  outcome.end = test.run(call);
  for (const json& task : json::parse(test.read("report.json"))["tasks"]) {
    // A shell that waits for a command tells its death by signal n as 128 + n.
    outcome.endings.push_back("exit " + std::to_string(task.contains("signal")
                                                           ? 128 + task["signal"].get<int>()
                                                           : task["exit_code"].get<int>()));
  }
  for (const std::string& line : lines_of(test.read("shells")))
    outcome.by_shell.insert(std::stoul(line));
  return outcome;
}

TEST_CASE("a plain command ends as it would with a shell, and says the same") {
  const std::vector<Sample> samples = corpus();
  REQUIRE(samples.size() >= 300);
  CliTest by_itself, with_shell;
  write_shell(by_itself);
  write_shell(with_shell);
  const Outcome without = run_corpus(by_itself, samples, "sh -ec");
  const Outcome with = run_corpus(with_shell, samples, "sh -e -c");
  REQUIRE(without.endings.size() == samples.size());
  REQUIRE(with.by_shell.size() == samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    INFO(samples[i].run);
    CHECK(without.endings[i] == with.endings[i]);
  }
  const auto without_folder = [](std::string text, const CliTest& test) {
    for (std::size_t at = 0; (at = text.find(test.path(), at)) != std::string::npos;)
      text.replace(at, test.path().size(), "FOLDER");
    std::vector<std::string> lines = lines_of(text);
    std::erase(lines, "Terminated");  // a shell's own words about the command it waited for
    // errand's list of failed tasks tells a death by a signal from an exit code, a shell does not.
    const auto list = std::ranges::find_if(
        lines, [](const std::string& line) { return line.ends_with(" tasks failed:"); });
    lines.erase(list, lines.end());
    return lines;
  };
  CHECK(without_folder(without.end.out, by_itself) == without_folder(with.end.out, with_shell));
  CHECK(without_folder(without.end.err, by_itself) == without_folder(with.end.err, with_shell));
}

TEST_CASE("a shell is started only for scripts that need one, or cannot be executed without") {
  const std::vector<Sample> samples = corpus();
  CliTest test;
  write_shell(test);
  const Outcome outcome = run_corpus(test, samples, "sh -ec");
  for (std::size_t i = 0; i < samples.size(); ++i) {
    INFO(samples[i].run);
    const bool could_not = outcome.endings[i] == "exit 126" || outcome.endings[i] == "exit 127" ||
                           samples[i].run.starts_with("./no-interpreter");
    if (!could_not) CHECK(outcome.by_shell.contains(i) != samples[i].plain);
  }
}

}  // namespace
}  // namespace errand::test
