// SPDX-License-Identifier: Apache-2.0
//
// The errors of a run that somebody must recognise: payloads for Error::as<T>().
#pragma once

#include <cstddef>
#include <string>

#include "errand/base/exit_status.h"
#include "errand/base/time.h"
#include "errand/events/events.h"

namespace errand {

// The attempt could not be executed (shell code 126) or was not found (127).
struct NotExecutable {
  std::string text;
  int shell_code = 126;
  std::string message() const { return text; }
};

// Cancels a run because errand itself received this signal; attempts get the same one.
struct SignalReceived {
  int number = 0;
  std::string message() const { return "received " + signal_name(number); }
};

// The cause of a context whose time ran out: whose it was, and how much it had.
struct TimedOut {
  enum class Kind : std::uint8_t { timeout, deadline };
  std::string owner;  // "the run", "group 'lint'"; empty for a task's own
  Duration timeout{};
  Kind kind = Kind::timeout;
  std::string message() const;
  // Is this the message of a task's own timeout, not of its deadline?
  static bool is_timeout(std::string_view message) { return message.starts_with("timed out"); }
};

// Stops the rest of a race.
struct RaceWon {
  std::string task;  // full name
  std::string message() const { return task + " succeeded first"; }
};

// A group's `halt` rule says that it is over.
struct Halted {
  std::string rule;  // "now,fail=3"
  std::string message() const { return "halt " + rule; }
};

// Nothing needs this service any more.
struct ServiceDone {
  std::string message() const { return "nothing needs it any more"; }
};

// A service whose ready check did not succeed in its time.
struct NotReady {
  Duration timeout{};
  std::string last;  // what the check said
  std::string message() const {
    return "not ready after " + format_duration(timeout) + (last.empty() ? "" : ": " + last);
  }
};

// The rest of a stream of tasks could not be read.
struct InputFailure {
  std::string text;
  std::string message() const { return text; }
};

// A task, or a group, that did not succeed: one failure of the group around it.
struct TaskFailure {
  std::string task;  // full name
  TaskState state = TaskState::failed;
  std::string what;    // "exit 2"
  int shell_code = 1;  // what errand exits with when this decides
  std::string message() const { return task + ": " + what; }
  // "lint failed (exit 2)", "lint timed out after 3s", "lint: the deadline of 5s passed": for what
  // is canceled because of it.
  std::string as_cause() const;
};

// Several failures of a group in a mode in which no single one decides.
struct TasksFailed {
  std::size_t failed = 0;
  std::size_t total = 0;        // tasks of the group
  std::string message() const;  // "2 of 5 tasks failed"
};

// How a cause of a cancellation reads after "canceled: ".
std::string cause_text(const Error& cause);

}  // namespace errand
