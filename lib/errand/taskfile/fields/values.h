// SPDX-License-Identifier: Apache-2.0
//
// Reads the value of one key. What is wrong with it becomes a problem at its place, and nothing is
// returned then.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// Numbers and true/false count as the text they are written with.
std::optional<std::string_view> read_text(const Entry& entry, ProblemList& problems);
std::optional<Argv> read_argv(const Entry& entry, ProblemList& problems);
// Text is a script, a list is an argv. `name` is what messages call it.
std::optional<Run> read_run(const Node& value, std::string_view name, ProblemList& problems);
std::optional<Duration> read_duration(const Entry& entry, ProblemList& problems);
// A duration, or p1 to p99.
std::optional<HedgeDelay> read_hedge_delay(const Entry& entry, ProblemList& problems);
// The same as read_duration(), and not 0.
std::optional<Duration> read_timeout(const Entry& entry, ProblemList& problems);
std::optional<Jobs> read_jobs(const Entry& entry, ProblemList& problems);
std::optional<int> read_signal(const Entry& entry, ProblemList& problems);
std::optional<Mode> read_mode(const Entry& entry, ProblemList& problems);
std::optional<std::string_view> read_dir(const Entry& entry, ProblemList& problems);
// Neither empty nor long, and without a slash.
void check_task_name(std::string_view name, Offset offset, ProblemList& problems);
inline constexpr std::size_t kTaskNameBytesMax = 255;
void check_version(const Entry& entry, ProblemList& problems);
// In file order; null unsets.
std::vector<EnvEntry> read_env(const Entry& entry, ProblemList& problems);
// true or false.
std::optional<bool> read_flag(const Entry& entry, ProblemList& problems);
struct Range {
  int min = 0;
  int max = 0;
};
// A whole number, written in digits.
std::optional<int> read_number(const Entry& entry, Range range, ProblemList& problems);
// How many of something: 1 to kCountMax.
std::optional<unsigned> read_count(const Entry& entry, ProblemList& problems);
inline constexpr int kCountMax = 1'000'000;
// "512M": bytes, 1024-based.
std::optional<std::uint64_t> read_size(const Entry& entry, ProblemList& problems);
// A list of texts, or one: "a list of WHAT".
std::vector<const Node*> read_texts(const Entry& entry, std::string_view what,
                                    ProblemList& problems);
// One or a list of 0 to 255, sorted; never empty.
std::optional<std::vector<int>> read_exit_codes(const Entry& entry, ProblemList& problems);
// The same, or "any", which is an empty list.
std::optional<std::vector<int>> read_some_exit_codes(const Entry& entry, ProblemList& problems);
std::optional<Halt> read_halt(const Entry& entry, ProblemList& problems);
std::optional<Rate> read_rate(const Entry& entry, ProblemList& problems);
// The text of one of these words.
std::optional<std::string_view> read_word(const Entry& entry,
                                          std::span<const std::string_view> words,
                                          ProblemList& problems);

// `path` as the file means it, whose folder is `dir`.
std::string join_dir(std::string_view dir, std::string_view path);
// A text, a number, true or false.
inline bool is_text(const Node& value) { return value.is_scalar() && value.kind != NodeKind::null; }
// Can this be the name of a variable of a process?
inline bool is_variable_name(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos;
}
// [A-Za-z_][A-Za-z0-9_-]*, as expressions can name it.
bool is_identifier(std::string_view name);

// A problem at the value: "KEY" expects EXPECTED, found a list.
void add_wrong_type(const Node& value, std::string_view name, std::string_view expected,
                    ProblemList& problems);
// A problem at the value: KEY: ERROR.
void add_error(const Entry& entry, const Error& error, ProblemList& problems);

}  // namespace errand::task_file
