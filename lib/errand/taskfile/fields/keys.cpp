// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/keys.h"

#include <algorithm>
#include <optional>
#include <string>

#include "errand/base/quoted_text.h"
#include "errand/taskfile/syntax/spelling.h"

namespace errand::task_file {
namespace {

struct KnownKey {
  std::string_view name;
  Key key;
};

constexpr auto kKnownKeys = std::to_array<KnownKey>({
    {"allow_failure", Key::allow_failure},
    {"breaker", Key::breaker},
    {"cmd", Key::run},
    {"cmds", Key::cmds},
    {"command", Key::run},
    {"continue_on_error", Key::allow_failure},
    {"cwd", Key::dir},
    {"deadline", Key::deadline},
    {"defaults", Key::defaults},
    {"depends_on", Key::needs},
    {"deps", Key::needs},
    {"description", Key::description},
    {"dir", Key::dir},
    {"env", Key::env},
    {"env_file", Key::env_file},
    {"grace", Key::grace},
    {"halt", Key::halt},
    {"hedge", Key::hedge},
    {"if", Key::if_condition},
    {"interactive", Key::interactive},
    {"jobs", Key::jobs},
    {"key", Key::dedupe_key},
    {"kill_signal", Key::kill_signal},
    {"limits", Key::limits},
    {"locks", Key::locks},
    {"matrix", Key::matrix},
    {"max_memory", Key::max_memory},
    {"mode", Key::mode},
    {"name", Key::name},
    {"needs", Key::needs},
    {"nice", Key::nice},
    {"rate", Key::rate},
    {"ready", Key::ready},
    {"retry", Key::retry},
    {"rlimit", Key::rlimit},
    {"run", Key::run},
    {"secrets", Key::secrets},
    {"service", Key::service},
    {"shell", Key::shell},
    {"slow_after", Key::slow_after},
    {"stdin", Key::stdin_source},
    {"success_exit_codes", Key::success_exit_codes},
    {"tasks", Key::tasks},
    {"timeout", Key::timeout},
    {"tty", Key::tty},
    {"vars", Key::vars},
    {"version", Key::version},
    {"weight", Key::weight},
    {"when", Key::when},
});
static_assert(std::ranges::is_sorted(kKnownKeys, {}, &KnownKey::name));

constexpr auto kKnownNames = [] {
  std::array<std::string_view, kKnownKeys.size()> names;
  std::ranges::transform(kKnownKeys, names.begin(), &KnownKey::name);
  return names;
}();

constexpr unsigned operator|(Level a, Level b) {
  return static_cast<unsigned>(a) | static_cast<unsigned>(b);
}
constexpr unsigned operator|(unsigned a, Level b) { return a | static_cast<unsigned>(b); }

constexpr unsigned kRun = static_cast<unsigned>(Level::run);
constexpr unsigned kTask = Level::task | Level::matrix;  // without "tasks"
constexpr unsigned kGroup = Level::run | Level::group;
constexpr unsigned kEverywhere = kGroup | kTask;

constexpr Keys kRunOnly = {Key::version, Key::vars, Key::limits, Key::defaults};
constexpr Keys kGroupOnly = {Key::mode, Key::jobs, Key::halt, Key::rate, Key::breaker};
constexpr Keys kInherited = {Key::name,  Key::description, Key::shell,   Key::dir,
                             Key::env,   Key::env_file,    Key::secrets, Key::timeout,
                             Key::grace, Key::kill_signal};
constexpr Keys kBelowTheRun = {Key::needs, Key::if_condition, Key::when};
// What makes a task the one that it is.
constexpr Keys kOneTaskOnly = {Key::run, Key::cmds, Key::matrix};

unsigned levels_of(Key key) {
  if (kInherited.has(key)) return kEverywhere;
  if (kRunOnly.has(key)) return kRun;
  if (kGroupOnly.has(key)) return kGroup | Level::matrix;
  if (kBelowTheRun.has(key)) return kTask | Level::group;
  if (key == Key::tasks) return kGroup;
  if (key == Key::slow_after) return kTask | Level::run;
  return kTask;
}

std::optional<Key> find_key(std::string_view name) {
  const auto found = std::ranges::lower_bound(kKnownKeys, name, {}, &KnownKey::name);
  if (found == kKnownKeys.end() || found->name != name) return {};
  return found->key;
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
  return describe_unknown_key(word, kKnownNames,
                              "; remove it, or let it begin with x- to have it ignored");
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

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
  if (keys[key]) {
    report_twice(keys[key], entry, problems);
  } else {
    keys.set(key, entry);
  }
}

std::string describe_below_group(Key key, const std::string& name) {
  if (kOneTaskOnly.has(key)) {
    return name + " and \"tasks\" cannot stand together; a task has one of them";
  }
  const std::string belongs = name + " belongs to a task that has no \"tasks\"; write it ";
  if (kDefaultKeys.has(key)) {
    return belongs + "there, or for all of them into \"defaults\" at the top of the file";
  }
  return belongs + "there";
}

std::string describe_misplaced(Key key, const Entry& entry, Level level) {
  const std::string name = quote(entry.key->text);
  const unsigned allowed = levels_of(key);
  if (level == Level::group && allowed != kRun) return describe_below_group(key, name);
  if (level == Level::run) {
    const bool shared = kDefaultKeys.has(key);
    return name + " belongs to a task; write it there, below \"tasks\"" +
           (shared ? ", or for all of them into \"defaults\"" : "");
  }
  if (allowed == kRun) return name + " belongs to the top of the file; write it there";
  return name + " belongs to the top of the file or to a task that has \"tasks\"; remove it here";
}

}  // namespace

KeySet KeySet::only(Keys which) const {
  KeySet some;
  some.has_unknown_ = has_unknown_;
  some.fill(*this, which);
  return some;
}

void KeySet::fill(const KeySet& other, Keys which) {
  const Keys missing = (other.present_ & which).without(present_);
  for (Keys left = missing; !left.empty(); left = left.rest()) {
    set(left.first(), other[left.first()]);
  }
}

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

std::vector<std::string_view> names_at(Level level) {
  std::vector<std::string_view> names;
  for (const auto& [name, key] : kKnownKeys) {
    if ((levels_of(key) & static_cast<unsigned>(level)) != 0) names.push_back(name);
  }
  return names;
}

std::vector<std::string_view> names_of(Keys keys) {
  std::vector<std::string_view> names;
  for (const auto& [name, key] : kKnownKeys) {
    if (keys.has(key)) names.push_back(name);
  }
  return names;
}

void check_level(const KeySet& keys, Level level, ProblemList& problems) {
  for (Keys left = keys.present(); !left.empty(); left = left.rest()) {
    const Key key = left.first();
    if ((levels_of(key) & static_cast<unsigned>(level)) != 0) continue;
    problems.add(keys[key].key->offset, [&] { return describe_misplaced(key, keys[key], level); });
  }
}

void check_defaults(const KeySet& keys, ProblemList& problems) {
  const Keys wrong = keys.present().without(kDefaultKeys);
  for (Keys left = wrong; !left.empty(); left = left.rest()) {
    const Entry entry = keys[left.first()];
    problems.add(entry.key->offset, [&] {
      return quote(entry.key->text) + " cannot stand in \"defaults\"; write it where it counts";
    });
  }
}

void check_standalone(const KeySet& keys, ProblemList& problems) {
  constexpr Keys refused = {Key::needs, Key::tasks,   Key::matrix,
                            Key::when,  Key::service, Key::ready};
  for (Keys left = keys.present() & refused; !left.empty(); left = left.rest()) {
    const Entry entry = keys[left.first()];
    problems.add(entry.key->offset, quote(entry.key->text) +
                                        " needs other tasks, and each line of JSON Lines stands "
                                        "alone; write a plan with \"tasks\" instead");
  }
}

}  // namespace errand::task_file
