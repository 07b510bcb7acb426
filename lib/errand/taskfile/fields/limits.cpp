// SPDX-License-Identifier: Apache-2.0
//
// The part of structured_values.h that reads limits, locks and rlimit.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <utility>

#include "errand/base/nearest.h"
#include "errand/base/quoted_text.h"
#include "errand/taskfile/fields/structured_values.h"
#include "errand/taskfile/fields/values.h"
#include "errand/taskfile/syntax/spelling.h"

namespace errand {
namespace task_file {
namespace {

constexpr std::size_t kNamesCompared = 1000;  // to suggest the one that was meant

struct KnownResource {
  std::string_view name;
  int number;
};
constexpr auto kResources = std::to_array<KnownResource>({
    {"as", RLIMIT_AS},
    {"core", RLIMIT_CORE},
    {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},
    {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},
    {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE},
    {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},
    {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},
    {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},
    {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
});

void report_unknown_resource(const Node& name, ProblemList& problems) {
  problems.add(name.offset, [&] {
    std::array<std::string_view, kResources.size()> names;
    std::ranges::transform(kResources, names.begin(), &KnownResource::name);
    const std::string near = nearest(name.text, names);
    return "unknown limit " + quote(name.text) +
           (near.empty() ? "; there are " + join_names(names) : ", did you mean \"" + near + "\"?");
  });
}

std::optional<ResourceLimit> read_resource_limit(const Entry& entry, ProblemList& problems) {
  const auto found = std::ranges::find(kResources, entry.key->text, &KnownResource::name);
  if (found == kResources.end()) {
    report_unknown_resource(*entry.key, problems);
    return {};
  }
  if (entry.value->text == "unlimited") return ResourceLimit{found->number, std::nullopt};
  if (entry.value->text == "0") return ResourceLimit{found->number, 0};  // as of core; no size
  const auto size = read_size(entry, problems);
  return size ? std::optional(ResourceLimit{found->number, *size}) : std::nullopt;
}

bool is_name(const Node& name, ProblemList& problems) {
  if (!name.text.empty()) return true;
  problems.add(name.offset, "the name of a limit cannot be empty");
  return false;
}

void report_unknown_lock(const Node& name, std::span<const Limit> limits, ProblemList& problems) {
  problems.add(name.offset, [&] {
    std::vector<std::string_view> names;
    for (const Limit& limit : limits.first(std::min(limits.size(), kNamesCompared))) {
      names.push_back(limit.name);
    }
    const std::string near = nearest(name.text, names);
    return "unknown lock " + quote(name.text) +
           (near.empty() ? "; give it a count in \"limits\" at the top of the file"
                         : ", did you mean " + quote(near) + "?");
  });
}

// Sorts by name.
void report_repeated(std::vector<NamedLock>& locks, ProblemList& problems) {
  const auto name = [](const NamedLock& lock) { return lock.place->text; };
  std::ranges::sort(
      locks, {}, [&](const NamedLock& lock) { return std::pair(name(lock), lock.place->offset); });
  for (std::size_t i = 1; i < locks.size(); ++i) {
    if (name(locks[i]) != name(locks[i - 1])) continue;
    problems.add(locks[i].place->offset, [&] {
      return quote(name(locks[i])) + " stands here twice; write it once, with a count";
    });
  }
}

}  // namespace

std::optional<std::vector<ResourceLimit>> read_resource_limits(const Entry& entry,
                                                               ProblemList& problems) {
  if (entry.value->kind != NodeKind::map) {
    add_wrong_type(*entry.value, entry.key->text, "a map such as { nofile: 1024 }", problems);
    return {};
  }
  std::vector<ResourceLimit> limits;
  for (const Entry each : Entries(*entry.value)) {
    if (const auto limit = read_resource_limit(each, problems)) limits.push_back(*limit);
  }
  return limits;
}

std::vector<Limit> read_limits(const Entry& entry, ProblemList& problems) {
  std::vector<Limit> limits;
  if (entry.value->kind == NodeKind::map) {
    for (const Entry each : Entries(*entry.value)) {
      if (!is_name(*each.key, problems)) continue;
      // A limit that is wrong is known nevertheless, so that its locks are not called unknown.
      limits.push_back(
          {std::string(each.key->text), read_count(each, problems).value_or(unsigned{kCountMax})});
    }
  } else if (entry.value->kind != NodeKind::null) {
    add_wrong_type(*entry.value, entry.key->text, "a map such as { db: 1 }", problems);
  }
  return limits;
}

std::vector<NamedLock> read_locks(const Entry& entry, ProblemList& problems) {
  std::vector<NamedLock> locks;
  if (entry.value->kind == NodeKind::map) {
    for (const Entry each : Entries(*entry.value)) {
      const auto count = read_count(each, problems);
      if (is_name(*each.key, problems) && count) locks.push_back({each.key, *count});
    }
  } else {
    for (const Node* name : read_texts(entry, "names of limits", problems)) {
      if (is_name(*name, problems)) locks.push_back({name});
    }
  }
  return locks;
}

Limits::Limits(std::vector<Limit> limits) : limits_(std::move(limits)) {
  for (const Limit& limit : limits_) {
    index_.emplace(limit.name, static_cast<std::uint32_t>(index_.size()));
  }
}

std::optional<Lock> Limits::resolve(const NamedLock& lock, ProblemList& problems) const {
  const auto found = index_.find(lock.place->text);
  if (found == index_.end()) {
    report_unknown_lock(*lock.place, limits_, problems);
    return {};
  }
  const unsigned available = limits_[found->second].count;
  if (lock.count > available) {
    problems.add(lock.place->offset, [&] {
      return quote(lock.place->text) + " takes " + std::to_string(lock.count) + " of " +
             std::to_string(available) + "; take less, or raise the limit";
    });
    return {};
  }
  return Lock{found->second, lock.count};
}

std::vector<Lock> Limits::resolve(std::vector<NamedLock> locks, ProblemList& problems) const {
  report_repeated(locks, problems);
  std::vector<Lock> resolved;
  for (const NamedLock& lock : locks) {
    if (const auto one = resolve(lock, problems)) resolved.push_back(*one);
  }
  std::ranges::sort(resolved, {}, &Lock::limit);
  return resolved;
}

std::vector<std::string> names_of(std::vector<NamedLock> locks, ProblemList& problems) {
  report_repeated(locks, problems);
  std::vector<std::string> names;
  for (const NamedLock& lock : locks) {
    names.emplace_back(lock.place->text);
    if (lock.count == 1) continue;
    problems.add(lock.place->offset, [&] {
      return quote(lock.place->text) +
             " takes more than there is: each lock of a stream is there once";
    });
  }
  return names;
}

}  // namespace task_file

std::string_view resource_name(int resource) {
  const auto found =
      std::ranges::find(task_file::kResources, resource, &task_file::KnownResource::number);
  return found == task_file::kResources.end() ? std::string_view() : found->name;
}

}  // namespace errand
