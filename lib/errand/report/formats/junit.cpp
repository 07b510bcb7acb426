// SPDX-License-Identifier: Apache-2.0
//
// The run as JUnit XML, in Surefire's form, which Jenkins, GitLab and others read: a test suite for
// each group, a test case for each task.
#include <algorithm>
#include <array>
#include <cstdio>

#include "errand/base/escape_text.h"
#include "errand/base/utf8.h"
#include "errand/events/json_text.h"
#include "errand/report/render.h"

namespace errand {
namespace {

// XML 1.0 has no way to write most control characters, so they are replaced.
bool is_xml(const Utf8Character& character) {
  if (!character.valid) return false;
  const char32_t code = character.code;
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code != 0xFFFE && code != 0xFFFF;
}

std::string xml(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const Utf8Character next = decode_utf8(text);
    constexpr std::string_view kSpecial = "&<>\"\n\r\t";
    constexpr std::array<std::string_view, 7> kEntities = {"&amp;", "&lt;",  "&gt;", "&quot;",
                                                           "&#10;", "&#13;", "&#9;"};
    const auto special = next.bytes == 1 ? kSpecial.find(text.front()) : kSpecial.npos;
    if (special != kSpecial.npos) {
      escaped += kEntities[special];
    } else {
      escaped += is_xml(next) ? text.substr(0, next.bytes) : "\xef\xbf\xbd";
    }
    text.remove_prefix(next.bytes);
  }
  return escaped;
}

// Lines as text of an element, without colours and the like.
std::string xml_lines(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    text += xml(plain_line(lines.substr(0, end))) + "\n";
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + xml(value) + "\"";
}

std::string seconds(Duration duration) {
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), "%.3f", std::chrono::duration<double>(duration).count());
  return text.data();
}

struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  void add(const Counts& other) {
    tests += other.tests;
    failures += other.failures;
    errors += other.errors;
    skipped += other.skipped;
  }
};

struct Result {
  std::string_view element;  // "failure", "error", "skipped"; empty: a success
  std::string type, message;
};

Result result_of(const TaskRecord& task, const RunRecord& run) {
  const std::string cause(cause_of(task));
  if (!task.ended) return {"error", "unfinished", "unfinished: " + cause};
  const std::string state(to_string(task.state));
  switch (task.state) {
    case TaskState::succeeded:
      return {};
    case TaskState::canceled:
    case TaskState::skipped:
      return {"skipped", state, state + ": " + cause};
    case TaskState::failed:
    case TaskState::timed_out:
      break;
  }
  if (task.allowed) return {"skipped", "allowed", "allowed failure: " + cause};
  if (is_lost(task, run)) {
    return {"skipped", "ignored", "a failure that decided nothing: " + cause};
  }
  // No test framework's assertion, but something that could not even be run.
  const bool ran = task.status || task.state == TaskState::timed_out || task.group;
  return {ran ? "failure" : "error", state, cause};
}

class Junit {
 public:
  Junit(const RunRecord& run, ReportText& out) : run_(run), out_(out) {
    children_.resize(run.tasks.size() + 1);
    for (std::size_t i = 0; i < run.tasks.size(); ++i) {
      children_[run.tasks[i].parent ? *run.tasks[i].parent + 1 : 0].push_back(i);
    }
    counts_.resize(children_.size());
    own_cases_.resize(children_.size());
    for (std::size_t i = children_.size(); i-- > 0;) counts_[i] = count(i);
  }

  void write() {
    const Counts& all = counts_[0];
    out_ << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" << attribute("name", name())
         << counts_text(all) << attribute("time", seconds(run_.duration)) << ">\n";
    suite(0);
    out_ << "</testsuites>\n";
  }

