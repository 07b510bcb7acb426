// SPDX-License-Identifier: Apache-2.0
#include "errand/run/nothing_ran.h"

namespace errand {
namespace {

std::string all_tasks(std::size_t count) {
  return count == 1 ? "the only task" : "all " + std::to_string(count) + " tasks";
}

NothingRan success(std::string why) { return {{}, "note: nothing was started: " + std::move(why)}; }

}  // namespace

std::optional<NothingRan> judge_coverage(const RunCoverage& coverage) {
  if (coverage.started > 0) return std::nullopt;
  if (coverage.given > coverage.excluded) {
    const std::string count = std::to_string(coverage.given - coverage.excluded);
    return NothingRan{Error::text("nothing was started, though " + count +
                                  (count == "1" ? " task was" : " tasks were") + " to run"),
                      {}};
  }
  if (coverage.given > 0)
    return success("if, when or an earlier run leaves out " + all_tasks(coverage.given));
  if (coverage.left_out > 0)
    return success("--only and --skip leave out " + all_tasks(coverage.left_out));
  if (coverage.empty_error) return NothingRan{coverage.empty_error, {}};
  return success("the input has no task");
}

}  // namespace errand
