// SPDX-License-Identifier: Apache-2.0
//
// The texts of options, and what they mean.
#include "cmd/cli/option_values.h"

#include "support/catch.h"

namespace errand::test {
namespace {

using namespace std::chrono_literals;

// The message of a text that `read` must refuse.
template <class Read>
std::string refused(Read read, const std::string& text) {
  CAPTURE(text);
  const auto value = read(text);
  return value ? "taken" : value.error().message();
}

template <class Read>
void must_refuse_all(Read read, std::initializer_list<const char*> texts) {
  for (const char* text : texts) {
    CAPTURE(text);
    CHECK_FALSE(read(text));
  }
}

TEST_CASE("a timeout is longer than nothing") {
  CHECK(cmd::read_positive("1h30m") == Duration(90min));
  CHECK(cmd::read_positive("250ms") == Duration(250ms));
  CHECK(refused(cmd::read_positive, "0s") == "'0s' must be more than zero");
  must_refuse_all(cmd::read_positive, {"", "-1s", "soon", "5 s x"});
}

TEST_CASE("modes, colours, progress and systems are named, and the error names them all") {
  CHECK(cmd::read_mode("race") == Mode::race);
  CHECK(cmd::read_color("never") == ColorChoice::never);
  CHECK(cmd::read_progress("plain") == cmd::ProgressChoice::plain);
  CHECK(cmd::read_ci("teamcity").value() == CiSystem::teamcity);
  CHECK(cmd::read_graph_format("mermaid") == cmd::GraphFormat::mermaid);
  CHECK(refused(cmd::read_mode, "Race") == "'Race' is not a mode; errgroup, aggregate or race");
  CHECK(refused(cmd::read_color, "") == "'' is not one of auto, always, never");
  CHECK(refused(cmd::read_progress, "bars") == "'bars' is not one of auto, bar, plain, none");
  CHECK(refused(cmd::read_graph_format, "svg") == "'svg' is not one of dot, mermaid, json");
  must_refuse_all(cmd::read_ci, {"", "jenkins", "GITHUB"});
  must_refuse_all(cmd::read_output, {"", "loud", "Live"});
}

TEST_CASE("auto leaves the choice of an output mode and of a CI system open") {
  CHECK(cmd::read_output("auto").value() == std::nullopt);
  CHECK(cmd::read_output("ordered").value() == OutputMode::ordered);
  CHECK(cmd::read_ci("auto").value() == std::nullopt);
  CHECK(cmd::read_ci("none").value() == CiSystem::none);
}

TEST_CASE("a report is KIND=PATH, and a path may have signs") {
  const Result<cmd::ReportRequest> report = cmd::read_report("junit=a=b.xml");
  REQUIRE(report);
  CHECK(report->kind == ReportKind::junit);
  CHECK(report->path == "a=b.xml");
  CHECK(cmd::read_report("events=-")->path == "-");
  CHECK(refused(cmd::read_report, "json") == "write it as json=PATH");
  CHECK(refused(cmd::read_report, "json=") == "write it as json=PATH");
  CHECK(refused(cmd::read_report, "=x").starts_with("'' is not a kind of report; json, junit"));
}

TEST_CASE("each kind of report has a name that --format takes, and text is none of them") {
  for (const ReportKind kind : {ReportKind::json, ReportKind::junit, ReportKind::html,
                                ReportKind::markdown, ReportKind::trace, ReportKind::events})
    CHECK(cmd::read_report_format(std::string(cmd::name_of(kind))).value() == kind);
  CHECK(cmd::read_report_format("text").value() == std::nullopt);
  must_refuse_all(cmd::read_report_format, {"", "xml", "JSON"});
}

TEST_CASE("files and folders have a path") {
  CHECK(cmd::read_log_file("a.log") == "a.log");
  CHECK(cmd::read_job_log("+a.log") == "+a.log");
  CHECK(cmd::read_results("out") == "out");
  must_refuse_all(cmd::read_log_file, {"", "-"});
  must_refuse_all(cmd::read_job_log, {"", "+"});
  must_refuse_all(cmd::read_results, {""});
}

TEST_CASE("a variable is NAME=VALUE, and a value may be empty or have signs") {
  using Pair = std::pair<std::string, std::string>;
  CHECK(cmd::read_pair("A=b=c") == Pair("A", "b=c"));
  CHECK(cmd::read_pair("A=") == Pair("A", ""));
  CHECK(refused(cmd::read_pair, "=x") == "'=x' is not NAME=VALUE");
  must_refuse_all(cmd::read_pair, {"", "A"});
}

TEST_CASE("a shell is cut at blanks") {
  using Words = std::vector<std::string>;
  CHECK(cmd::read_shell("  bash  -euc ") == Words{"bash", "-euc"});
  must_refuse_all(cmd::read_shell, {"", "   "});
}

TEST_CASE("a load is a number above zero, or a part of the processors") {
  CHECK(cmd::read_load("1.5")->value == 1.5);
  CHECK_FALSE(cmd::read_load("1.5")->percent);
  CHECK(cmd::read_load("80%")->value == 80);
  CHECK(cmd::read_load("80%")->percent);
  must_refuse_all(cmd::read_load, {"", "%", "0", "-1", "1e3", "nan", "inf", "4x", "80%%", " 4"});
}

TEST_CASE("numbers have bounds") {
  CHECK(cmd::read_count("0") == 0U);
  CHECK(cmd::read_count("1000000") == 1'000'000U);
  must_refuse_all(cmd::read_count, {"", "-1", "1000001", "99999999999999999999", "1.5", "+1"});
  CHECK(cmd::read_nice("-20") == -20);
  CHECK(cmd::read_nice("19") == 19);
  must_refuse_all(cmd::read_nice, {"", "-21", "20", "x"});
  CHECK(cmd::read_seed("18446744073709551615") == 18'446'744'073'709'551'615U);
  must_refuse_all(cmd::read_seed, {"", "-1", "18446744073709551616", "0x1"});
}

}  // namespace
}  // namespace errand::test