 private:
  std::string name() const { return run_.name.empty() ? "errand" : run_.name; }
  static std::string counts_text(const Counts& counts) {
    return attribute("tests", std::to_string(counts.tests)) +
           attribute("failures", std::to_string(counts.failures)) +
           attribute("errors", std::to_string(counts.errors));
  }
  // A group is told by its tasks; where these are all well, by a case of its own.
  bool needs_own_case(std::size_t suite, const Counts& inside) const {
    if (inside.failures + inside.errors > 0) return false;
    if (suite == 0) return !run_.ended || run_.state != TaskState::succeeded;
    return counts_as_failure(run_.tasks[suite - 1], run_);
  }
  // Children come after their parents, so theirs are there already.
  Counts count(std::size_t suite) {
    Counts sum;
    for (const std::size_t child : children_[suite]) {
      if (run_.tasks[child].group) {
        sum.add(counts_[child + 1]);
      } else {
        add(sum, result_of(run_.tasks[child], run_));
      }
    }
    own_cases_[suite] = needs_own_case(suite, sum);
    if (own_cases_[suite]) add(sum, own_result(suite));
    return sum;
  }
  static void add(Counts& to, const Result& result) {
    ++to.tests;
    if (result.element == "failure") ++to.failures;
    if (result.element == "error") ++to.errors;
    if (result.element == "skipped") ++to.skipped;
  }
  Result own_result(std::size_t suite) const {
    if (suite > 0) return result_of(run_.tasks[suite - 1], run_);
    if (!run_.ended) return {"error", "unfinished", "unfinished: " + std::string(kUnfinishedText)};
    return {"error", std::string(to_string(run_.state)), run_.cause};
  }
  // Groups are nested no deeper than the readers of task files allow.
  void suite(std::size_t index) {
    const TaskRecord* group = index == 0 ? nullptr : &run_.tasks[index - 1];
    const Counts& counts = counts_[index];
    out_ << "<testsuite" << attribute("name", group ? group->name : name()) << counts_text(counts)
         << attribute("skipped", std::to_string(counts.skipped))
         << attribute("time", seconds(group ? group->duration : run_.duration));
    const Duration began = group && group->ready ? *group->ready : Duration::zero();
    const auto at = run_.started + std::chrono::duration_cast<WallTime::duration>(began);
    out_ << attribute("timestamp", rfc3339(at).substr(0, 19)) << ">\n";
    for (const std::size_t child : children_[index]) {
      if (run_.tasks[child].group) {
        suite(child + 1);
      } else {
        test_case(run_.tasks[child]);
      }
    }
    if (own_cases_[index]) {
      out_ << "<testcase" << attribute("classname", class_name(group ? group->name + "/" : ""))
           << attribute("name", group ? "(the group)" : "(the run)") << ">\n";
      element(own_result(index), "");
      out_ << "</testcase>\n";
    }
    out_ << "</testsuite>\n";
  }
  // "ci.lint" for lint/format: Jenkins makes packages of it.
  std::string class_name(std::string_view task) const {
    const auto slash = task.rfind('/');
    std::string text = name();
    if (slash != task.npos) text += "." + std::string(task.substr(0, slash));
    std::ranges::replace(text, '/', '.');
    return text;
  }
  void test_case(const TaskRecord& task) {
    const auto slash = task.name.rfind('/');
    const std::string own = slash == task.name.npos ? task.name : task.name.substr(slash + 1);
    out_ << "<testcase" << attribute("classname", class_name(task.name)) << attribute("name", own)
         << attribute("time", seconds(task.duration)) << ">\n";
    const std::string lines = xml_lines(task.last_lines);
    const Result result = result_of(task, run_);
    element(result, task.command.empty() ? "" : "$ " + xml(task.command) + "\n" + lines);
    failed_attempts(task);
    if (!lines.empty()) out_ << "<system-out>" << lines << "</system-out>\n";
    out_ << "</testcase>\n";
  }
  void element(const Result& result, const std::string& text) {
    if (result.element.empty()) return;
    const bool skipped = result.element == "skipped";
    out_ << "<" << result.element << attribute("type", result.type)
         << attribute("message", result.message);
    if (skipped || text.empty()) {
      out_ << "/>\n";
    } else {
      out_ << ">" << text << "</" << result.element << ">\n";
    }
  }
  // The tries before the last one, as Surefire tells of tests that it runs again.
  void failed_attempts(const TaskRecord& task) {
    if (task.attempts.size() < 2) return;
    const std::string_view name = task.flaky ? "flakyFailure" : "rerunFailure";
    for (const AttemptRecord& attempt : task.attempts) {
      const bool failed = is_failure(attempt.state);
      if (!attempt.ended || !failed) continue;
      if (!task.flaky && &attempt == &task.attempts.back()) continue;
      const std::string which = "attempt " + std::to_string(attempt.number) + ": ";
      const std::string lines = xml_lines(attempt.last_lines);
      out_ << "<" << name << attribute("type", to_string(attempt.state))
           << attribute("message", which + attempt.cause) << ">"
           << "<stackTrace>" << xml(attempt.cause) << "</stackTrace>";
      if (!lines.empty()) out_ << "<system-out>" << lines << "</system-out>";
      out_ << "</" << name << ">\n";
    }
  }

  const RunRecord& run_;
  ReportText& out_;
  std::vector<std::vector<std::size_t>> children_;  // of the run, then of each task
  std::vector<Counts> counts_;
  std::vector<bool> own_cases_;
};

}  // namespace

void render_junit(const RunRecord& run, const TextSink& sink) {
  ReportText out(sink);
  Junit(run, out).write();
}

}  // namespace errand
