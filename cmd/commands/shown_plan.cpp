// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/shown_plan.h"

#include <string.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "errand/base/escape_text.h"

namespace errand::cmd {
namespace {

using Variables = std::map<std::string, std::optional<std::string>>;

Variables variables_of(const Task& task) {
  Variables variables;
  for (const auto& [name, value] : *task.env) variables[name] = value;  // the later wins
  return variables;
}

bool is_script(const Run& run) { return std::holds_alternative<Script>(run); }

bool has_script(const Task& task) {
  if (is_script(task.run) || std::ranges::any_of(task.policy->then, is_script)) return true;
  if (!task.policy->ready) return false;
  const auto* check = std::get_if<ReadyRule::Exec>(&task.policy->ready->check);
  return check && is_script(check->run);
}

// The others count files, processes or seconds.
bool counts_bytes(std::string_view resource) {
  constexpr std::array<std::string_view, 8> names = {"as",      "core",     "data", "fsize",
                                                     "memlock", "msgqueue", "rss",  "stack"};
  return std::ranges::find(names, resource) != names.end();
}

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name ? name : std::to_string(number);
}

std::string_view to_string(RetryRule::Growth growth) {
  switch (growth) {
    case RetryRule::Growth::exponential:
      return "exponential";
    case RetryRule::Growth::linear:
      return "linear";
    case RetryRule::Growth::constant:
      return "constant";
  }
  return "";
}

std::string_view to_string(RetryRule::Jitter jitter) {
  switch (jitter) {
    case RetryRule::Jitter::full:
      return "full";
    case RetryRule::Jitter::equal:
      return "equal";
    case RetryRule::Jitter::none:
      return "none";
  }
  return "";
}

// Empty: whatever it is.
Json exit_codes(const std::vector<int>& codes) { return codes.empty() ? Json("any") : Json(codes); }

class SettingCollector {
 public:
  SettingCollector(const Plan& plan, const Task& task, const ShownTexts& texts, Audience audience)
      : plan_(plan), task_(task), policy_(*task.policy), texts_(texts), audience_(audience) {}

  Json collect() {
    if (policy_.when != When::on_success) json_["when"] = errand::to_string(policy_.when);
    if (!task_.excluded.empty()) json_["excluded"] = task_.excluded;
    if (task_.earlier_result) json_["skipped"] = task_.earlier_result->reason;
    add_surroundings();
    add_times();
    if (task_.is_group) {
      add_group();
    } else {
      add_attempts();
      add_claims();
      add_process();
    }
    return std::move(json_);
  }

 private:
  Json duration(Duration value) const {
    if (audience_ == Audience::person) return format_duration(value);
    constexpr double micro = 1e6;
    return std::round(std::chrono::duration<double>(value).count() * micro) / micro;
  }

  Json hedge_delay(const HedgeDelay& delay) const {
    if (const auto* percentile = std::get_if<Percentile>(&delay)) return format(*percentile);
    return duration(std::get<Duration>(delay));
  }

  Json size(std::uint64_t bytes) const {
    if (audience_ == Audience::program) return bytes;
    constexpr std::uint64_t step = 1024;
    constexpr std::string_view units = "KMGT";
    std::string unit;
    for (std::size_t i = 0; i < units.size() && bytes != 0 && bytes % step == 0; ++i) {
      bytes /= step;
      unit = units[i];
    }
    return std::to_string(bytes) + unit;
  }

  void add_surroundings() {
    if (has_script(task_) && task_.shell && *task_.shell != kDefaultShell) {
      for (const std::string& word : *task_.shell) json_["shell"].push_back(texts_.raw(word));
    }
    if (!task_.dir.empty() && !(task_.is_group && audience_ == Audience::program)) {
      json_["dir"] = texts_.raw(task_.dir);
    }
    add_env();
  }

  void add_env() {
    const Task& outer = plan_.task(task_.parent);
    const bool from_outer = audience_ == Audience::person && task_.id != outer.id;
    if (from_outer && task_.env == outer.env) return;
    const Variables known = from_outer ? variables_of(outer) : Variables();
    for (const auto& [name, value] : variables_of(task_)) {
      const auto same = known.find(name);
      if (same != known.end() && same->second == value) continue;
      json_["env"][texts_.raw(name)] = value ? Json(texts_.raw(*value)) : Json();
    }
  }

  void add_times() {
    if (task_.timeout) json_["timeout"] = duration(*task_.timeout);
    if (policy_.deadline) json_["deadline"] = duration(*policy_.deadline);
    if (task_.grace != kDefaultGrace) json_["grace"] = duration(task_.grace);
    if (task_.kill_signal != kDefaultKillSignal)
      json_["kill_signal"] = signal_name(task_.kill_signal);
    if (task_.is_group || task_.slow_after == kDefaultSlowAfter) return;
    json_["slow_after"] = task_.slow_after ? duration(*task_.slow_after) : Json("never");
  }

  void add_group() {
    if (policy_.halt) json_["halt"] = errand::format(*policy_.halt);
    if (policy_.rate) json_["rate"] = errand::format(*policy_.rate);
    if (policy_.breaker) {
      json_["breaker"] = {{"failures", policy_.breaker->failures},
                          {"delay", duration(policy_.breaker->delay)}};
    }
    if (task_.id != plan_.root().id) return;
    for (const Limit& limit : plan_.limits()) json_["limits"][texts_.raw(limit.name)] = limit.count;
  }

