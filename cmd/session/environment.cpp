// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/environment.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <system_error>

#include "cmd/cli/invocation.h"
#include "errand/events/trace_context.h"
#include "errand/process/processors.h"

namespace errand::cmd {

std::vector<std::string> task_environment(const std::vector<std::string_view>& hidden) {
  std::vector<std::string> kept;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    if (std::find(hidden.begin(), hidden.end(), name) == hidden.end()) kept.emplace_back(text);
  }
  return kept;
}

std::vector<std::string> with_color(std::vector<std::string> environment, bool color) {
  constexpr std::string_view name = "FORCE_COLOR=";
  const auto is_yes = [&](const std::string& entry) {
    const std::string_view value =
        std::string_view(entry).substr(std::min(name.size(), entry.size()));
    return entry.starts_with(name) && value != "0" && value != "false";
  };
  const auto names_it = [&](const std::string& entry) { return entry.starts_with(name); };
  if (!color) {
    std::erase_if(environment, is_yes);
  } else if (std::ranges::none_of(environment, names_it)) {
    environment.push_back("FORCE_COLOR=1");
  }
  return environment;
}

std::optional<std::string_view> variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string_view>(value) : std::nullopt;
}

std::string temp_folder() {
  const auto folder = variable("TMPDIR");
  return folder && !folder->empty() ? std::string(*folder) : "/tmp";
}

std::string current_folder() {
  std::error_code gone;
  return std::filesystem::current_path(gone).string();
}

TraceContext given_trace() {
  const auto given = variable("TRACEPARENT");
  if (!given) return {};
  std::random_device random;
  return continue_trace(*given, std::uint64_t{random()} << 32 | random());
}

std::vector<std::string> in_trace(std::vector<std::string> environment, const TraceContext& trace) {
  if (trace.trace_id.empty()) return environment;
  const bool is_new = trace.parent_id.empty();
  std::erase_if(environment, [is_new](const std::string& entry) {
    return entry.starts_with("TRACEPARENT=") || (is_new && entry.starts_with("TRACESTATE="));
  });
  return environment;
}

std::string runs_folder() {
  const auto state = variable("XDG_STATE_HOME");
  if (state && state->starts_with('/')) return std::string(*state) + "/errand/runs";
  const auto home = variable("HOME");
  if (!home || !home->starts_with('/')) return {};
  return std::string(*home) + "/.local/state/errand/runs";
}

bool color_for(int fd, ColorChoice choice) {
  ColorInputs inputs;
  inputs.choice = choice;
  inputs.no_color = variable("NO_COLOR");
  inputs.force_color = variable("FORCE_COLOR");
  inputs.clicolor_force = variable("CLICOLOR_FORCE");
  inputs.clicolor = variable("CLICOLOR");
  inputs.term = variable("TERM");
  inputs.ci = variable("CI");
  inputs.is_terminal = ::isatty(fd) == 1;
  return use_color(inputs);
}

unsigned processors() {
  static const unsigned allowed = [] {
    cpu_set_t set;
    const bool fits = ::sched_getaffinity(0, sizeof set, &set) == 0;  // 1024 processors
    const long count = fits ? long{CPU_COUNT(&set)} : ::sysconf(_SC_NPROCESSORS_ONLN);
    return allowed_processors(static_cast<unsigned>(std::max(1L, count)));
  }();
  return allowed;
}

std::uint64_t random_number() {
  // Not std::random_device: it asks the processor what it can do, which traps in virtual machines.
  std::uint64_t number = 0;
  if (::getentropy(&number, sizeof number) != 0) number = std::random_device()();
  return number;
}

std::string new_run_id() {
  using std::chrono::floor;
  const auto now = floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto day = floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(now - day);
  std::array<char, 32> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%04d%02u%02u-%02d%02d%02d-", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()));
  std::string id(text.data(), static_cast<std::size_t>(size));
  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuv";
  std::uint64_t random = random_number();
  for (int i = 0; i < 6; ++i, random /= digits.size()) id += digits[random % digits.size()];
  return id;
}

}  // namespace errand::cmd
