// SPDX-License-Identifier: Apache-2.0
//
// Plans with secrets of all kinds everywhere: in names, commands, variables, matrices, output,
// errors and notices. Every secret has a word in it that nothing else has, so that any part of it
// is found in whatever form it is shown.
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "errand/events/event_lines.h"
#include "errand/events/task_text.h"
#include "errand/plan/edit/graph.h"
#include "errand/report/render.h"
#include "errand/report/run_record.h"
#include "support/catch.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {

constexpr std::string_view kWord = "zqx";  // in each secret, and nowhere else

// What shells, terminals, JSON, XML, HTML, YAML and CI systems write in another way.
const std::vector<std::string> kSpecial = {"'",    "\"", "\t", "\xE2\x80\xAE", "&<>", " ",   "\n",
                                           "\r\n", "/",  "\\", "$()",          "::",  "##[", "]]>",
                                           "%25",  ",",  "`",  "\x01",         "#",   "*",   "..."};

std::string draw_secret() {
  const auto word = [] {
    return std::string(kWord) +
           *rc::gen::container<std::string>(5, rc::gen::inRange('a', static_cast<char>('y')));
  };
  std::string secret = word();
  const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kSpecial));
  for (std::size_t i = 0; i < parts.size() && i < 4; ++i) secret += parts[i] + word();
  if (*rc::gen::inRange(0, 20) == 0) secret += std::string(200, 'v') + word();
  return secret;
}

struct Secrets {
  std::vector<std::string> values;

  ReadOptions options() const {
    ReadOptions options;
    options.name = "run";
    options.variable = [all = values](const std::string& name) -> std::optional<std::string> {
      const std::size_t index = name.size() == 2 && name[0] == 'S' ? name[1] - '0' : all.size();
      return index < all.size() ? std::optional(all[index]) : std::nullopt;
    };
    return options;
  }
  // A few of them, beside each other or with other text between.
  std::string text() const {
    std::string text = *rc::gen::element<std::string>("", "a ", "x=");
    const int count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) {
      text += *rc::gen::elementOf(values) + *rc::gen::element<std::string>("", " b ", "\n");
    }
    return text;
  }
  // The same as expressions of a task file, in a quoted text.
  std::string expressions() const {
    std::string text = *rc::gen::element<std::string>("", "a ", "x=");
    const int count = *rc::gen::inRange(1, 3);
    for (int i = 0; i < count; ++i) {
      text += "${{ env.S" + std::to_string(*rc::gen::inRange<std::size_t>(0, values.size())) +
              " }}" + *rc::gen::element<std::string>("", " b ");
    }
    return "\"" + text + "\"";
  }
};

std::string draw_task(const Secrets& secrets, int depth) {
  std::string task = "{ ";
  if (*rc::gen::inRange(0, 3) > 0) task += "name: " + secrets.expressions() + ", ";
  if (*rc::gen::inRange(0, 4) == 0) task += "description: " + secrets.expressions() + ", ";
  if (*rc::gen::inRange(0, 6) == 0) task += "if: env.S0 == 'never', ";
  if (*rc::gen::inRange(0, 40) == 0) task += "timeout: " + secrets.expressions() + ", ";
  if (*rc::gen::inRange(0, 40) == 0) task += "needs: " + secrets.expressions() + ", ";
  if (*rc::gen::inRange(0, 4) == 0) task += "retry: { count: 1 }, ";
  if (*rc::gen::inRange(0, 4) == 0)
    task += "matrix: { v: [" + secrets.expressions() + ", b, " + secrets.expressions() + "] }, ";
  if (depth > 0 && *rc::gen::inRange(0, 3) == 0) {
    const std::size_t matrix = task.find("matrix");
    if (matrix == std::string::npos && task.find("retry") == std::string::npos &&
        task.find("timeout") == std::string::npos) {
      return task + "tasks: [" + draw_task(secrets, depth - 1) + ", " +
             draw_task(secrets, depth - 1) + "] }";
    }
  }
  if (*rc::gen::inRange(0, 2) == 0) return task + "run: " + secrets.expressions() + " }";
  return task + "run: [cmd, " + secrets.expressions() + ", " + secrets.expressions() + "] }";
}

