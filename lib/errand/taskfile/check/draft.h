// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/expand/environments.h"
#include "errand/taskfile/fields/need_fields.h"
#include "errand/taskfile/syntax/source.h"

namespace errand::task_file {

// Where a task's name stands: the key of its map, or something else that check_document() has not
// looked at.
struct NamePlace {
  Offset offset = 0;
  bool is_key = false;
};

// A plan whose names nobody has looked up yet.
struct Draft {
  std::vector<Task> tasks;       // as in a Plan, but no task has needs
  std::vector<NamePlace> names;  // of the tasks
  std::vector<NeedField> needs;  // by task, then as written
  std::vector<Limit> limits;
  std::list<std::string> kept_names;
  // Of matrix tasks: what their names were made of, before it was shortened.
  std::unordered_map<TaskId, std::string> whole_names;
  std::vector<SecretNote> notes;
};

}  // namespace errand::task_file
