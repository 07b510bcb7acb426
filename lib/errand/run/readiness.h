// SPDX-License-Identifier: Apache-2.0
//
// Is a service ready? Private to this layer.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"
#include "errand/events/output.h"
#include "errand/plan/policy.h"

namespace errand::detail {

// Of one attempt of a service.
class Readiness {
 public:
  // `stop` ends the attempt.
  Readiness(Runtime& runtime, const ReadyRule& rule, CancelFn stop)
      : rule_(rule), stop_(std::move(stop)), seen_(runtime) {}
  const ReadyRule& rule() const { return rule_; }
  bool watches_log() const { return std::holds_alternative<ReadyRule::Log>(rule_.check); }
  const std::string& log_text() const { return std::get<ReadyRule::Log>(rule_.check).text; }
  // The text stood in a line of its output.
  Event& seen() { return seen_; }
  void give_up(const Error& why) { stop_(why); }

 private:
  const ReadyRule& rule_;
  CancelFn stop_;
  Event seen_;
};

// Looks for the text in what passes through.
class ReadySink final : public OutputSink {
 public:
  ReadySink(Readiness& readiness, OutputSink& next) : readiness_(readiness), next_(next) {}
  Error write(StdStream stream, std::string_view bytes) override;
  bool behind() const override { return next_.behind(); }
  awaitable<void> caught_up(Context context) override {
    return next_.caught_up(std::move(context));
  }

 private:
  Readiness& readiness_;
  OutputSink& next_;
  std::array<std::string, 2> ends_;  // of what came before, as long as a text may be split
};

}  // namespace errand::detail