std::string draw_file(const Secrets& secrets) {
  std::string file = "secrets: [S0, S1, S2]\nmode: aggregate\n";
  if (*rc::gen::inRange(0, 2) == 0) file += "name: " + secrets.expressions() + "\n";
  if (*rc::gen::inRange(0, 2) == 0) file += "env: { E: " + secrets.expressions() + " }\n";
  file += "tasks:\n";
  const int count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) file += "  - " + draw_task(secrets, 2) + "\n";
  return file;
}

// All that readers of events can see.
class Everything final : public Observer {
 public:
  void on(const RunEvent& event) override {
    text += lines_.format(event);
    recorder.on(event);
    if (const auto* ended = std::get_if<TaskEnded>(&event.kind)) {
      text += task_result_line(*ended, false) + "\n" + command_text(*ended->task, columns) + "\n";
    }
    if (const auto* ended = std::get_if<RunEnded>(&event.kind)) text += ended->error.message();
  }
  std::size_t columns = 100;
  std::string text;
  RunRecorder recorder;

 private:
  EventLines lines_;
};

void check_hidden(const std::string& text, const std::string& file, const char* where) {
  const std::size_t found = text.find(kWord);
  if (found == std::string::npos) return;
  RC_LOG() << file << "\n"
           << where << ": " << text.substr(found - std::min<std::size_t>(found, 80), 200);
  RC_FAIL("a part of a secret is shown");
}

void set_behaviors(const Plan& plan, const Secrets& secrets, FakeExecutor& executor) {
  for (const Task& task : plan.tasks()) {
    FakeExecutor::Behavior behavior;
    behavior.exit_code = *rc::gen::element(0, 1, 3);
    behavior.output = secrets.text();
    behavior.stream = *rc::gen::element(StdStream::out, StdStream::err);
    if (*rc::gen::inRange(0, 3) == 0) behavior.notices = {"left behind: " + secrets.text()};
    if (*rc::gen::inRange(0, 5) == 0) behavior.error = Error::text("exec '" + secrets.text() + "'");
    executor.behaviors[task.full_name] = behavior;
  }
}

}  // namespace

TEST_CASE("[F3.3] no secret of any kind is shown anywhere in any form") {
  const bool holds = rc::check("secrets are hidden", [] {
    const Secrets secrets{{draw_secret(), draw_secret(), draw_secret()}};
    const std::string file = draw_file(secrets);
    const std::expected<Plan, Problems> plan = read_plan(file, Format::yaml, secrets.options());
    if (!plan) {
      RC_TAG("unreadable");
      for (const Problem& problem : plan.error()) check_hidden(problem.what, file, "a problem");
      return;
    }
    RC_TAG("readable");
    RunTest test;
    test.executor.left_behind = {"stopped what was left behind: " + secrets.text()};
    set_behaviors(*plan, secrets, test.executor);
    Everything seen;
    seen.columns = *rc::gen::inRange<std::size_t>(5, 120);
    RunOptions options;
    options.name = plan->root().name;
    Runner runner(test.executor, test.output, seen, options);
    (void)test.run(runner.run(test.background(), test.background(), *plan));
    check_hidden(seen.text, file, "events");
    for (const std::string& shown : test.output.shown) check_hidden(shown, file, "output");
    for (const ReportKind kind : {ReportKind::json, ReportKind::junit, ReportKind::html,
                                  ReportKind::markdown, ReportKind::trace}) {
      std::string report;
      render(kind, seen.recorder.record(), {}, [&](std::string_view text) { report += text; });
      check_hidden(report, file, "a report");
    }
    check_hidden(graph_as_dot(*plan) + graph_as_mermaid(*plan) + graph_as_json(*plan), file,
                 "a graph");
  });
  CHECK(holds);
}
