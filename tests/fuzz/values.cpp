// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cmath>

#include "errand/base/time.h"
#include "errand/plan/plan.h"
#include "errand/plan/policy.h"
#include "errand/process/jobserver/make_flags.h"
#include "errand/taskfile/fields/size.h"
#include "fuzz/check.h"
#include "fuzz/targets.h"

namespace errand::fuzz {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Duration kLongest = hours(24 * 366 * 100);
constexpr double kRounding = 0.011;  // three digits below a minute, then whole seconds

void check_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return promise(!duration.error().message().empty(), "an error says something");
  promise(*duration >= Duration::zero() && *duration <= kLongest, "a duration has bounds");
  const auto again = parse_duration(format_duration(*duration));
  promise(again.has_value(), "a formatted duration is one");
  const double difference = std::abs(static_cast<double>((*again - *duration).count()));
  promise(difference <= kRounding * static_cast<double>(duration->count()) + 1, "nearly the same");
}

void check_jobs(std::string_view text) {
  const auto jobs = parse_jobs(text);
  if (!jobs) return check_error(jobs.error());
  const bool counts = jobs->kind == Jobs::Kind::count || jobs->kind == Jobs::Kind::percent;
  promise(counts == (jobs->value > 0), "jobs that count have a count");
}

void check_signal(std::string_view text) {
  const auto signal = parse_signal(text);
  if (!signal) return check_error(signal.error());
  promise(*signal >= 1 && *signal <= 64, "a signal has a number");
}

void check_halt(std::string_view text) {
  const auto halt = parse_halt(text);
  if (!halt) return check_error(halt.error());
  const auto again = parse_halt(format(*halt));
  promise(again && format(*again) == format(*halt), "a formatted halt is the same");
  promise(halt->count >= 1 && (!halt->percent || halt->count <= 100), "halt counts");
}

void check_rate(std::string_view text) {
  const auto rate = parse_rate(text);
  if (!rate) return check_error(rate.error());
  const auto again = parse_rate(format(*rate));
  promise(again && again->count == rate->count && again->per == rate->per,
          "a formatted rate is the same");
}

void check_size(std::string_view text) {
  const auto size = parse_size(text);
  if (!size) return check_error(size.error());
  promise(*size > 0, "a size is not 0");
  promise(parse_size(std::to_string(*size)).has_value(), "bytes are a size");
}

void check_make_flags(std::string_view text) {
  MakeFlags flags(text);
  promise(MakeFlags(flags.text()).text() == flags.text(), "MAKEFLAGS are written as they are read");
  (void)flags.jobserver();
  flags.remove_jobserver();
  flags.remove_jobs();
  const auto none = flags.jobserver();
  promise(none && !*none, "a jobserver that is removed is gone");
  flags.add("--jobserver-auth=3,4");
  const auto added = MakeFlags(flags.text()).jobserver();
  promise(added.has_value(), "what errand adds is understood");
  promise(!*added || ((*added)->read_end == 3 && (*added)->write_end == 4), "and found again");
}

}  // namespace

void values(std::string_view text) {
  check_duration(text);
  check_jobs(text);
  check_signal(text);
  check_halt(text);
  check_rate(text);
  check_size(text);
  check_make_flags(text);
}

}  // namespace errand::fuzz
