// SPDX-License-Identifier: Apache-2.0
//
// The resolved plan as text: what --dry-run prints.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/commands/shown_plan.h"
#include "cmd/session/hedge_history.h"
#include "errand/base/escape_text.h"
#include "errand/shell/plain_command.h"

namespace errand::cmd {
namespace {

constexpr std::string_view kNoShell = "no shell";

std::vector<const Run*> runs_of(const Task& task) {
  std::vector<const Run*> runs = {&task.run};
  for (const Run& run : task.policy->then) runs.push_back(&run);
  return runs;
}

bool is_script(const Run* run) { return std::holds_alternative<Script>(*run); }

// Of the default shell alone is it known what it would do.
bool has_default_shell(const Task& task) { return !task.shell || *task.shell == kDefaultShell; }

bool needs_no_shell(const Task& task, const Run* run) {
  const auto* script = std::get_if<Script>(run);
  return script && has_default_shell(task) && plain_command(script->text);
}

// One line for each task and group, and one below it for each of its settings.
class DryRun {
 public:
  DryRun(const Plan& plan, const Durations& history)
      : plan_(plan), history_(history), texts_(plan) {}

  std::string describe() {
    describe_group(plan_.root(), 0);
    // Once more: a value may stand in several words.
    return plan_.root().masker->mask_message(text_);
  }

 private:
  void describe_group(const Task& group, std::size_t depth) {
    std::string kind(to_string(group.mode));
    if (group.jobs) {
      kind += group.jobs->kind == Jobs::Kind::unlimited
                  ? ", no limit of jobs"
                  : ", " + setting_line("jobs", jobs_value(*group.jobs));
    }
    if (group.timeout) kind += ", timeout " + format_duration(*group.timeout);
    add_head(group, depth, kind);
    add_details(group, depth);
    for (const TaskId child : group.children) {
      const Task& task = plan_.task(child);
      if (task.is_group) {
        describe_group(task, depth + 1);
      } else {
        describe_task(task, depth + 1);
      }
    }
  }

  void describe_task(const Task& task, std::size_t depth) {
    const std::vector<const Run*> runs = runs_of(task);
    add_head(task, depth, command(task, runs.front()));
    for (const Run* run : std::span(runs).subspan(1)) {
      add_detail(depth, "then " + command(task, run));
    }
    if (const std::string shell = shell_of(task); !shell.empty()) add_detail(depth, shell);
    add_details(task, depth);
  }

  void add_head(const Task& task, std::size_t depth, const std::string& what) {
    text_ += std::string(2 * depth, ' ') + escape_text(task.name) + ": " + what + '\n';
  }
  void add_detail(std::size_t depth, const std::string& what) {
    text_ += std::string(2 * depth + 4, ' ') + what + '\n';
  }

  void add_details(const Task& task, std::size_t depth) {
    if (!task.needs.empty()) add_detail(depth, "needs " + needs_text(plan_, task));
    const Json settings = settings_of(plan_, task, texts_, Audience::person);
    for (const auto& [key, value] : settings.items()) {
      const bool said = key == "shell" || (task.is_group && key == "timeout");
      if (!said) add_detail(depth, setting_line(key, value));
    }
    if (const Percentile* percentile = hedge_percentile(task)) {
      add_detail(depth, hedge_text(task, *percentile, history_));
    }
  }

  // Tasks that have scripts of both kinds say it of each.
  std::string command(const Task& task, const Run* run) const {
    if (!is_script(run)) return setting_line_of_argv(run);
    const auto* script = std::get_if<Script>(run);
    const bool mixed = !all_alike(task) && needs_no_shell(task, run);
    return texts_.line(script->text) + (mixed ? "  (" + std::string(kNoShell) + ")" : "");
  }

  std::string setting_line_of_argv(const Run* run) const {
    std::string words;
    if (const auto* argv = std::get_if<Argv>(run)) {
      for (const std::string& word : *argv)
        words += (words.empty() ? "" : ", ") + texts_.line(word);
    }
    return "[" + words + "]";
  }

  static bool all_alike(const Task& task) {
    const std::vector<const Run*> runs = runs_of(task);
    const auto plain = [&](const Run* run) { return needs_no_shell(task, run); };
    const auto scripts = std::ranges::count_if(runs, is_script);
    const auto without = std::ranges::count_if(runs, plain);
    return without == 0 || without == scripts;
  }

  std::string shell_of(const Task& task) const {
    const std::vector<const Run*> runs = runs_of(task);
    if (std::ranges::none_of(runs, is_script)) return {};
    const auto decides = [&](const Run* run) {
      return is_script(run) && !needs_no_shell(task, run);
    };
    if (std::ranges::none_of(runs, decides)) return std::string(kNoShell);
    std::string shell = "shell";
    for (const std::string& word : task.shell ? *task.shell : kDefaultShell)
      shell += ' ' + texts_.line(word);
    return shell;
  }

  const Plan& plan_;
  const Durations& history_;
  const ShownTexts texts_;
  std::string text_;
};

}  // namespace

std::string describe(const Plan& plan, const Durations& history) {
  return DryRun(plan, history).describe();
}

}  // namespace errand::cmd
