// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <tuple>

#include "errand/taskfile/syntax/source.h"
#include "fuzz/check.h"

namespace errand::fuzz {
namespace {

constexpr std::size_t kMessageBytesMax = 2000;
constexpr std::size_t kCycleBytesMax = 200'000;  // is told with its names, up to 1000 of them

// How many bytes each line has, without its end: LF, CR LF or CR.
std::vector<std::size_t> line_sizes(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::size_t> sizes(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool pair = text.substr(at).starts_with("\r\n");
    if (text[at] != '\n' && text[at] != '\r') {
      ++sizes.back();
      continue;
    }
    at += pair ? 1 : 0;
    sizes.push_back(0);
  }
  return sizes;
}

auto place_of(const Problem& problem) {
  return std::pair(problem.position.line, problem.position.column);
}

}  // namespace

void promise(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

void check_message(std::string_view what) {
  promise(!what.empty(), "a message says something");
  const bool is_cycle = what.starts_with("cycle: ");
  promise(what.size() <= (is_cycle ? kCycleBytesMax : kMessageBytesMax), "a message is short");
  const auto fault = task_file::find_invalid_byte(what, Format::yaml);
  promise(!fault && what.find_first_of("\t\r\n") == std::string_view::npos,
          "a message can be shown: " + std::string(what));
}

void check_error(const Error& error) {
  const std::string what = error.message();
  promise(!what.empty() && what.size() <= kMessageBytesMax, "an error is told shortly");
  promise(std::ranges::none_of(what, [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }),
          "an error can be shown");
}

void check_problems(const Problems& problems, std::string_view text, std::uint32_t first_line) {
  promise(!problems.empty(), "what is no plan has problems");
  promise(problems.size() <= kProblemsMax + 1, "there are not too many problems");
  const std::vector<std::size_t> sizes = line_sizes(text);
  std::pair<std::uint32_t, std::uint32_t> last;
  for (const Problem& problem : problems) {
    check_message(problem.what);
    if (problem.position.line == 0) {
      promise(&problem == &problems.back() && problems.size() == kProblemsMax + 1,
              "only the count of those left out has no position");
      continue;
    }
    promise(place_of(problem) >= last, "problems are sorted");
    last = place_of(problem);
    const std::size_t line = problem.position.line - first_line;
    promise(problem.position.line >= first_line && line < sizes.size(), "a problem's line exists");
    promise(problem.position.column >= 1 && problem.position.column <= sizes[line] + 1,
            "a problem's column is in its line: " + format_problem("f", problem));
  }
}

ReadOptions read_options() {
  ReadOptions options;
  options.name = "fuzz";
  options.dir = "/work";
  options.variable = [](const std::string& name) -> std::optional<std::string> {
    if (name == "CI") return "true";
    if (name == "EMPTY") return "";
    if (name == "ODD") return "a b\n'\"$x ${{ vars.a }}";
    return {};
  };
  options.read_file = [](const std::string& path) -> Result<std::string> {
    if (path.ends_with(".env")) return "A=1\nB='two\nlines'\nexport C=\"\\n\"\n";
    if (path.ends_with(".bad")) return "A=1\nno name\n";
    return std::unexpected(Error::text("there is no such file"));
  };
  return options;
}

}  // namespace errand::fuzz
