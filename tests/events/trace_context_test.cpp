// SPDX-License-Identifier: Apache-2.0
#include "errand/events/trace_context.h"

#include "support/catch.h"

using namespace errand;

namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736", kParent = "00f067aa0ba902b7";

}  // namespace

TEST_CASE("a trace goes on with a span of its own") {
  const TraceContext trace = continue_trace("00-" + kTrace + "-" + kParent + "-01", 7);
  CHECK(trace.trace_id == kTrace);
  CHECK(trace.parent_id == kParent);
  CHECK(traceparent(trace, span_id(0xabc)) == "00-" + kTrace + "-0000000000000abc-01");
}

TEST_CASE("flags that version 00 does not know are sent as 0") {
  CHECK(continue_trace("00-" + kTrace + "-" + kParent + "-03", 7).flags == "01");
  CHECK(continue_trace("00-" + kTrace + "-" + kParent + "-fe", 7).flags == "00");
}

TEST_CASE("versions to come may have more behind the flags") {
  CHECK(continue_trace("cc-" + kTrace + "-" + kParent + "-01", 7).trace_id == kTrace);
  CHECK(continue_trace("cc-" + kTrace + "-" + kParent + "-01-what-follows", 7).trace_id == kTrace);
  CHECK(continue_trace("cc-" + kTrace + "-" + kParent + "-01.what-follows", 7).trace_id != kTrace);
}

TEST_CASE("what is no traceparent begins a new trace") {
  const std::string good = "00-" + kTrace + "-" + kParent + "-01";
  for (const std::string& bad :
       {std::string(), std::string("x"), good.substr(1), good + "-", good + "x",
        "ff" + good.substr(2), "0G" + good.substr(2),
        "00-" + std::string(32, '0') + "-" + kParent + "-01",
        "00-" + kTrace + "-" + std::string(16, '0') + "-01", "00-" + kTrace + "-" + kParent + "-0X",
        "00_" + good.substr(3), "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kParent + "-01"}) {
    CAPTURE(bad);
    const TraceContext trace = continue_trace(bad, 7);
    CHECK(trace.trace_id.size() == 32);
    CHECK(trace.trace_id != kTrace);
    CHECK(trace.parent_id.empty());
    CHECK(trace.flags == "00");
    CHECK(trace.trace_id != continue_trace(bad, 8).trace_id);
  }
}

TEST_CASE("a span's id is never all zeros") { CHECK(span_id(0) == "0000000000000001"); }
