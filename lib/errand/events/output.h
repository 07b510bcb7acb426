// SPDX-License-Identifier: Apache-2.0
//
// Where the bytes go that tasks write.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "errand/base/error.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/events/events.h"
#include "errand/plan/plan.h"

namespace errand {

enum class StdStream : std::uint8_t { out, err };

// One attempt's output. Lives as long as the attempt.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  // Takes the bytes at once, all 256 values. An error (a full disk) fails the attempt.
  virtual Error write(StdStream stream, std::string_view bytes) = 0;
  // True: do not read more from the process before caught_up() has returned.
  virtual bool behind() const = 0;
  // Returns also as soon as the context is done.
  virtual awaitable<void> caught_up(Context context) = 0;
  // Once, after the last write: what of it can be read again.
  virtual KeptOutput kept() { return {}; }
};

// The output of one of several attempts of a task of which only one counts.
class HeldSink : public OutputSink {
 public:
  // Shows what was written and what comes; without it nothing ever is. A second call does nothing.
  // An error as of write().
  virtual Error keep() = 0;
};

// How an attempt's stdout and stderr reach us.
enum class Capture : std::uint8_t {
  separate,  // a pipe for each
  merged,    // one pipe for both: exact order of arrival; everything counts as StdStream::out
  inherit,   // not at all: the attempt writes to errand's own descriptors
};

// Where the output of all attempts goes. Owns the descriptors behind it.
class OutputTarget {
 public:
  virtual ~OutputTarget() = default;
  virtual Capture capture() const = 0;
  // `task` outlives the sink.
  virtual std::unique_ptr<OutputSink> open(const Task& task, int attempt) = 0;
  virtual std::unique_ptr<HeldSink> hold(const Task& task, int attempt) = 0;
};

}  // namespace errand
