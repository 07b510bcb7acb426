// SPDX-License-Identifier: Apache-2.0
//
// How many attempts may run at once, counted together with make, ninja and other errands above and
// below by GNU make's jobserver.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/process/jobserver/jobserver.h"

namespace errand::cmd {

struct JobBudget {
  std::optional<JobserverPipe> pipe;     // none: nobody shares
  unsigned pool_jobs = 0;                // of our own pool; 0: it is somebody else's
  std::optional<std::string> makeflags;  // what tasks are to have in MAKEFLAGS; none: what we have
  std::optional<Jobs> jobs;  // where the command line says nothing; none: as the file says
  std::string note;          // why a jobserver is not used that one would expect
};

// Somebody else's jobserver in MAKEFLAGS counts unless jobs were `given` on the command line, and
// so does a make that runs one job at a time; without one there is a pool of our own, of as many
// jobs as the run may have: `given`, else `in_file`.
JobBudget job_budget(const std::optional<Jobs>& given, const std::optional<Jobs>& in_file);

// `environment` with the budget's MAKEFLAGS.
std::vector<std::string> with_makeflags(std::vector<std::string> environment,
                                        const JobBudget& budget);

}  // namespace errand::cmd