  void add_attempts() {
    const AllowFailure& allowed = policy_.allow_failure;
    if (allowed.any) {
      json_["allow_failure"] = true;
    } else if (!allowed.exit_codes.empty()) {
      json_["allow_failure"] = {{"exit_codes", allowed.exit_codes}};
    }
    if (policy_.success_exit_codes != std::vector<int>{0}) {
      json_["success_exit_codes"] = policy_.success_exit_codes;
    }
    if (policy_.retry.count > 0) json_["retry"] = retry();
    if (policy_.hedge) {
      json_["hedge"] = {{"delay", hedge_delay(policy_.hedge->delay)},
                        {"max_attempts", policy_.hedge->max_attempts},
                        {"non_fatal_exit", exit_codes(policy_.hedge->non_fatal_exit)}};
    }
  }

  Json retry() const {
    const RetryRule& rule = policy_.retry;
    Json json = {{"count", rule.count},
                 {"delay", duration(rule.delay)},
                 {"backoff", to_string(rule.backoff)}};
    if (rule.backoff == RetryRule::Growth::exponential) json["multiplier"] = rule.multiplier;
    json["max_delay"] = duration(rule.max_delay);
    json["jitter"] = to_string(rule.jitter);
    json["on_exit"] = exit_codes(rule.on_exit);
    json["on_timeout"] = rule.on_timeout;
    return json;
  }

  void add_claims() {
    for (const Lock& lock : policy_.locks) {
      json_["locks"][texts_.raw(plan_.limits()[lock.limit].name)] = lock.count;
    }
    if (policy_.weight != 1) json_["weight"] = policy_.weight;
    if (!policy_.dedupe_key.empty()) json_["key"] = texts_.raw(policy_.dedupe_key);
    if (policy_.service) json_["service"] = true;
    if (policy_.ready) json_["ready"] = ready(*policy_.ready);
  }

  Json ready(const ReadyRule& rule) const {
    Json json = Json::object();
    if (const auto* log = std::get_if<ReadyRule::Log>(&rule.check)) {
      json["log"] = texts_.raw(log->text);
    } else if (const auto* exec = std::get_if<ReadyRule::Exec>(&rule.check)) {
      json["exec"] = run_value(exec->run, texts_);
    } else if (const auto* tcp = std::get_if<ReadyRule::Tcp>(&rule.check)) {
      const bool bracketed = tcp->host.find(':') != std::string::npos;
      json["tcp"] = texts_.raw((bracketed ? "[" + tcp->host + "]" : tcp->host) + ":" + tcp->port);
    }
    json["timeout"] = duration(rule.timeout);
    return json;
  }

  void add_process() {
    if (policy_.input.kind == Input::Kind::inherit) json_["stdin"] = "inherit";
    if (policy_.input.kind == Input::Kind::file) json_["stdin"] = texts_.raw(policy_.input.path);
    if (policy_.tty) json_["tty"] = true;
    if (policy_.interactive) json_["interactive"] = true;
    if (policy_.nice.value_or(0) != 0) json_["nice"] = *policy_.nice;
    for (const auto& [resource, value] : policy_.resource_limits) {
      const std::string name(resource_name(resource));
      json_["rlimit"][name] = !value               ? Json("unlimited")
                              : counts_bytes(name) ? size(*value)
                                                   : Json(*value);
    }
    if (policy_.memory_bytes_max) json_["max_memory"] = size(*policy_.memory_bytes_max);
  }

  const Plan& plan_;
  const Task& task_;
  const Policy& policy_;
  const ShownTexts& texts_;
  Audience audience_;
  Json json_ = Json::object();
};

std::string inline_text(const Json& value);

std::string joined(const Json& values) {
  std::string text;
  for (const auto& [key, value] : values.items()) {
    if (!text.empty()) text += ", ";
    if (values.is_object()) text += escape_text(key) + " ";
    text += inline_text(value);
  }
  return text;
}

std::string inline_text(const Json& value) {
  if (value.is_string()) return escape_text(value.get<std::string>());
  if (value.is_array()) return "[" + joined(value) + "]";
  if (value.is_object()) return "{" + joined(value) + "}";
  return value.dump();
}

std::string variables_text(const Json& variables) {
  std::string text;
  for (const auto& [name, value] : variables.items()) {
    if (!text.empty()) text += ", ";
    text += escape_text(name) + (value.is_null() ? " unset" : "=" + inline_text(value));
  }
  return text;
}

}  // namespace

std::string ShownTexts::line(std::string_view text) const { return escape_text(raw(text)); }

Json settings_of(const Plan& plan, const Task& task, const ShownTexts& texts, Audience audience) {
  return SettingCollector(plan, task, texts, audience).collect();
}

std::string setting_line(std::string_view key, const Json& value) {
  if (key == "env") return "env " + variables_text(value);
  if (value.is_boolean() && value.get<bool>()) return std::string(key);
  return std::string(key) + " " + (value.is_structured() ? joined(value) : inline_text(value));
}

Json run_value(const Run& run, const ShownTexts& texts) {
  if (const auto* script = std::get_if<Script>(&run)) return texts.raw(script->text);
  Json words = Json::array();
  if (const auto* argv = std::get_if<Argv>(&run)) {
    for (const std::string& word : *argv) words.push_back(texts.raw(word));
  }
  return words;
}

std::string needs_text(const Plan& plan, const Task& task) {
  std::string text;
  for (const Need& need : task.needs) {
    text += (text.empty() ? "" : ", ") + escape_text(plan.task(need.task).full_name);
    if (need.condition != Condition::success) {
      text += " (" + std::string(to_string(need.condition)) + ")";
    }
  }
  return text;
}

Json jobs_value(const Jobs& jobs) {
  switch (jobs.kind) {
    case Jobs::Kind::count:
      return jobs.value;
    case Jobs::Kind::percent:
      return std::to_string(jobs.value) + "%";
    case Jobs::Kind::automatic:
      return "auto";
    case Jobs::Kind::unlimited:
      return 0;
  }
  return {};
}

}  // namespace errand::cmd
