// SPDX-License-Identifier: Apache-2.0
#include "errand/console/ci.h"

#include <chrono>

#include "errand/base/escape_text.h"

namespace errand {
namespace {

struct Replacement {
  char character;
  std::string_view text;
};

template <std::size_t N>
std::string replaced(std::string_view text, const Replacement (&replacements)[N]) {
  std::string result;
  for (const char c : text) {
    std::string_view as(&c, 1);
    for (const Replacement& one : replacements) {
      if (one.character == c) as = one.text;
    }
    result += as;
  }
  return result;
}

constexpr Replacement kGithubText[] = {{'%', "%25"}, {'\r', "%0D"}, {'\n', "%0A"}};
constexpr Replacement kGithubProperty[] = {
    {'%', "%25"}, {'\r', "%0D"}, {'\n', "%0A"}, {':', "%3A"}, {',', "%2C"}};
constexpr Replacement kAzureText[] = {{'%', "%AZP25"}, {'\r', "%0D"}, {'\n', "%0A"}};

// Characters beyond ASCII may stand as they are.
constexpr Replacement kTeamcity[] = {{'|', "||"},  {'\'', "|'"}, {'\n', "|n"},
                                     {'\r', "|r"}, {'[', "|["},  {']', "|]"}};

std::string seconds(WallTime time) {
  using namespace std::chrono;
  return std::to_string(duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

// GitLab's names take letters, digits, '_', '.' and '-', and must be unique in a job.
std::string section(const Fold& fold) {
  return seconds(fold.began) + ":errand_" + seconds(fold.began) + "_" + std::to_string(fold.task);
}

}  // namespace

std::string_view to_string(CiSystem system) {
  switch (system) {
    case CiSystem::none:
      return "";
    case CiSystem::github:
      return "GitHub Actions";
    case CiSystem::gitlab:
      return "GitLab";
    case CiSystem::azure:
      return "Azure Pipelines";
    case CiSystem::teamcity:
      return "TeamCity";
  }
  return "";
}

std::string fold_begin(CiSystem system, const Fold& fold) {
  switch (system) {
    case CiSystem::none:
      return {};
    case CiSystem::github:
      return "::group::" + replaced(fold.title, kGithubText) + "\n";
    case CiSystem::gitlab:
      return "\x1b[0Ksection_start:" + section(fold) + "[collapsed=true]\r\x1b[0K" + fold.title +
             "\n";
    case CiSystem::azure:
      return "##[group]" + fold.title + "\n";
    case CiSystem::teamcity:
      return "##teamcity[blockOpened name='" + replaced(fold.title, kTeamcity) + "']\n";
  }
  return {};
}

std::string fold_end(CiSystem system, const Fold& fold) {
  switch (system) {
    case CiSystem::none:
      return {};
    case CiSystem::github:
      return "::endgroup::\n";
    case CiSystem::gitlab:
      return "\x1b[0Ksection_end:" + seconds(fold.ended) +
             section(fold).substr(seconds(fold.began).size()) + "\r\x1b[0K\n";
    case CiSystem::azure:
      return "##[endgroup]\n";
    case CiSystem::teamcity:
      return "##teamcity[blockClosed name='" + replaced(fold.title, kTeamcity) + "']\n";
  }
  return {};
}

std::string annotation_line(CiSystem system, const Annotation& annotation) {
  const bool error = annotation.severity == Severity::error;
  const std::string& text = annotation.text;
  switch (system) {
    case CiSystem::none:
    case CiSystem::gitlab:
      return {};
    case CiSystem::github:
      return std::string(error ? "::error" : "::warning") +
             " title=" + replaced(annotation.title, kGithubProperty) +
             "::" + replaced(text, kGithubText) + "\n";
    case CiSystem::azure:
      return "##vso[task.logissue type=" + std::string(error ? "error" : "warning") + "]" +
             replaced(text, kAzureText) + "\n";
    case CiSystem::teamcity: {
      // TeamCity's own limit for a description.
      constexpr std::size_t kColumnsMax = 4000;
      const std::string all = replaced(shorten(text, kColumnsMax), kTeamcity);
      return error ? "##teamcity[buildProblem description='" + all + "']\n"
                   : "##teamcity[message text='" + all + "' status='WARNING']\n";
    }
  }
  return {};
}

}  // namespace errand
