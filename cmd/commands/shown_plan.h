// SPDX-License-Identifier: Apache-2.0
//
// What a plan says, for the commands that show it: as values for programs or as text for people,
// and in neither a secret's value.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "errand/plan/plan.h"

namespace errand::cmd {

using Json = nlohmann::ordered_json;

// The texts of a plan without the secrets of any of its tasks. Names and descriptions need no more
// masking.
class ShownTexts {
 public:
  explicit ShownTexts(const Plan& plan) : masker_(plan.root().masker) {}
  // For programs.
  std::string raw(std::string_view text) const { return masker_->mask(text); }
  // For people: one line that cannot steer a terminal.
  std::string line(std::string_view text) const;

 private:
  std::shared_ptr<const Masker> masker_;
};

enum class Audience {
  program,  // durations are numbers of seconds; everything that is inherited stands in each task
  person,   // durations are "1h30m"; variables stand at the outermost task that has them
};

// Each setting of `task` that differs from its default, by its key in the task file. What a task
// runs, its needs and what kind of group it is are not among them.
Json settings_of(const Plan& plan, const Task& task, const ShownTexts& texts, Audience audience);

// "retry count 2, delay 1s": a setting for people, in one line.
std::string setting_line(std::string_view key, const Json& value);

// A script as a text, an argv as a list.
Json run_value(const Run& run, const ShownTexts& texts);

// Full names, with the condition of each unless it is success: "build, db (ready)".
std::string needs_text(const Plan& plan, const Task& task);

// 4, "50%", "auto"; 0 for no limit.
Json jobs_value(const Jobs& jobs);

}  // namespace errand::cmd
