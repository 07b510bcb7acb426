// SPDX-License-Identifier: Apache-2.0
//
// How a task or a group is to be run, beyond what every task has: values, checked by the readers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "errand/base/result.h"
#include "errand/base/time.h"

namespace errand {

struct Script {
  std::string text;  // run by the task's shell
};
using Argv = std::vector<std::string>;  // run without a shell; never empty
// Where a word of an Argv has "{%}", which the number of the attempt's slot replaces.
struct SlotPlaceholder {
  std::uint32_t word = 0, at = 0;
};
using Run = std::variant<std::monostate, Script, Argv>;

// When a task runs, by how others have ended: what it needs or, where it needs nothing, everything
// in its group that has on_success (it runs last then). The last two also run once the group is
// canceled, and are canceled themselves only by a second signal or by their own time.
enum class When : std::uint8_t {
  on_success,
  on_failure,  // one of them did not succeed
  always,
};
std::string_view to_string(When when);

// Exit codes that do not count as failures of the run.
struct AllowFailure {
  bool any = false;  // every failure, timeouts too
  std::vector<int> exit_codes;
};

struct RetryRule {
  enum class Growth : std::uint8_t { exponential, linear, constant };
  enum class Jitter : std::uint8_t { full, equal, none };
  unsigned count = 0;  // tries after the first
  Duration delay = std::chrono::seconds(1);
  Growth backoff = Growth::exponential;
  double multiplier = 2;
  Duration max_delay = std::chrono::seconds(30);
  Jitter jitter = Jitter::full;
  std::vector<int> on_exit;  // empty: every failure
  bool on_timeout = true;
};

// The duration that so many of a hundred earlier attempts did not exceed: p95.
struct Percentile {
  unsigned value = 95;  // from 1 to 99
};
std::string format(Percentile percentile);
// "2s", "p95". The error says what is wrong, not where the text came from.
using HedgeDelay = std::variant<Duration, Percentile>;
Result<HedgeDelay> parse_hedge_delay(std::string_view text);

// gRPC A6.
struct HedgeRule {
  HedgeDelay delay;
  unsigned max_attempts = 2;        // the original included
  std::vector<int> non_fatal_exit;  // empty: every exit code is non-fatal
};

// Of a task that takes part in one of Plan::limits().
struct Lock {
  std::uint32_t limit = 0;  // index
  unsigned count = 1;
};

struct ReadyRule {
  struct Log {
    std::string text;  // in a line of its output
  };
  struct Exec {
    Run run;  // succeeds
  };
  struct Tcp {
    std::string host;
    std::string port;
  };
  std::variant<Log, Exec, Tcp> check;
  Duration timeout = std::chrono::seconds(60);
};

struct Input {
  enum class Kind : std::uint8_t { null, inherit, file };
  Kind kind = Kind::null;
  std::string path;  // relative to the task's dir
};

// A limit of setrlimit(2) by its number there; soft and hard. nullopt = unlimited.
struct ResourceLimit {
  int resource = 0;
  std::optional<std::uint64_t> value;
};
// Its name in a task file: "nofile". Empty: there it has none.
std::string_view resource_name(int resource);

// "now,fail=3", "soon,success=1", "now,done=50%": GNU parallel's --halt.
struct Halt {
  enum class Speed : std::uint8_t { now, soon };  // stop what runs too, or start no more
  enum class Trigger : std::uint8_t { fail, success, done };
  Speed speed = Speed::now;
  Trigger trigger = Trigger::fail;
  unsigned count = 1;
  bool percent = false;  // of the group's tasks
};
// The error says what is wrong, not where the text came from.
Result<Halt> parse_halt(std::string_view text);
std::string format(const Halt& halt);

// Attempts start at least `per` / `count` apart.
struct Rate {
  unsigned count = 1;
  Duration per = std::chrono::seconds(1);
};
// "10/s", "100/m", "5/h". The error as above.
Result<Rate> parse_rate(std::string_view text);
std::string format(const Rate& rate);

// Opens after `failures` attempts in a row that failed, for `delay`.
struct BreakerRule {
  unsigned failures = 5;
  Duration delay = std::chrono::seconds(30);
};

struct Policy {
  // Tasks.
  std::vector<Run> then;  // cmds: what runs after Task::run, each if the one before succeeded
  std::vector<SlotPlaceholder> slot_placeholders;  // in Task::run, in order
  When when = When::on_success;                    // groups too
  AllowFailure allow_failure;
  std::vector<int> success_exit_codes = {0};
  RetryRule retry;
  std::optional<HedgeRule> hedge;
  std::optional<Duration> deadline;     // from the start of the first attempt
  std::vector<Lock> locks;              // sorted by limit, each once
  std::vector<std::string> lock_names;  // in place of locks where there is no plan: each for one
  unsigned weight = 1;     // job slots of an attempt; more than there are counts as all
  std::string dedupe_key;  // tasks with an equal one share one outcome; empty: none
  bool service = false;
  std::optional<ReadyRule> ready;  // none: ready as soon as it has started
  Input input;
  bool tty = false;
  bool interactive = false;
  std::optional<int> nice;
  std::vector<ResourceLimit> resource_limits;
  std::optional<std::uint64_t> memory_bytes_max;

  // Groups.
  std::optional<Halt> halt;
  std::optional<Rate> rate;
  std::optional<BreakerRule> breaker;
};

}  // namespace errand
