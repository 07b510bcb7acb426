// SPDX-License-Identifier: Apache-2.0
//
// What errand takes from its environment, and what tasks inherit of it.
#include "cmd/session/environment.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "support/cmd_test.h"

namespace errand::test {
namespace {

Words sorted(Words words) {
  std::ranges::sort(words);
  return words;
}

TEST_CASE("variables that are options reach no task") {
  CmdTest test;
  const Words options = {"ERRAND_HALT=soon,fail=1", "ERRAND_RETRIES=0",   "ERRAND_DELAY=0",
                         "ERRAND_RATE=9/s",         "ERRAND_LOAD=999",    "ERRAND_MEMFREE=1",
                         "ERRAND_NICE=0",           "ERRAND_SHUFFLE=1",   "ERRAND_EXECUTOR=local",
                         "ERRAND_JOBS=2",           "ERRAND_OUTPUT=group"};
  for (const std::string& entry : options)
    test.env.set(entry.substr(0, entry.find('=')), entry.substr(entry.find('=') + 1));
  test.env.set("MINE", "kept");
  test.env.set("ERRAND_OF_MINE", "kept");
  const auto run = command_of<cmd::RunCommand>({"run"});
  const auto exec = command_of<cmd::ExecCommand>({"exec", "env"});
  for (const auto& variables : {run.variables, exec.run.variables}) {
    CHECK(sorted(cmd::task_environment(variables)) ==
          Words{"ERRAND_OF_MINE=kept", "HOME=" + test.path(), "MINE=kept"});
  }
}

TEST_CASE("tasks are told of colours by FORCE_COLOR, unless somebody has") {
  CHECK(cmd::with_color({"A=1"}, true) == Words{"A=1", "FORCE_COLOR=1"});
  CHECK(cmd::with_color({"FORCE_COLOR=3"}, true) == Words{"FORCE_COLOR=3"});
  CHECK(cmd::with_color({"FORCE_COLOR=0"}, true) == Words{"FORCE_COLOR=0"});
  CHECK(cmd::with_color({"FORCE_COLOR=1", "A=1"}, false) == Words{"A=1"});
  CHECK(cmd::with_color({"FORCE_COLOR=0"}, false) == Words{"FORCE_COLOR=0"});
  CHECK(cmd::with_color({"FORCE_COLOR=false"}, false) == Words{"FORCE_COLOR=false"});
  CHECK(cmd::with_color({"FORCE_COLORS=1"}, false) == Words{"FORCE_COLORS=1"});
}

TEST_CASE("a task's trace comes from errand, not from its environment") {
  const Words environment = {"TRACEPARENT=x", "TRACESTATE=y", "A=1"};
  CHECK(cmd::in_trace(environment, {}) == environment);
  TraceContext trace;
  trace.trace_id = "0af7651916cd43dd8448eb211c80319c";
  CHECK(cmd::in_trace(environment, trace) == Words{"A=1"});
  trace.parent_id = "b7ad6b7169203331";
  CHECK(cmd::in_trace(environment, trace) == Words{"TRACESTATE=y", "A=1"});
}

TEST_CASE("a trace is continued only if TRACEPARENT is there") {
  Environment env;
  CHECK(cmd::given_trace().trace_id.empty());
  env.set("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  CHECK(cmd::given_trace().trace_id == "0af7651916cd43dd8448eb211c80319c");
  env.set("TRACEPARENT", "nonsense");
  CHECK(cmd::given_trace().trace_id.size() == 32);
  CHECK(cmd::given_trace().parent_id.empty());
}

TEST_CASE("runs are kept below XDG_STATE_HOME, otherwise below HOME, if that is an absolute path") {
  Environment env;
  CHECK(cmd::runs_folder() == "");
  env.set("HOME", "/home/me");
  CHECK(cmd::runs_folder() == "/home/me/.local/state/errand/runs");
  env.set("XDG_STATE_HOME", "/state");
  CHECK(cmd::runs_folder() == "/state/errand/runs");
  env.set("XDG_STATE_HOME", "state");
  CHECK(cmd::runs_folder() == "/home/me/.local/state/errand/runs");
  env.set("HOME", "");
  CHECK(cmd::runs_folder() == "");
}

TEST_CASE("temporary files are in TMPDIR, otherwise in /tmp") {
  Environment env;
  CHECK(cmd::temp_folder() == "/tmp");
  env.set("TMPDIR", "");
  CHECK(cmd::temp_folder() == "/tmp");
  env.set("TMPDIR", "/var/tmp");
  CHECK(cmd::temp_folder() == "/var/tmp");
}

TEST_CASE("a current folder that was removed has no path") {
  CmdTest test;
  test.write("gone/file", "");
  test.enter("gone");
  CHECK(cmd::current_folder() == test / "gone");
  std::filesystem::remove_all(test / "gone");
  CHECK(cmd::current_folder() == "");
  test.enter("");
}

TEST_CASE("colours depend on the environment where --color leaves it open") {
  Environment env;
  const StandardInput pipe("");
  const auto color = [](ColorChoice choice) { return cmd::color_for(STDIN_FILENO, choice); };
  CHECK_FALSE(color(ColorChoice::automatic));
  CHECK(color(ColorChoice::always));
  env.set("FORCE_COLOR", "1");
  CHECK(color(ColorChoice::automatic));
  CHECK_FALSE(color(ColorChoice::never));
  env.set("NO_COLOR", "1");
  CHECK_FALSE(color(ColorChoice::automatic));
}

TEST_CASE("a run's id is its time and a random part") {
  const std::string id = cmd::new_run_id();
  REQUIRE(id.size() == std::string("20260102-030405-k3j9xq").size());
  for (std::size_t i = 0; i < id.size(); ++i) {
    CAPTURE(id, i);
    if (i == 8 || i == 15) {
      CHECK(id[i] == '-');
    } else if (i < 15) {
      CHECK((id[i] >= '0' && id[i] <= '9'));
    } else {
      CHECK(((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'v')));
    }
  }
  CHECK(cmd::new_run_id() != id);
}

}  // namespace
}  // namespace errand::test
