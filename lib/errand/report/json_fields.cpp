// SPDX-License-Identifier: Apache-2.0
#include "errand/report/json_fields.h"

#include <time.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace errand {
namespace {

Json text_or_null(const Error& error) { return error ? Json(error.message()) : Json(nullptr); }

}  // namespace

std::string rfc3339(WallTime time) {
  using std::chrono::floor;
  const auto milliseconds = floor<std::chrono::milliseconds>(time);
  const auto whole = floor<std::chrono::seconds>(milliseconds);
  const std::time_t since_epoch = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&since_epoch, &parts);
  std::array<char, 40> text;
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction;
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ",
                static_cast<int>((milliseconds - whole).count() % 1000));
  return std::string(text.data(), size) + fraction.data();
}

double seconds(Duration duration) {
  const auto microseconds = std::chrono::duration<double, std::micro>(duration).count();
  return std::round(microseconds) / 1e6;
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_outcome(Json& to, TaskState state, const Error& error,
                 const std::optional<ExitStatus>& status) {
  to["status"] = to_string(state);
  to["cause"] = text_or_null(error);
  if (status) to[status->by_signal() ? "signal" : "exit_code"] = status->number();
}

Json usage_fields(const Usage& usage) {
  Json fields;
  fields["user"] = seconds(usage.user);
  fields["system"] = seconds(usage.system);
  fields["rss_bytes_max"] = usage.rss_bytes_max;
  fields["voluntary_switches"] = usage.voluntary_switches;
  fields["involuntary_switches"] = usage.involuntary_switches;
  return fields;
}

void add_ending(Json& to, const TaskEnded& ended) {
  to["first_failure"] = ended.first_failure;
  to["flaky"] = ended.flaky;
  to["allowed"] = ended.allowed;
  if (ended.excluded) to["excluded"] = true;
  if (!ended.same_as.empty()) to["same_as"] = ended.same_as;
  to["duration"] = seconds(ended.duration);
  to["last_lines"] = ended.last_lines;
}

Json run_cause(const RunEnded& ended) {
  return text_or_null(ended.error ? ended.error : ended.cause);
}

}  // namespace errand
