// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/mask_texts.h"

#include <string>
#include <unordered_set>
#include <utility>

#include "errand/base/quoted_text.h"
#include "errand/taskfile/expand/matrix.h"

namespace errand::task_file {
namespace {

std::string joined(const std::string& group, const std::string& name) {
  return group.empty() ? name : group + '/' + name;
}

std::string masked_name(const Draft& draft, const Task& task, const Masker& masker) {
  const auto whole = draft.whole_names.find(task.id);
  if (whole == draft.whole_names.end()) return masker.mask(task.name);
  const std::string masked = masker.mask(whole->second);
  return masked == whole->second ? masker.mask(task.name) : matrix_task_name(masked);
}

// The tasks of one group, whose own name is masked already.
void mask_names(Draft& draft, const Task& group, const Masker& masker) {
  std::vector<std::pair<Task*, std::string>> masked;
  std::unordered_set<std::string> taken;
  for (const TaskId id : group.children) {
    Task& task = draft.tasks[id];
    std::string name = masked_name(draft, task, masker);
    // A value may have a "/" in it, and be made of several names.
    const std::string full_name = joined(group.full_name, name);
    if (masker.mask_message(full_name) != full_name) name = kMask;
    if (name == task.name) {
      taken.insert(name);
    } else {
      masked.emplace_back(&task, std::move(name));
    }
    task.full_name = joined(group.full_name, task.name);
    task.has_masked_name = group.has_masked_name;
  }
  for (auto& [task, name] : masked) {
    task->name = name;
    for (int number = 2; !taken.insert(task->name).second; ++number) {
      task->name = name + '#' + std::to_string(number);
    }
    task->full_name = joined(group.full_name, task->name);
    task->has_masked_name = true;
  }
}

void mask_other_texts(Task& task, const std::shared_ptr<const Masker>& masker) {
  constexpr std::size_t kBytesMax = kQuotedBytesMax + 4;  // with "if: "
  task.description = masker->mask(task.description);
  task.excluded = escape(masker->mask(task.excluded), kBytesMax);
  task.masker = masker;
}

}  // namespace

void mask_texts(Draft& draft, const std::shared_ptr<const Masker>& masker) {
  if (!masker->empty()) {
    Task& root = draft.tasks.front();
    root.name = masker->mask(root.name);
    // Parents come before their children.
    for (const Task& task : draft.tasks) mask_names(draft, task, *masker);
  }
  for (Task& task : draft.tasks) mask_other_texts(task, masker);
}

void mask_texts(Task& task, const std::shared_ptr<const Masker>& masker) {
  std::string name = masker->mask(task.name);
  task.has_masked_name = name != task.name;
  task.name = std::move(name);
  task.full_name = task.name;
  mask_other_texts(task, masker);
}

Problems masked(Problems problems, const Masker& masker) {
  for (Problem& problem : problems) problem.what = masker.mask_quoting(problem.what);
  return problems;
}

}  // namespace errand::task_file
