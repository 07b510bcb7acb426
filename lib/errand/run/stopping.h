// SPDX-License-Identifier: Apache-2.0
//
// Says whom the user waits for while attempts are being stopped.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "errand/concurrency/runtime.h"
#include "errand/run/executor.h"

namespace errand {

// An executor that passes everything on to another one, and tells which attempts take their time to
// stop: "waiting for build, test (4s to SIGKILL)", a moment after the first of them was asked to,
// and once more when SIGKILL did not help. Outlives its attempts.
class StoppingNotices final : public Executor {
 public:
  static constexpr Duration kNotifyAfter = std::chrono::seconds(1);
  static constexpr std::size_t kNamesMax = 8;

  // `notify` takes a line of text. It and `executor` outlive this.
  StoppingNotices(Executor& executor, Runtime& runtime, std::function<void(std::string)> notify);

  // lint: outlives: the attempt and its output are the runner's, which awaits this.
  awaitable<AttemptResult> run(Context context, Context force_stop, const Attempt& attempt,
                               OutputSink& output, Capture capture) override;
  // lint: outlives: as above.
  awaitable<Error> probe(Context context, Context force_stop, const Attempt& attempt) override;
  awaitable<std::vector<std::string>> close() override { return executor_.close(); }

 private:
  struct Stopping {
    const Task* task;
    Context force_stop;
    TimePoint killed_at;
  };
  using Entry = std::list<Stopping>::iterator;

  Entry begin(const Task& task, const Context& force_stop);
  void end(Entry entry);
  void notify();
  std::string names() const;

  Executor& executor_;
  Runtime& runtime_;
  std::function<void(std::string)> notify_;
  std::list<Stopping> stopping_;
  Timer timer_;
};

}  // namespace errand
