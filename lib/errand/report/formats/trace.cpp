// SPDX-License-Identifier: Apache-2.0
//
// The run for chrome://tracing and https://ui.perfetto.dev: Chrome's trace event format.
#include <algorithm>
#include <tuple>

#include "errand/events/json_fields.h"
#include "errand/report/render.h"

namespace errand {
namespace {

constexpr int kProcess = 1;

struct Lanes {
  int slots = 0;                        // 1 to slots
  int services = 0;                     // as many behind them
  std::vector<std::vector<int>> lanes;  // by task and attempt
};

// Attempts that run at one time never share a lane: slots are unique anyway, services get the
// lowest that is free.
Lanes lanes_of(const RunRecord& run) {
  Lanes found;
  struct Service {
    Duration began, ended;
    std::size_t task, attempt;
  };
  std::vector<Service> services;
  found.lanes.resize(run.tasks.size());
  for (std::size_t task = 0; task < run.tasks.size(); ++task) {
    const auto& attempts = run.tasks[task].attempts;
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const AttemptRecord& attempt = attempts[i];
      found.slots = std::max(found.slots, attempt.slot);
      found.lanes[task].push_back(attempt.slot);
      const Duration end =
          attempt.ended ? saturating_add(attempt.began, attempt.duration) : run.duration;
      if (attempt.slot == 0) services.push_back({attempt.began, end, task, i});
    }
  }
  std::ranges::sort(services, {}, [](const Service& service) {
    return std::tuple(service.began, service.task, service.attempt);
  });
  std::vector<Duration> free_from;
  for (const Service& service : services) {
    auto lane = std::ranges::find_if(free_from, [&](Duration at) { return at <= service.began; });
    if (lane == free_from.end()) lane = free_from.insert(lane, Duration::zero());
    *lane = service.ended;
    found.lanes[service.task][service.attempt] =
        found.slots + 1 + static_cast<int>(lane - free_from.begin());
  }
  found.services = static_cast<int>(free_from.size());
  return found;
}

// Microseconds, as the format has them.
std::string micros(Duration duration) {
  return std::to_string(saturating_round_microseconds(duration).count());
}

// The colours that chrome://tracing knows.
std::string_view color_of(const AttemptRecord& attempt) {
  if (!attempt.ended) return "generic_work";
  switch (attempt.state) {
    case TaskState::succeeded:
      return "good";
    case TaskState::failed:
      return "terrible";
    case TaskState::timed_out:
      return "bad";
    case TaskState::canceled:
    case TaskState::skipped:
      return "grey";
  }
  return "grey";
}

class Trace {
 public:
  Trace(const RunRecord& run, ReportText& out) : run_(run), out_(out), lanes_(lanes_of(run)) {}

  void write() {
    out_ << "{\"displayTimeUnit\":\"ms\",\"otherData\":";
    JsonText other(out_.text());
    other.begin_object().member("run_id", run_.id).member("name", run_.name);
    other.member("status", state_name(run_.ended, run_.state));
    other.member("started", rfc3339(run_.started));
    add_trace(other, run_.trace);
    other.end_object();
    out_ << ",\n\"traceEvents\":[";
    name_lanes();
    for (std::size_t i = 0; i < run_.tasks.size(); ++i) {
      const TaskRecord& task = run_.tasks[i];
      if (task.group) {
        add_group(task, i);
      } else {
        add_attempts(task, i);
      }
    }
    for (const NoticeRecord& notice : run_.notices) add_notice(notice);
    out_ << "\n]}\n";
  }

