// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/values.h"

#include <algorithm>
#include <array>
#include <utility>

#include "errand/base/nearest.h"
#include "errand/base/quoted_text.h"
#include "errand/base/whole_number.h"
#include "errand/taskfile/fields/size.h"
#include "errand/taskfile/syntax/spelling.h"

namespace errand::task_file {
namespace {

constexpr std::size_t kPathBytesMax = 4095;   // the kernel's limit
constexpr std::size_t kSettingBytesMax = 64;  // of a duration, a number, a signal's name

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// A short text that `parse` understands.
template <class T>
std::optional<T> read_parsed(const Entry& entry, std::string_view expected,
                             Result<T> (*parse)(std::string_view), ProblemList& problems) {
  const Node& value = *entry.value;
  if (!is_text(value) || value.text.size() > kSettingBytesMax) {
    add_wrong_type(value, entry.key->text, expected, problems);
    return {};
  }
  Result<T> parsed = parse(value.text);
  if (parsed) return std::move(*parsed);
  add_error(entry, parsed.error(), problems);
  return {};
}

Argv read_items(const Node& list, std::string_view name, ProblemList& problems) {
  Argv argv;
  for (const Node& item : Items(list)) {
    if (!is_text(item)) {
      add_wrong_type(item, name, "a list of text", problems);
    } else {
      argv.emplace_back(item.text);
    }
  }
  return argv;
}

std::optional<Argv> read_argv_list(const Node& list, std::string_view name, ProblemList& problems) {
  Argv argv = read_items(list, name, problems);
  if (!argv.empty() && !argv.front().empty()) return argv;
  if (list.size == 1 || (!argv.empty() && is_text(*(&list + 1)))) {
    problems.add(list.offset, quote(name) + " names no program; it is the first in the list");
  }
  return {};
}

void add_env_entry(const Entry& entry, std::vector<EnvEntry>& env, ProblemList& problems) {
  const std::string_view name = entry.key->text;
  if (!is_variable_name(name)) {
    problems.add(entry.key->offset, quote(name) + " cannot be the name of a variable");
  } else if (!entry.value->is_scalar()) {
    add_wrong_type(*entry.value, name, "text, or null to unset the variable", problems);
  } else if (entry.value->kind == NodeKind::null) {
    env.emplace_back(name, std::nullopt);
  } else {
    env.emplace_back(name, std::string(entry.value->text));
  }
}

// What stands there, as the user can find it again.
std::string describe_found(const Node& value) {
  if (value.kind == NodeKind::text) return quote(value.text);
  if (is_text(value)) return escape(value.text, kQuotedBytesMax);
  if (value.kind == NodeKind::list && value.size == 1) return "an empty list";
  return std::string(describe(value.kind));
}

Result<int> parse_integer(std::string_view text, Range range) {
  const auto value = parse_whole_number<int>(text);
  if (value && *value >= range.min && *value <= range.max) return *value;
  return std::unexpected(Error::text(quote(text) + " is not a whole number from " +
                                     std::to_string(range.min) + " to " +
                                     std::to_string(range.max)));
}

}  // namespace

void add_error(const Entry& entry, const Error& error, ProblemList& problems) {
  problems.add(entry.value->offset, [&] {
    return escape(entry.key->text, kQuotedBytesMax) + ": " + escape(error.message());
  });
}

void add_wrong_type(const Node& value, std::string_view name, std::string_view expected,
                    ProblemList& problems) {
  problems.add(value.offset, [&] {
    return quote(name) + " expects " + std::string(expected) + ", found " + describe_found(value);
  });
}

std::optional<std::string_view> read_text(const Entry& entry, ProblemList& problems) {
  if (is_text(*entry.value)) return entry.value->text;
  add_wrong_type(*entry.value, entry.key->text, "text", problems);
  return {};
}

std::optional<Argv> read_argv(const Entry& entry, ProblemList& problems) {
  if (entry.value->kind == NodeKind::list) {
    return read_argv_list(*entry.value, entry.key->text, problems);
  }
  add_wrong_type(*entry.value, entry.key->text, "a list such as [sh, -ec]", problems);
  return {};
}

std::optional<Run> read_run(const Node& value, std::string_view name, ProblemList& problems) {
  if (value.kind == NodeKind::list) {
    auto argv = read_argv_list(value, name, problems);
    return argv ? std::optional<Run>(std::move(*argv)) : std::nullopt;
  }
  if (!is_text(value)) {
    add_wrong_type(value, name, "a script or a list of arguments", problems);
  } else if (is_blank(value.text)) {
    problems.add(value.offset, quote(name) + " is empty; write a script or a list of arguments");
  } else {
    return Script{std::string(value.text)};
  }
  return {};
}

std::optional<Duration> read_duration(const Entry& entry, ProblemList& problems) {
  return read_parsed(entry, "a duration such as 250ms, 10s or 1h30m", parse_duration, problems);
}

std::optional<HedgeDelay> read_hedge_delay(const Entry& entry, ProblemList& problems) {
  return read_parsed(entry, "a duration such as 2s, or p95", parse_hedge_delay, problems);
}

std::optional<Duration> read_timeout(const Entry& entry, ProblemList& problems) {
  const auto timeout = read_duration(entry, problems);
  if (!timeout || *timeout > Duration::zero()) return timeout;
  problems.add(entry.value->offset,
               std::string(entry.key->text) + ": must be longer than 0; leave it out for no limit");
  return {};
}

std::optional<Jobs> read_jobs(const Entry& entry, ProblemList& problems) {
  return read_parsed(entry, "a number, a percentage such as 50%, or auto", parse_jobs, problems);
}

std::optional<int> read_signal(const Entry& entry, ProblemList& problems) {
  return read_parsed(entry, "a signal such as TERM or 15", parse_signal, problems);
}

std::optional<Mode> read_mode(const Entry& entry, ProblemList& problems) {
  constexpr std::array<std::string_view, 3> known = {"errgroup", "aggregate", "race"};
  const auto word = read_word(entry, known, problems);
  if (!word) return {};
  for (const Mode mode : {Mode::errgroup, Mode::aggregate}) {
    if (*word == to_string(mode)) return mode;
  }
  return Mode::race;
}

std::optional<std::string_view> read_word(const Entry& entry,
                                          std::span<const std::string_view> words,
                                          ProblemList& problems) {
  const Node& value = *entry.value;
  if (!is_text(value)) {
    add_wrong_type(value, entry.key->text, join_names(words), problems);
    return {};
  }
  if (std::ranges::find(words, value.text) != words.end()) return value.text;
  problems.add(value.offset, [&] {
    const std::string near = nearest(value.text, words);
    return "unknown " + std::string(entry.key->text) + " " + quote(value.text) +
           (near.empty() ? "; write " + join_names(words) : ", did you mean \"" + near + "\"?");
  });
  return {};
}

std::optional<std::string_view> read_dir(const Entry& entry, ProblemList& problems) {
  const auto text = read_text(entry, problems);
  if (!text) return {};
  if (!text->empty() && text->size() <= kPathBytesMax) return text;
  problems.add(entry.value->offset, text->empty() ? "the path is empty; write . for this folder"
                                                  : "the path is longer than 4095 bytes");
  return {};
}

void check_task_name(std::string_view name, Offset offset, ProblemList& problems) {
  if (name.empty()) {
    problems.add(offset, "a task's name cannot be empty");
  } else if (name.find('/') != std::string_view::npos) {
    problems.add(offset, [&] {
      return "the name " + quote(name) + " has a \"/\", which joins groups and tasks; leave it out";
    });
  } else if (name.size() > kTaskNameBytesMax) {
    problems.add(offset, "a task's name has at most 255 bytes; put the rest into description");
  }
}

void check_version(const Entry& entry, ProblemList& problems) {
  if (is_text(*entry.value) && entry.value->text == "1") return;
  add_wrong_type(*entry.value, entry.key->text, "1", problems);
}

std::vector<EnvEntry> read_env(const Entry& entry, ProblemList& problems) {
  std::vector<EnvEntry> env;
  if (entry.value->kind == NodeKind::map) {
    for (const Entry variable : Entries(*entry.value)) add_env_entry(variable, env, problems);
  } else if (entry.value->kind != NodeKind::null) {
    add_wrong_type(*entry.value, entry.key->text, "a map of variables", problems);
  }
  return env;
}

std::optional<bool> read_flag(const Entry& entry, ProblemList& problems) {
  const std::string_view text = entry.value->text;
  if (is_text(*entry.value)) {
    // YAML's core schema knows three spellings of each; a replaced expression is plain text.
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
  }
  add_wrong_type(*entry.value, entry.key->text, "true or false", problems);
  return {};
}

std::optional<int> read_number(const Entry& entry, Range range, ProblemList& problems) {
  const Node& value = *entry.value;
  if (!is_text(value) || value.text.size() > kSettingBytesMax) {
    add_wrong_type(value, entry.key->text, "a whole number", problems);
    return {};
  }
  const Result<int> number = parse_integer(value.text, range);
  if (number) return *number;
  add_error(entry, number.error(), problems);
  return {};
}

std::optional<unsigned> read_count(const Entry& entry, ProblemList& problems) {
  const auto number = read_number(entry, {1, kCountMax}, problems);
  return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

std::optional<std::uint64_t> read_size(const Entry& entry, ProblemList& problems) {
  return read_parsed(entry, "a size such as 512M or 2G", parse_size, problems);
}

std::vector<const Node*> read_texts(const Entry& entry, std::string_view what,
                                    ProblemList& problems) {
  std::vector<const Node*> texts;
  const Node& value = *entry.value;
  const std::string expected = "a list of " + std::string(what);
  if (value.kind == NodeKind::list) {
    for (const Node& item : Items(value)) {
      if (is_text(item)) {
        texts.push_back(&item);
      } else {
        add_wrong_type(item, entry.key->text, expected, problems);
      }
    }
  } else if (is_text(value)) {
    texts.push_back(&value);
  } else if (value.kind != NodeKind::null) {
    add_wrong_type(value, entry.key->text, expected, problems);
  }
  return texts;
}

std::optional<std::vector<int>> read_exit_codes(const Entry& entry, ProblemList& problems) {
  constexpr Range range = {0, 255};
  std::vector<int> codes;
  if (is_text(*entry.value)) {
    if (const auto code = read_number(entry, range, problems)) codes.push_back(*code);
  } else if (entry.value->kind != NodeKind::list || entry.value->size == 1) {
    add_wrong_type(*entry.value, entry.key->text, "a list of exit codes such as [1, 75]", problems);
  } else {
    for (const Node& item : Items(*entry.value)) {
      if (const auto code = read_number({entry.key, &item}, range, problems)) {
        codes.push_back(*code);
      }
    }
  }
  std::ranges::sort(codes);
  codes.erase(std::ranges::unique(codes).begin(), codes.end());
  return codes.empty() ? std::nullopt : std::optional(std::move(codes));
}

std::optional<std::vector<int>> read_some_exit_codes(const Entry& entry, ProblemList& problems) {
  if (entry.value->text == "any") return std::vector<int>();
  return read_exit_codes(entry, problems);
}

std::optional<Halt> read_halt(const Entry& entry, ProblemList& problems) {
  return read_parsed(entry, "a text such as now,fail=3", parse_halt, problems);
}

std::optional<Rate> read_rate(const Entry& entry, ProblemList& problems) {
  return read_parsed(entry, "a rate such as 10/s", parse_rate, problems);
}

std::string join_dir(std::string_view dir, std::string_view path) {
  if (path.starts_with('/') || dir.empty()) return std::string(path == "." ? "" : path);
  if (path == ".") return std::string(dir);
  return std::string(dir) + (dir.ends_with('/') ? "" : "/") + std::string(path);
}

bool is_identifier(std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  constexpr std::string_view digits = "0123456789-";
  if (name.empty() || letters.find(name.front()) == std::string_view::npos) return false;
  return std::ranges::all_of(name, [&](char c) {
    return letters.find(c) != std::string_view::npos || digits.find(c) != std::string_view::npos;
  });
}

}  // namespace errand::task_file
