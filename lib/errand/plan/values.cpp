// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/values.h"

#include <array>
#include <utility>

#include "errand/base/nearest.h"
#include "errand/plan/quote.h"

namespace errand::task_file {
namespace {

constexpr std::size_t kPathBytesMax = 4095;   // the kernel's limit
constexpr std::size_t kSettingBytesMax = 64;  // of a duration, a number, a signal's name

bool is_text(const Node& value) { return value.is_scalar() && value.kind != NodeKind::null; }

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

void add_error(const Entry& entry, const Error& error, ProblemList& problems) {
  problems.add(entry.value->offset,
               [&] { return std::string(entry.key->text) + ": " + escape(error.message()); });
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
  if (name.empty() || name.find('=') != std::string_view::npos) {
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
  return is_text(value) ? escape(value.text, kQuotedBytesMax) : std::string(describe(value.kind));
}

std::string describe_mode(std::string_view text) {
  constexpr std::array<std::string_view, 2> known = {"errgroup", "aggregate"};
  if (text == "race") return "mode \"race\" is not available yet";
  const std::string near = nearest(text, known);
  if (near.empty()) return "unknown mode " + quote(text) + "; write errgroup or aggregate";
  return "unknown mode " + quote(text) + ", did you mean \"" + near + "\"?";
}

}  // namespace

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
  const auto text = read_text(entry, problems);
  if (!text) return {};
  for (const Mode mode : {Mode::errgroup, Mode::aggregate}) {
    if (*text == to_string(mode)) return mode;
  }
  problems.add(entry.value->offset, [&] { return describe_mode(*text); });
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

}  // namespace errand::task_file
