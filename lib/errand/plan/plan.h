// SPDX-License-Identifier: Apache-2.0
//
// What a task file says, checked: an immutable tree of tasks. A group is a task that has tasks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errand/base/masker.h"
#include "errand/base/time.h"
#include "errand/plan/defaults.h"
#include "errand/plan/policy.h"

namespace errand {

enum class Mode : std::uint8_t { errgroup, aggregate, race };
std::string_view to_string(Mode mode);

// Where a value stands in its source, both from 1; 0 = nowhere (built by code). Columns count
// bytes, a byte order mark apart.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// A variable for the process; nullopt unsets it.
using EnvEntry = std::pair<std::string, std::optional<std::string>>;

// How many attempts at most; `processors` is for the runner's side to resolve.
struct Jobs {
  enum class Kind : std::uint8_t { count, percent, automatic, unlimited };
  Kind kind = Kind::automatic;
  unsigned value = 0;
};
// "4", "50%", "auto", "0" (no limit). The error says what is wrong, not where the text came from.
Result<Jobs> parse_jobs(std::string_view text);

// SIGTERM from "TERM", "SIGTERM", "15", in any case. The error as above.
Result<int> parse_signal(std::string_view text);

using TaskId = std::uint32_t;  // index into Plan::tasks()

// What the task that needs another waits for.
enum class Condition : std::uint8_t {
  success,
  done,     // its end, however
  started,  // its first attempt
  ready,    // a service that is ready
};
std::string_view to_string(Condition condition);

struct Need {
  TaskId task = 0;
  Condition condition = Condition::success;
  auto operator<=>(const Need&) const = default;
};

// The one that says nothing, shared.
const std::shared_ptr<const Policy>& default_policy();

// Masks nothing; shared.
const std::shared_ptr<const Masker>& no_secrets();

// Why a task does not run again: an earlier run has seen to it.
struct EarlierResult {
  std::string run;         // its id
  bool succeeded = false;  // then and there, as far as what needs it is concerned
  std::string reason;      // "succeeded in run 20260102-030405-1a2b"
};

struct Task {
  TaskId id = 0;
  TaskId parent = 0;      // the root's parent is itself
  std::string name;       // among its siblings
  std::string full_name;  // joined with '/'; the root's is empty
  std::string description;
  Position position;
  Run run;                       // monostate for a group
  std::vector<TaskId> children;  // in file order
  std::vector<Need> needs;       // sorted, each task once
  bool is_group = false;
  // Its place among the tasks of its file or stream, from 1, groups not counted; which of them run,
  // and in which order, does not change it. 0: a group, or built by code that gives none.
  std::uint32_t number = 0;
  std::string excluded;  // why it does not run: "if: env.CI == 'true'"; empty: it may run
  // Why it cannot run although it is to: it fails with this text. Empty: it can run.
  std::string impossible;
  std::shared_ptr<const EarlierResult>
      earlier_result;                   // it does not run, and waits for nothing; null: it runs
  std::uint64_t known_fingerprint = 0;  // of a task that a log tells of; see fingerprint.h
  std::shared_ptr<const Policy> policy = default_policy();  // never null; may be shared

  // Inherited settings are resolved: what stands here is what counts.
  std::shared_ptr<const std::vector<std::string>> shell;  // argv prefix for a Script
  std::string dir;  // absolute or relative to errand's own folder; empty = that folder
  std::shared_ptr<const std::vector<EnvEntry>>
      env;  // never null; outer entries first: of two with one name the later wins
  std::optional<Duration> timeout;  // a task: each attempt, from the nearest setting of the task
                                    // itself or defaults; a group: from its start
  Duration grace = kDefaultGrace;
  int kill_signal = kDefaultKillSignal;
  std::optional<Duration> slow_after;  // of an attempt: a notice, once; none: never
  // The run's: it knows the secrets of all tasks. Never null. Names, the description and the text
  // of `excluded` have been masked with it; everything else is masked where it is shown.
  std::shared_ptr<const Masker> masker = no_secrets();
  bool has_masked_name = false;  // its full name was changed because of a secret in it
  // Groups only.
  Mode mode = Mode::errgroup;
  std::optional<Jobs> jobs;  // none: only the parent's limit
};

// A counting semaphore of the file; `locks` take part in it.
struct Limit {
  std::string name;
  unsigned count = 1;
};

// Something in a task file that is worth a look and no problem.
struct PlanNote {
  Position position;
  std::string text;
};

// Immutable once made. tasks()[0] is the root group, the run itself; parents come before their
// children, siblings stand in file order.
class Plan {
 public:
  explicit Plan(std::vector<Task> tasks, std::vector<Limit> limits = {},
                std::vector<PlanNote> notes = {})
      : tasks_(std::move(tasks)), limits_(std::move(limits)), notes_(std::move(notes)) {}
  std::span<const Task> tasks() const { return tasks_; }
  const Task& root() const { return tasks_.front(); }
  const Task& task(TaskId id) const { return tasks_[id]; }
  const std::vector<Limit>& limits() const { return limits_; }
  // Of the file, by position; a plan that was made of another one has none.
  const std::vector<PlanNote>& notes() const { return notes_; }
  // For a changed plan in the place of this one, which is not to be used any more.
  std::vector<Task> take_tasks() { return std::move(tasks_); }

 private:
  std::vector<Task> tasks_;
  std::vector<Limit> limits_;
  std::vector<PlanNote> notes_;
};

}  // namespace errand
