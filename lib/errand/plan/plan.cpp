// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/plan.h"

#include <string.h>

#include <algorithm>
#include <csignal>

#include "errand/base/nearest.h"
#include "errand/base/quoted_text.h"
#include "errand/base/whole_number.h"

namespace errand {
namespace {

using task_file::escape;
using task_file::quote;

constexpr unsigned kJobsMax = 1'000'000;
constexpr int kNamedSignalsEnd = 32;  // those behind are the real-time signals
constexpr int kSignalMax = 64;

std::unexpected<Error> bad_jobs(std::string_view text) {
  return std::unexpected(Error::text(
      quote(text) + " is not a number of jobs; write 4, 50% or auto, or 0 for no limit"));
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return upper;
}

std::vector<std::string_view> signal_names() {
  std::vector<std::string_view> names;
  for (int number = 1; number < kNamedSignalsEnd; ++number) {
    const char* name = ::sigabbrev_np(number);
    names.push_back(name ? name : "");
  }
  return names;
}

Error unknown_signal(std::string_view text, std::string_view name,
                     const std::vector<std::string_view>& names) {
  const std::string near = nearest(name, names);
  const std::string advice =
      near.empty() ? "; write a name such as TERM or a number" : ", did you mean \"" + near + "\"?";
  return Error::text("unknown signal " + quote(text) + advice);
}

}  // namespace

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::errgroup:
      return "errgroup";
    case Mode::aggregate:
      return "aggregate";
    case Mode::race:
      return "race";
  }
  return "";
}

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::success:
      return "success";
    case Condition::done:
      return "done";
    case Condition::started:
      return "started";
    case Condition::ready:
      return "ready";
  }
  return "";
}

const std::shared_ptr<const Policy>& default_policy() {
  static const auto policy = std::make_shared<const Policy>();
  return policy;
}

const std::shared_ptr<const Masker>& no_secrets() {
  static const auto masker = std::make_shared<const Masker>();
  return masker;
}

Result<Jobs> parse_jobs(std::string_view text) {
  if (text == "auto") return Jobs{Jobs::Kind::automatic, 0};
  const bool percent = text.ends_with('%');
  const auto number =
      parse_whole_number<unsigned>(percent ? text.substr(0, text.size() - 1) : text);
  if (!number || *number > kJobsMax || (percent && *number == 0)) return bad_jobs(text);
  if (percent) return Jobs{Jobs::Kind::percent, *number};
  if (*number == 0) return Jobs{Jobs::Kind::unlimited, 0};
  return Jobs{Jobs::Kind::count, *number};
}

Result<int> parse_signal(std::string_view text) {
  if (const auto number = parse_whole_number<unsigned>(text)) {
    if (*number >= 1 && *number <= kSignalMax) return static_cast<int>(*number);
    return std::unexpected(Error::text("signal " + quote(text) + " is not between 1 and 64"));
  }
  const std::string upper = to_upper(text);
  std::string_view name = upper;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  const auto names = signal_names();
  const auto found = std::ranges::find(names, name);
  if (name.empty() || found == names.end()) {
    return std::unexpected(unknown_signal(text, name, names));
  }
  return static_cast<int>(found - names.begin()) + 1;
}

}  // namespace errand
