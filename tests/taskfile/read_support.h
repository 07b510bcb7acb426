// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "errand/taskfile/read.h"

// What the tests of the readers share.

using Lines = std::vector<std::string>;

inline Lines format_all(const errand::Problems& problems) {
  Lines lines;
  for (const errand::Problem& problem : problems) {
    lines.push_back(errand::format_problem("f", problem));
  }
  return lines;
}

inline Lines problems_in(std::string_view text, errand::Format format,
                         const errand::ReadOptions& options = {}) {
  const auto plan = errand::read_plan(text, format, options);
  return plan ? Lines{} : format_all(plan.error());
}

inline Lines yaml_problems(std::string_view text) {
  return problems_in(text, errand::Format::yaml);
}

inline Lines json_problems(std::string_view text) {
  return problems_in(text, errand::Format::json);
}

// Of these tasks, each to succeed.
inline std::vector<errand::Need> needs(std::initializer_list<errand::TaskId> ids) {
  std::vector<errand::Need> needs;
  for (const errand::TaskId id : ids) needs.push_back({id});
  return needs;
}

// A plan that must be right.
inline errand::Plan must_read(std::string_view text, errand::Format format,
                              const errand::ReadOptions& options = {}) {
  auto plan = errand::read_plan(text, format, options);
  if (plan) return std::move(*plan);
  errand::Task failed;
  failed.name = "unreadable: " + format_all(plan.error()).front();
  return errand::Plan({failed});
}

inline errand::Plan yaml_plan(std::string_view text, const errand::ReadOptions& options = {}) {
  return must_read(text, errand::Format::yaml, options);
}

inline errand::Plan json_plan(std::string_view text, const errand::ReadOptions& options = {}) {
  return must_read(text, errand::Format::json, options);
}

// The task with this full name; the run itself, named so that a comparison fails, if there is none.
inline errand::Task task_named(const errand::Plan& plan, std::string_view full_name) {
  for (const errand::Task& task : plan.tasks()) {
    if (task.full_name == full_name && task.id != 0) return task;
  }
  errand::Task missing = plan.root();
  missing.name += " has no such task";
  return missing;
}

inline std::string script_of(const errand::Task& task) {
  const auto* script = std::get_if<errand::Script>(&task.run);
  return script ? script->text : "(no script)";
}

inline errand::Argv argv_of(const errand::Task& task) {
  const auto* argv = std::get_if<errand::Argv>(&task.run);
  return argv ? *argv : errand::Argv{"(no argv)"};
}

// Everything but the positions, one line a task.
std::string dump(const errand::Plan& plan);
std::string dump(const errand::Task& task);
