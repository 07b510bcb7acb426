// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/keys.h"

#include <algorithm>
#include <string>

#include "errand/base/nearest.h"
#include "errand/plan/quote.h"

namespace errand::task_file {
namespace {

struct KnownKey {
  std::string_view name;
  Key key;
};

constexpr Key later = Key::unavailable;
constexpr auto kKnownKeys = std::to_array<KnownKey>({
    {"allow_failure", later},
    {"breaker", later},
    {"cmd", Key::run},
    {"cmds", Key::cmds},
    {"command", Key::run},
    {"continue_on_error", later},
    {"cwd", Key::dir},
    {"deadline", later},
    {"defaults", later},
    {"depends_on", Key::needs},
    {"deps", Key::needs},
    {"description", Key::description},
    {"dir", Key::dir},
    {"env", Key::env},
    {"env_file", later},
    {"grace", Key::grace},
    {"halt", later},
    {"hedge", later},
    {"if", later},
    {"interactive", later},
    {"jobs", Key::jobs},
    {"key", later},
    {"kill_signal", Key::kill_signal},
    {"limits", later},
    {"locks", later},
    {"matrix", later},
    {"max_memory", later},
    {"mode", Key::mode},
    {"name", Key::name},
    {"needs", Key::needs},
    {"nice", later},
    {"rate", later},
    {"ready", later},
    {"retry", later},
    {"rlimit", later},
    {"run", Key::run},
    {"secrets", later},
    {"service", later},
    {"shell", Key::shell},
    {"slow_after", later},
    {"stdin", later},
    {"success_exit_codes", later},
    {"tasks", Key::tasks},
    {"timeout", Key::timeout},
    {"tty", later},
    {"vars", later},
    {"version", Key::version},
    {"weight", later},
    {"when", later},
});
static_assert(std::ranges::is_sorted(kKnownKeys, {}, &KnownKey::name));

constexpr unsigned operator|(Level a, Level b) {
  return static_cast<unsigned>(a) | static_cast<unsigned>(b);
}
constexpr unsigned operator|(unsigned a, Level b) { return a | static_cast<unsigned>(b); }

unsigned levels_of(Key key) {
  switch (key) {
    case Key::version:
      return static_cast<unsigned>(Level::run);
    case Key::run:
      return static_cast<unsigned>(Level::task);
    case Key::needs:
      return Level::group | Level::task;
    case Key::tasks:
    case Key::mode:
    case Key::jobs:
      return Level::run | Level::group;
    default:
      return Level::run | Level::group | Level::task;
  }
}

std::optional<Key> find_key(std::string_view name) {
  const auto found = std::ranges::lower_bound(kKnownKeys, name, {}, &KnownKey::name);
  if (found == kKnownKeys.end() || found->name != name) return {};
  return found->key;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// "killSignal", "kill-signal" and "KillSignal" become "kill_signal".
std::string to_snake_case(std::string_view word) {
  std::string snake;
  for (const char c : word) {
    if (is_upper(c) && !snake.empty() && snake.back() != '_') snake += '_';
    snake += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c == '-' ? '_' : c;
  }
  return snake;
}

std::string nearest_key(std::string_view word) {
  std::array<std::string_view, kKnownKeys.size()> names;
  std::ranges::transform(kKnownKeys, names.begin(), &KnownKey::name);
  return nearest(word, names);
}

bool is_decimal(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string describe_timeout_minutes(const Entry& entry) {
  const std::string_view value = entry.value->text;
  const std::string written =
      is_decimal(value) ? escape(value, kQuotedBytesMax) + "m" : std::string("5m");
  return quote(entry.key->text) + " is not a key here; write it as timeout: " + written;
}

std::string describe_unknown(const Entry& entry) {
  const std::string_view word = entry.key->text;
  const std::string snake = to_snake_case(word.substr(0, kQuotedBytesMax));
  if (snake == "timeout_minutes") return describe_timeout_minutes(entry);
  const std::string unknown = "unknown key " + quote(word);
  if (find_key(snake)) return unknown + ", write \"" + snake + '"';
  const std::string near = nearest_key(snake);
  if (!near.empty()) return unknown + ", did you mean \"" + near + "\"?";
  return unknown + "; remove it, or let it begin with x- to have it ignored";
}

std::optional<Key> recognize(std::string_view word) {
  if (word.find('-') == std::string_view::npos) return find_key(word);
  if (std::ranges::any_of(word, is_upper) || word.size() > kQuotedBytesMax) return {};
  return find_key(to_snake_case(word));
}

void report_twice(const Entry& first, const Entry& again, ProblemList& problems) {
  if (first.key->text == again.key->text) return;  // check_document() has said so
  problems.add(again.key->offset, [&] {
    return quote(again.key->text) + " means the same as " + quote(first.key->text) + " on " +
           problems.line_of(first.key->offset) + "; keep one of them";
  });
}

void add_key(KeySet& keys, Key key, const Entry& entry, ProblemList& problems) {
  if (key == Key::unavailable || key == Key::cmds) {
    problems.add(entry.key->offset,
                 [&] { return quote(entry.key->text) + " is not available yet"; });
  } else if (keys[key]) {
    report_twice(keys[key], entry, problems);
    return;
  }
  keys.set(key, entry);
}

std::string describe_misplaced(const Entry& entry, unsigned allowed, Level level) {
  const std::string key = quote(entry.key->text);
  if (level == Level::group && allowed == static_cast<unsigned>(Level::task)) {
    return key + " and \"tasks\" cannot stand together; a task has one of them";
  }
  if (level == Level::run) return key + " belongs to a task; write it there, below \"tasks\"";
  if (allowed == static_cast<unsigned>(Level::run)) {
    return key + " belongs to the top of the file; write it there";
  }
  return key + " belongs to the top of the file or to a task that has \"tasks\"; remove it here";
}

}  // namespace

KeySet read_keys(const Node& map, ProblemList& problems) {
  KeySet keys;
  for (const Entry entry : Entries(map)) {
    const std::string_view word = entry.key->text;
    if (word.starts_with("x-")) continue;
    if (const auto key = recognize(word)) {
      add_key(keys, *key, entry, problems);
    } else {
      keys.set_unknown();
      problems.add(entry.key->offset, [&] { return describe_unknown(entry); });
    }
  }
  return keys;
}

void check_level(const KeySet& keys, Level level, ProblemList& problems) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Key::cmds); ++i) {
    const Entry entry = keys[static_cast<Key>(i)];
    const unsigned allowed = levels_of(static_cast<Key>(i));
    if (!entry || (allowed & static_cast<unsigned>(level)) != 0) continue;
    problems.add(entry.key->offset, [&] { return describe_misplaced(entry, allowed, level); });
  }
}

}  // namespace errand::task_file
