// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/structured_values.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "errand/base/quoted_text.h"
#include "errand/base/whole_number.h"
#include "errand/taskfile/fields/fields.h"
#include "errand/taskfile/fields/values.h"

namespace errand::task_file {
namespace {

using Names = std::span<const std::string_view>;

constexpr int kPortMax = 65'535;
constexpr double kMultiplierMax = 1000;

bool is_map(const Entry& entry, std::string_view expected, ProblemList& problems) {
  if (entry.value->kind == NodeKind::map) return true;
  add_wrong_type(*entry.value, entry.key->text, expected, problems);
  return false;
}

// Is the field there? Otherwise a problem at its map.
bool is_given(const Entry& field, const Entry& map, std::string_view missing,
              ProblemList& problems) {
  if (field) return true;
  problems.add(map.value->offset, [&] {
    return quote(map.key->text) + " has no \"" + std::string(missing) + "\"; add it";
  });
  return false;
}

// Reads a field if it is there. False: it is, and wrong.
template <class T, class Target>
bool read_field(const Entry& field, std::optional<T> (*reader)(const Entry&, ProblemList&),
                Target& target, ProblemList& problems) {
  if (!field) return true;
  auto value = reader(field, problems);
  if (value) target = std::move(*value);
  return value.has_value();
}

std::optional<unsigned> read_tries(const Entry& entry, ProblemList& problems) {
  const auto count = read_number(entry, {0, kCountMax}, problems);
  return count ? std::optional(static_cast<unsigned>(*count)) : std::nullopt;
}

std::optional<RetryRule::Growth> read_backoff(const Entry& entry, ProblemList& problems) {
  constexpr std::array<std::string_view, 3> words = {"exponential", "linear", "constant"};
  const auto word = read_word(entry, words, problems);
  if (!word) return {};
  if (*word == "linear") return RetryRule::Growth::linear;
  if (*word == "constant") return RetryRule::Growth::constant;
  return RetryRule::Growth::exponential;
}

std::optional<RetryRule::Jitter> read_jitter(const Entry& entry, ProblemList& problems) {
  constexpr std::array<std::string_view, 3> words = {"full", "equal", "none"};
  const auto word = read_word(entry, words, problems);
  if (!word) return {};
  if (*word == "equal") return RetryRule::Jitter::equal;
  if (*word == "none") return RetryRule::Jitter::none;
  return RetryRule::Jitter::full;
}

std::optional<double> read_multiplier(const Entry& entry, ProblemList& problems) {
  const std::string_view text = entry.value->text;
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (is_text(*entry.value) && failed == std::errc() && rest == end && value >= 1 &&
      value <= kMultiplierMax) {
    return value;
  }
  add_wrong_type(*entry.value, entry.key->text, "a number from 1 to 1000", problems);
  return {};
}

// What contradicts itself.
void check_delays(const Fields& fields, RetryRule& rule, ProblemList& problems) {
  if (const Entry multiplier = fields["multiplier"];
      multiplier && rule.backoff != RetryRule::Growth::exponential) {
    problems.add(multiplier.key->offset,
                 "\"multiplier\" belongs to backoff: exponential; leave one of them out");
  }
  if (rule.delay <= rule.max_delay) return;
  if (const Entry longest = fields["max_delay"]) {
    problems.add(longest.value->offset, "max_delay is shorter than delay; make it longer");
  }
  rule.max_delay = rule.delay;  // the default must not cut what the file asks for
}

std::optional<RetryRule> read_retry_map(const Entry& entry, ProblemList& problems) {
  static constexpr std::array<std::string_view, 8> known = {
      "count", "delay", "backoff", "multiplier", "max_delay", "jitter", "on_exit", "on_timeout"};
  const Fields fields(*entry.value, known, problems);
  RetryRule rule;
  bool right = is_given(fields["count"], entry, "count", problems);
  right &= read_field(fields["count"], read_tries, rule.count, problems);
  right &= read_field(fields["delay"], read_duration, rule.delay, problems);
  right &= read_field(fields["backoff"], read_backoff, rule.backoff, problems);
  right &= read_field(fields["multiplier"], read_multiplier, rule.multiplier, problems);
  right &= read_field(fields["max_delay"], read_duration, rule.max_delay, problems);
  right &= read_field(fields["jitter"], read_jitter, rule.jitter, problems);
  right &= read_field(fields["on_exit"], read_some_exit_codes, rule.on_exit, problems);
  right &= read_field(fields["on_timeout"], read_flag, rule.on_timeout, problems);
  if (!right) return {};
  check_delays(fields, rule, problems);
  return rule;
}

std::optional<unsigned> read_hedge_attempts(const Entry& entry, ProblemList& problems) {
  const auto count = read_number(entry, {2, kHedgeAttemptsMax}, problems);
  return count ? std::optional(static_cast<unsigned>(*count)) : std::nullopt;
}

std::optional<ReadyRule::Log> read_log(const Entry& entry, ProblemList& problems) {
  const auto text = read_text(entry, problems);
  if (!text) return {};
  if (!text->empty() && text->find('\n') == std::string_view::npos) {
    return ReadyRule::Log{std::string(*text)};
  }
  problems.add(entry.value->offset, "log: write a piece of the line that says it is ready");
  return {};
}

std::optional<ReadyRule::Exec> read_exec(const Entry& entry, ProblemList& problems) {
  auto run = read_run(*entry.value, entry.key->text, problems);
  if (!run) return {};
  return ReadyRule::Exec{std::move(*run)};
}

bool is_port(std::string_view text) {
  const auto port = parse_whole_number<int>(text);
  return port && *port >= 1 && *port <= kPortMax;
}

// "host:port", "[::1]:port" or "port".
std::optional<ReadyRule::Tcp> read_tcp(const Entry& entry, ProblemList& problems) {
  const auto text = read_text(entry, problems);
  if (!text) return {};
  const std::size_t colon = text->rfind(':');
  const bool alone = colon == std::string_view::npos;
  const std::string_view port = alone ? *text : text->substr(colon + 1);
  std::string_view host = alone ? "localhost" : text->substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool clear = bracketed || host.find(':') == std::string_view::npos;
  if (is_port(port) && !host.empty() && clear) {
    return ReadyRule::Tcp{std::string(host), std::string(port)};
  }
  add_wrong_type(*entry.value, entry.key->text, "host:port, or the port alone", problems);
  return {};
}

}  // namespace

std::optional<AllowFailure> read_allow_failure(const Entry& entry, ProblemList& problems) {
  static constexpr std::array<std::string_view, 1> known = {"exit_codes"};
  if (entry.value->kind != NodeKind::map) {
    if (is_text(*entry.value)) {
      const auto any = read_flag(entry, problems);
      return any ? std::optional(AllowFailure{*any, {}}) : std::nullopt;
    }
    add_wrong_type(*entry.value, entry.key->text, "true, false or { exit_codes: [1] }", problems);
    return {};
  }
  const Fields fields(*entry.value, known, problems);
  if (!is_given(fields["exit_codes"], entry, "exit_codes", problems)) return {};
  auto codes = read_exit_codes(fields["exit_codes"], problems);
  if (!codes) return {};
  return AllowFailure{false, std::move(*codes)};
}

std::optional<RetryRule> read_retry(const Entry& entry, ProblemList& problems) {
  if (entry.value->kind == NodeKind::map) return read_retry_map(entry, problems);
  if (!is_text(*entry.value)) {
    add_wrong_type(*entry.value, entry.key->text, "a number of extra tries, or a map", problems);
    return {};
  }
  const auto count = read_tries(entry, problems);
  if (!count) return {};
  RetryRule rule;
  rule.count = *count;
  return rule;
}

std::optional<HedgeRule> read_hedge(const Entry& entry, ProblemList& problems) {
  static constexpr std::array<std::string_view, 3> known = {"delay", "max_attempts",
                                                            "non_fatal_exit"};
  if (!is_map(entry, "a map such as { delay: 2s }", problems)) return {};
  const Fields fields(*entry.value, known, problems);
  HedgeRule rule;
  bool right = is_given(fields["delay"], entry, "delay", problems);
  right &= read_field(fields["delay"], read_hedge_delay, rule.delay, problems);
  right &= read_field(fields["max_attempts"], read_hedge_attempts, rule.max_attempts, problems);
  right &=
      read_field(fields["non_fatal_exit"], read_some_exit_codes, rule.non_fatal_exit, problems);
  return right ? std::optional(rule) : std::nullopt;
}

std::optional<BreakerRule> read_breaker(const Entry& entry, ProblemList& problems) {
  static constexpr std::array<std::string_view, 2> known = {"failures", "delay"};
  if (!is_map(entry, "a map such as { failures: 5, delay: 30s }", problems)) return {};
  const Fields fields(*entry.value, known, problems);
  BreakerRule rule;
  bool right = read_field(fields["failures"], read_count, rule.failures, problems);
  right &= read_field(fields["delay"], read_timeout, rule.delay, problems);
  return right ? std::optional(rule) : std::nullopt;
}

std::optional<ReadyRule> read_ready(const Entry& entry, ProblemList& problems) {
  static constexpr std::array<std::string_view, 4> known = {"log", "exec", "tcp", "timeout"};
  if (!is_map(entry, "a map such as { log: \"listening\" }", problems)) return {};
  const Fields fields(*entry.value, known, problems);
  const Entry log = fields["log"], exec = fields["exec"], tcp = fields["tcp"];
  ReadyRule rule;
  bool right = read_field(fields["timeout"], read_timeout, rule.timeout, problems);
  right &= read_field(log, read_log, rule.check, problems);
  right &= read_field(exec, read_exec, rule.check, problems);
  right &= read_field(tcp, read_tcp, rule.check, problems);
  if (static_cast<bool>(log) + static_cast<bool>(exec) + static_cast<bool>(tcp) != 1) {
    problems.add(entry.value->offset,
                 quote(entry.key->text) + " expects exactly one of log, exec and tcp");
    return {};
  }
  return right ? std::optional(std::move(rule)) : std::nullopt;
}

std::optional<When> read_when(const Entry& entry, ProblemList& problems) {
  constexpr std::array<std::string_view, 3> words = {"on_success", "on_failure", "always"};
  const auto word = read_word(entry, words, problems);
  if (!word) return {};
  if (*word == "always") return When::always;
  return *word == "on_failure" ? When::on_failure : When::on_success;
}

std::optional<Condition> read_condition(const Entry& entry, ProblemList& problems) {
  constexpr std::array<std::string_view, 4> words = {"success", "done", "started", "ready"};
  const auto word = read_word(entry, words, problems);
  if (!word) return {};
  for (const Condition condition : {Condition::done, Condition::started, Condition::ready}) {
    if (*word == to_string(condition)) return condition;
  }
  return Condition::success;
}

std::optional<std::optional<Duration>> read_slow_after(const Entry& entry, ProblemList& problems) {
  if (entry.value->text == "never") return std::optional<Duration>();
  const auto duration = read_duration(entry, problems);
  if (!duration) return {};
  return *duration == Duration::zero() ? std::optional<Duration>() : *duration;
}

std::optional<std::vector<Run>> read_commands(const Entry& entry, ProblemList& problems) {
  const Node& value = *entry.value;
  if (value.kind != NodeKind::list || value.size == 1) {
    add_wrong_type(value, entry.key->text, "a list of scripts or lists of arguments", problems);
    return {};
  }
  std::vector<Run> commands;
  bool right = true;
  for (const Node& item : Items(value)) {
    auto run = read_run(item, entry.key->text, problems);
    right &= run.has_value();
    if (run) commands.push_back(std::move(*run));
  }
  return right ? std::optional(std::move(commands)) : std::nullopt;
}

std::optional<Input> read_input(const Entry& entry, ProblemList& problems) {
  const Node& value = *entry.value;
  if (value.kind == NodeKind::null || value.text == "null") return Input{};
  if (value.text == "inherit") return Input{Input::Kind::inherit, {}};
  if (!is_text(value)) {
    add_wrong_type(value, entry.key->text, "null, inherit or a path", problems);
    return {};
  }
  const auto path = read_dir(entry, problems);
  if (!path) return {};
  return Input{Input::Kind::file, std::string(*path)};
}

}  // namespace errand::task_file
