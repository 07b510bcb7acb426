// SPDX-License-Identifier: Apache-2.0
#include "cmd/cli/option_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "errand/base/whole_number.h"

namespace errand::cmd {
namespace {

std::unexpected<Error> bad_value(const std::string& text, const std::string& what) {
  return std::unexpected(Error::text("'" + text + "' " + what));
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> found;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(' ', at)) != std::string::npos) {
    const std::size_t end = text.find(' ', at);
    found.push_back(text.substr(at, end - at));
    if (end == std::string::npos) break;
    at = end;
  }
  return found;
}

constexpr std::array<std::pair<std::string_view, ReportKind>, 6> kReportKinds = {
    {{"json", ReportKind::json},
     {"junit", ReportKind::junit},
     {"html", ReportKind::html},
     {"markdown", ReportKind::markdown},
     {"trace", ReportKind::trace},
     {"events", ReportKind::events}}};

std::optional<ReportKind> kind_of_report(const std::string& name) {
  for (const auto& [known, kind] : kReportKinds) {
    if (name == known) return kind;
  }
  return std::nullopt;
}

}  // namespace

Error not_available(const std::string& what) {
  return Error::text("'" + what + "' is not available yet");
}

Result<Duration> read_positive(const std::string& text) {
  Result<Duration> duration = parse_duration(text);
  if (duration && *duration <= Duration::zero()) return bad_value(text, "must be more than zero");
  return duration;
}

Result<Mode> read_mode(const std::string& text) {
  for (const Mode mode : {Mode::errgroup, Mode::aggregate, Mode::race}) {
    if (text == to_string(mode)) return mode;
  }
  return bad_value(text, "is not a mode; errgroup, aggregate or race");
}

Result<std::optional<OutputMode>> read_output(const std::string& text) {
  if (text == "auto") return std::nullopt;
  if (text == "live") return OutputMode::live;
  if (text == "group") return OutputMode::group;
  if (text == "ordered") return OutputMode::ordered;
  if (text == "errors") return OutputMode::errors;
  if (text == "raw") return OutputMode::raw;
  if (text == "quiet") return OutputMode::quiet;
  return bad_value(text, "is not an output mode; auto, live, group, ordered, errors, raw or quiet");
}

Result<ColorChoice> read_color(const std::string& text) {
  if (text == "auto") return ColorChoice::automatic;
  if (text == "always") return ColorChoice::always;
  if (text == "never") return ColorChoice::never;
  return bad_value(text, "is not one of auto, always, never");
}

Result<ProgressChoice> read_progress(const std::string& text) {
  if (text == "auto") return ProgressChoice::automatic;
  if (text == "bar") return ProgressChoice::bar;
  if (text == "plain") return ProgressChoice::plain;
  if (text == "none") return ProgressChoice::none;
  return bad_value(text, "is not one of auto, bar, plain, none");
}

Result<std::optional<CiSystem>> read_ci(const std::string& text) {
  if (text == "auto") return std::nullopt;
  if (text == "github") return CiSystem::github;
  if (text == "gitlab") return CiSystem::gitlab;
  if (text == "azure") return CiSystem::azure;
  if (text == "teamcity") return CiSystem::teamcity;
  if (text == "none") return CiSystem::none;
  return bad_value(text, "is not one of auto, github, gitlab, azure, teamcity, none");
}

std::string_view name_of(ReportKind kind) {
  return std::ranges::find(kReportKinds, kind, [](const auto& known) { return known.second; })
      ->first;
}

Result<ReportRequest> read_report(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string kind = text.substr(0, equals);
  const std::string path = equals == std::string::npos ? "" : text.substr(equals + 1);
  const auto known = kind_of_report(kind);
  if (!known) {
    return bad_value(kind, "is not a kind of report; json, junit, html, markdown, trace or events");
  }
  if (path.empty()) return std::unexpected(Error::text("write it as " + kind + "=PATH"));
  return ReportRequest{*known, path};
}

Result<std::optional<ReportKind>> read_report_format(const std::string& text) {
  if (text == "text") return std::nullopt;
  if (const auto kind = kind_of_report(text)) return kind;
  return bad_value(text, "is not a format; text, json, junit, html, markdown, trace or events");
}

Result<std::string> read_log_file(const std::string& text) {
  if (text.empty() || text == "-")
    return bad_value(text, "is not the path of a file; for the screen: -v");
  return text;
}

Result<std::string> read_job_log(const std::string& text) {
  if (text.empty() || text == "+") return bad_value(text, "is not the path of a file");
  return text;
}

Result<std::string> read_results(const std::string& text) {
  if (text.empty()) return bad_value(text, "is not the path of a folder");
  return text;
}

Result<std::pair<std::string, std::string>> read_pair(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) return bad_value(text, "is not NAME=VALUE");
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

Result<std::vector<std::string>> read_shell(const std::string& text) {
  std::vector<std::string> prefix = words(text);
  if (prefix.empty()) return std::unexpected(Error::text("is empty; write it as 'bash -euc'"));
  return prefix;
}

Result<LoadLimit> read_load(const std::string& text) {
  LoadLimit limit;
  limit.percent = text.ends_with('%');
  const char* end = text.data() + text.size() - (limit.percent ? 1 : 0);
  const auto [rest, failed] =
      std::from_chars(text.data(), end, limit.value, std::chars_format::fixed);
  if (failed != std::errc() || rest != end || !std::isfinite(limit.value) || limit.value <= 0) {
    return bad_value(text, "is not a load; write 4, 1.5 or, of the processors, 80%");
  }
  return limit;
}

Result<unsigned> read_count(const std::string& text) {
  constexpr unsigned most = 1'000'000;
  const auto count = parse_whole_number<unsigned>(text);
  if (!count || *count > most) return bad_value(text, "is not a number from 0 to 1000000");
  return *count;
}

Result<std::size_t> read_values_max(const std::string& text) {
  constexpr unsigned most = 1'000'000;
  if (text == "auto") return std::unexpected(not_available("auto"));
  const auto count = parse_whole_number<unsigned>(text);
  if (count && *count >= 1 && *count <= most) return *count;
  return bad_value(text,
                   "is not a number of arguments from 1 to 1000000; to only print what would "
                   "run: --dry-run");
}

Result<GraphFormat> read_graph_format(const std::string& text) {
  if (text == "dot") return GraphFormat::dot;
  if (text == "mermaid") return GraphFormat::mermaid;
  if (text == "json") return GraphFormat::json;
  return bad_value(text, "is not one of dot, mermaid, json");
}

Result<int> read_nice(const std::string& text) {
  const auto nice = parse_whole_number<int>(text);
  if (!nice || *nice < -20 || *nice > 19) return bad_value(text, "is not a number from -20 to 19");
  return *nice;
}

Result<std::uint64_t> read_seed(const std::string& text) {
  if (const auto seed = parse_whole_number<std::uint64_t>(text)) return *seed;
  return bad_value(text, "is not a seed; write a whole number");
}

}  // namespace errand::cmd
