// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/job_budget.h"

#include "cmd/session/environment.h"
#include "errand/run/runner.h"

namespace errand::cmd {
namespace {

constexpr std::string_view kName = "MAKEFLAGS=";

void tell_tasks(MakeFlags flags, JobBudget& budget) {
  flags.remove_jobserver();
  flags.add(std::string(kInheritedJobserver));
  budget.makeflags = flags.text();
}

// False: there is none that can be used.
bool join(const MakeFlags& flags, JobBudget& budget) {
  const auto address = flags.jobserver();
  if (address && !*address) return false;
  Result<JobserverPipe> pipe =
      address ? join_jobserver(**address) : std::unexpected(address.error());
  if (!pipe) {
    budget.note = "the jobserver of MAKEFLAGS is not used: " + pipe.error().message();
    return false;
  }
  if (pipe->shared[0]) tell_tasks(flags, budget);
  budget.pipe = std::move(*pipe);
  return true;
}

void serve(MakeFlags flags, unsigned jobs, JobBudget& budget) {
  const std::string before = flags.text();
  flags.remove_jobserver();
  const bool limited = jobs > 0 && jobs <= kJobserverJobsMax;
  if (limited) flags.remove_jobs();
  if (flags.text() != before) budget.makeflags = flags.text();
  if (!limited || jobs == 1) return;
  Result<JobserverPipe> pipe = make_jobserver(jobs);
  if (!pipe) {
    budget.note = "tasks get no jobserver: " + pipe.error().message();
    return;
  }
  budget.pipe = std::move(*pipe);
  budget.pool_jobs = jobs;
  flags.add("-j" + std::to_string(jobs));
  tell_tasks(std::move(flags), budget);
}

}  // namespace

JobBudget job_budget(const std::optional<Jobs>& given, const std::optional<Jobs>& in_file) {
  JobBudget budget;
  const MakeFlags flags(variable("MAKEFLAGS").value_or(""));
  if (!given && join(flags, budget)) {
    if (!in_file) budget.jobs = {Jobs::Kind::unlimited, 0};  // its tokens are the limit
    return budget;
  }
  unsigned jobs = resolve_jobs(given ? *given : in_file.value_or(Jobs{}), processors());
  if (!given && flags.is_serial()) {
    jobs = 1;
    budget.jobs = {Jobs::Kind::count, jobs};
  } else if (!in_file) {
    budget.jobs = Jobs{};
  }
  serve(flags, jobs, budget);
  return budget;
}

std::vector<std::string> with_makeflags(std::vector<std::string> environment,
                                        const JobBudget& budget) {
  if (!budget.makeflags) return environment;
  std::erase_if(environment, [](const std::string& entry) { return entry.starts_with(kName); });
  if (!budget.makeflags->empty()) environment.push_back(std::string(kName) + *budget.makeflags);
  return environment;
}

}  // namespace errand::cmd