 private:
  template <class Fill>
  void event(const char* phase, int lane, Fill fill) {
    out_ << (first_ ? "\n" : ",\n");
    first_ = false;
    JsonText to(out_.text());
    to.begin_object().member("ph", phase).member("pid", kProcess).member("tid", lane);
    fill(to);
    to.end_object();
  }
  void name_lanes() {
    const auto name = [this](const char* what, int lane, const std::string& text) {
      event("M", lane, [&](JsonText& to) {
        to.member("name", what).key("args").begin_object().member("name", text).end_object();
      });
    };
    name("process_name", 0, run_.name.empty() ? "errand" : run_.name);
    for (int lane = 1; lane <= lanes_.slots + lanes_.services; ++lane) {
      const bool slot = lane <= lanes_.slots;
      const int number = slot ? lane : lane - lanes_.slots;
      name("thread_name", lane, (slot ? "slot " : "service ") + std::to_string(number));
      event("M", lane, [&](JsonText& to) {
        to.member("name", "thread_sort_index").key("args").begin_object();
        to.member("sort_index", lane).end_object();
      });
    }
  }
  // Groups overlap as they like, so they are asynchronous: with rows of their own.
  void add_group(const TaskRecord& task, std::size_t index) {
    const auto span = span_of(task, run_);
    if (!span) return;
    const auto edge = [&](const char* phase, Duration at) {
      event(phase, 0, [&](JsonText& to) {
        to.member("cat", "group").member("id", std::to_string(index)).member("name", task.name);
        to.key("ts").raw(micros(at)).key("args").begin_object();
        to.member("status", state_name(task.ended, task.state)).end_object();
      });
    };
    edge("b", span->began);
    edge("e", span->ended);
  }
  void add_attempts(const TaskRecord& task, std::size_t index) {
    for (std::size_t i = 0; i < task.attempts.size(); ++i) {
      const AttemptRecord& attempt = task.attempts[i];
      const int lane = lanes_.lanes[index][i];
      event("X", lane, [&](JsonText& to) { fill(to, task, attempt); });
      if (i > 0) add_arrow(task, index, i);
    }
  }
  void fill(JsonText& to, const TaskRecord& task, const AttemptRecord& attempt) const {
    std::string name = task.name;
    if (attempt.number > 1) {
      name += (attempt.hedge ? " (hedge " : " (attempt ") + std::to_string(attempt.number) + ")";
    }
    const Duration duration =
        attempt.ended ? attempt.duration : saturating_subtract(run_.duration, attempt.began);
    to.member("cat", attempt.hedge ? "hedge" : task.service ? "service" : "attempt");
    to.member("name", name).key("ts").raw(micros(attempt.began));
    to.key("dur").raw(micros(duration)).member("cname", color_of(attempt));
    to.key("args").begin_object().member("task", task.name).member("attempt", attempt.number);
    to.member("command", task.command);
    to.member("status", state_name(attempt.ended, attempt.state));
    if (!attempt.cause.empty()) to.member("cause", attempt.cause);
    if (!attempt.span_id.empty()) {
      to.member("trace_id", run_.trace.trace_id).member("span_id", attempt.span_id);
      if (!run_.trace.parent_id.empty()) to.member("parent_id", run_.trace.parent_id);
    }
    to.key("rusage");
    add_usage(to, attempt.usage);
    to.end_object();
  }
  // From an attempt to the one that came for it: the next try, or a hedge beside it.
  void add_arrow(const TaskRecord& task, std::size_t index, std::size_t i) {
    const AttemptRecord& from = task.attempts[i - 1];
    const AttemptRecord& to_attempt = task.attempts[i];
    const Duration end = std::min(saturating_add(from.began, from.duration), to_attempt.began);
    const std::string id = std::to_string(index) + "." + std::to_string(i);
    const char* const name = to_attempt.hedge ? "hedge" : "retry";
    const auto point = [&](const char* phase, std::size_t of, Duration at) {
      event(phase, lanes_.lanes[index][of], [&](JsonText& to) {
        to.member("cat", name).member("name", name).member("id", id).key("ts").raw(micros(at));
        if (*phase == 'f') to.member("bp", "e");
      });
    };
    point("s", i - 1, end);
    point("f", i, to_attempt.began);
  }
  void add_notice(const NoticeRecord& notice) {
    event("i", 0, [&](JsonText& to) {
      to.member("cat", "notice").member("s", "p").key("ts").raw(micros(notice.at));
      to.member("name", (notice.task.empty() ? "" : notice.task + ": ") + notice.text);
    });
  }

  const RunRecord& run_;
  ReportText& out_;
  const Lanes lanes_;
  bool first_ = true;
};

}  // namespace

void render_trace(const RunRecord& run, const TextSink& sink) {
  ReportText out(sink);
  Trace(run, out).write();
}

}  // namespace errand
