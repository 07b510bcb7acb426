// SPDX-License-Identifier: Apache-2.0
#include "errand/report/failure_list.h"

#include "support/summary_screen.h"

using namespace errand;
using namespace errand::test;

TEST_CASE("[F4.1] failures whose kept last lines are all equal are folded into one") {
  SummaryOptions options;
  options.log = [](const Task& task) { return "/runs/" + task.name + ".log"; };
  Screen screen(options, {"", "ci.yaml"});
  const Plan plan = make_plan(names(3), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  for (const Task& task : plan.tasks().subspan(1)) {
    screen.end(with_output(failed(task, 1), "boom\n"));
  }
  CHECK(screen.finish("3 of 3 tasks failed") ==
        "3 tasks: 3 failed in 3.2s\n"
        "t1: failed: exit 1 in 3.1s\n"
        "  command: make t1\n"
        "    boom\n"
        "  log: /runs/t1.log\n"
        "  rerun: errand run ci.yaml t1\n"
        "  same failure: t2, log: /runs/t2.log\n"
        "  same failure: t3, log: /runs/t3.log\n"
        "3 tasks failed:\n"
        "  t1: exit 1\n"
        "  t2: exit 1\n"
        "  t3: exit 1\n");
}

TEST_CASE("[F4.1] an equal last line alone folds nothing") {
  Screen screen;
  const Plan plan = make_plan(names(2), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  screen.end(with_output(failed(plan.task(1), 1), "x.c:1: no such thing\n1 error generated.\n"));
  screen.end(with_output(failed(plan.task(2), 1), "y.c:7: wrong type\n1 error generated.\n"));
  const std::string text = screen.finish("x");
  CHECK(text.find("x.c:1: no such thing") != text.npos);
  CHECK(text.find("y.c:7: wrong type") != text.npos);
  CHECK(text.find("  command: make t2\n") != text.npos);
}

TEST_CASE("[F4.1] equal lines with another status are another failure") {
  Screen screen;
  const Plan plan = make_plan(names(2), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  screen.end(with_output(failed(plan.task(1), 1), "boom\n"));
  screen.end(with_output(failed(plan.task(2), 2), "boom\n"));
  const std::string text = screen.finish("x");
  CHECK(text.find("t1: failed: exit 1") != text.npos);
  CHECK(text.find("t2: failed: exit 2") != text.npos);
}

TEST_CASE("[F4.1] of a hundred equal failures some are named with the first, all in the list") {
  Screen screen({});
  const Plan plan = make_plan(names(100), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  for (const Task& task : plan.tasks().subspan(1)) screen.end(failed(task, 1));
  const std::string text = screen.finish("x");
  CHECK(text.find("  same failure: t2, t3, ") != text.npos);
  CHECK(text.find(", t21\n  same failure: 79 tasks more\n100 tasks failed:\n") != text.npos);
  CHECK(text.find("t100: exit 1") != text.npos);
}

TEST_CASE("[F4.2] the first 20 distinct failures have their details, a thousand their names") {
  SummaryOptions options;
  options.journal = [] { return "/runs/7"; };
  Screen screen(options, {});
  const Plan plan = make_plan(names(1200), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  for (const Task& task : plan.tasks().subspan(1)) {
    screen.end(with_output(failed(task, 1), "boom of " + task.name));
  }
  const std::string text = screen.finish("x");
  CHECK(text.starts_with("1200 tasks: 1200 failed in 3.2s\n"));
  CHECK(text.find("boom of t20\n") != text.npos);
  CHECK(text.find("boom of t21\n") == text.npos);
  CHECK(text.find("\nand 1180 more failures\n1200 tasks failed:\n") != text.npos);
  CHECK(text.find("t1000: exit 1") != text.npos);
  CHECK(text.find("t1001: exit 1") == text.npos);
  CHECK(text.ends_with("\n  and 200 more: /runs/7\n"));
}

TEST_CASE("[F4.2] more than 20 failed tasks are listed in columns, read downwards") {
  SummaryOptions options;
  options.detail = SummaryDetail::error_only;
  Screen screen(options, {});
  const Plan plan = make_plan(names(21), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  for (const Task& task : plan.tasks().subspan(1)) screen.end(failed(task, 1));
  CHECK(screen.finish("x") ==
        "21 tasks failed:\n"
        "  t1: exit 1   t5: exit 1   t9: exit 1   t13: exit 1  t17: exit 1  t21: exit 1\n"
        "  t2: exit 1   t6: exit 1   t10: exit 1  t14: exit 1  t18: exit 1\n"
        "  t3: exit 1   t7: exit 1   t11: exit 1  t15: exit 1  t19: exit 1\n"
        "  t4: exit 1   t8: exit 1   t12: exit 1  t16: exit 1  t20: exit 1\n");
}

TEST_CASE("[F4.2] a name that is wider than the screen is not cut") {
  SummaryOptions options;
  options.detail = SummaryDetail::error_only;
  options.columns = [] { return 10; };
  Screen screen(options, {});
  std::vector<std::string> all = names(25);
  all.push_back(std::string(200, 'n'));
  const Plan plan = make_plan(all, Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  for (const Task& task : plan.tasks().subspan(1)) screen.end(failed(task, 1));
  CHECK(screen.finish("x").ends_with("\n  t25: exit 1\n  " + std::string(200, 'n') + ": exit 1\n"));
}

TEST_CASE("failures of two groups are listed as if they had been in one") {
  const auto task = [](TaskId id, const std::string& what) {
    FailedTask failed;
    failed.id = id;
    failed.name = "t" + std::to_string(id);
    failed.what = what;
    return failed;
  };
  FailureList first, second;
  first.add(task(5, "exit 1"), 1);
  second.add(task(2, "exit 1"), 2);
  second.add(task(3, "exit 2"), 3);
  first.add(task(1, "exit 3"), 4);
  first.merge(second);
  CHECK(first.count() == 4);
  std::vector<std::string> described, named;
  for (const FailureList::Distinct& one : first.distinct()) described.push_back(one.task.name);
  for (const auto& [id, text] : first.names()) named.push_back(text);
  CHECK(described == std::vector<std::string>{"t5", "t3", "t1"});
  REQUIRE(first.distinct().front().same.size() == 1);
  CHECK(first.distinct().front().same.front().name == "t2");
  CHECK(named == std::vector<std::string>{"t1: exit 3", "t2: exit 1", "t3: exit 2", "t5: exit 1"});
}

TEST_CASE("the task that decided is shown for all that failed in the same way") {
  FailureList list;
  FailedTask task;
  task.what = "exit 1";
  for (TaskId id = 1; id <= 3; ++id) {
    task.id = id;
    task.name = "t" + std::to_string(id);
    task.decided = id == 2;
    list.add(task, id);
  }
  REQUIRE(list.distinct().size() == 1);
  CHECK(list.distinct().front().task.name == "t2");
  CHECK(list.distinct().front().same_count == 2);
}
