// SPDX-License-Identifier: Apache-2.0
#include "errand/events/json_fields.h"

namespace errand {

void add_outcome(JsonText& to, TaskState state, std::string_view cause,
                 const std::optional<ExitStatus>& status) {
  to.member("status", to_string(state)).key("cause").text_or_null(cause);
  if (status) to.member(status->by_signal() ? "signal" : "exit_code", status->number());
}

void add_usage(JsonText& to, const Usage& usage) {
  to.begin_object().member("user", usage.user).member("system", usage.system);
  to.member("rss_bytes_max", usage.rss_bytes_max);
  to.member("voluntary_switches", usage.voluntary_switches);
  to.member("involuntary_switches", usage.involuntary_switches).end_object();
}

void add_trace(JsonText& to, const TraceContext& trace) {
  if (trace.trace_id.empty()) return;
  to.member("trace_id", trace.trace_id);
  if (!trace.parent_id.empty()) to.member("parent_id", trace.parent_id);
}

}  // namespace errand
