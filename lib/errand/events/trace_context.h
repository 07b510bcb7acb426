// SPDX-License-Identifier: Apache-2.0
//
// W3C Trace Context, as it travels in the environment variable TRACEPARENT.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "errand/events/events.h"

namespace errand {

// Goes on with the trace that `traceparent` names. What is no valid traceparent begins a new trace,
// as the specification wants it: an id of its own made of `random`, no parent, flags 00.
TraceContext continue_trace(std::string_view traceparent, std::uint64_t random);

// The id of a span: 16 hexadecimal digits, never all 0.
std::string span_id(std::uint64_t random);

// "00-TRACE_ID-SPAN_ID-FLAGS".
std::string traceparent(const TraceContext& trace, std::string_view span_id);

}  // namespace errand
