// SPDX-License-Identifier: Apache-2.0
#include "errand/events/trace_context.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

namespace errand {
namespace {

bool is_hexadecimal(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_hexadecimal(text) && text.find_first_not_of('0') != text.npos;
}

// Of the flags only "sampled" is known to version 00; the others are to be sent as 0.
std::string known_flags(char last_digit) {
  constexpr std::string_view kWithSampled = "13579bdf";
  return kWithSampled.find(last_digit) == kWithSampled.npos ? "00" : "01";
}

// "VV-TRACE-PARENT-FF"; versions to come may have more behind it.
std::optional<TraceContext> parse(std::string_view text) {
  constexpr std::size_t kTraceAt = 3, kParentAt = 36, kFlagsAt = 53, kSize = 55;
  if (text.size() < kSize) return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  if (!is_hexadecimal(version) || version == "ff") return std::nullopt;
  const bool more = text.size() > kSize;
  if (more && (version == "00" || text[kSize] != '-')) return std::nullopt;
  for (const std::size_t dash : {kTraceAt, kParentAt, kFlagsAt}) {
    if (text[dash - 1] != '-') return std::nullopt;
  }
  const std::string_view trace = text.substr(kTraceAt, 32), parent = text.substr(kParentAt, 16);
  const std::string_view flags = text.substr(kFlagsAt, 2);
  if (!is_id(trace) || !is_id(parent) || !is_hexadecimal(flags)) return std::nullopt;
  return TraceContext{std::string(trace), std::string(parent), known_flags(flags[1])};
}

// splitmix64: a second number from the first.
std::uint64_t next(std::uint64_t seed) {
  std::uint64_t mixed = seed + 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace

TraceContext continue_trace(std::string_view traceparent, std::uint64_t random) {
  if (auto parsed = parse(traceparent)) return *parsed;
  return {span_id(random) + span_id(next(random)), "", "00"};
}

std::string span_id(std::uint64_t random) {
  std::array<char, 24> text;
  std::snprintf(text.data(), text.size(), "%016llx",
                static_cast<unsigned long long>(random == 0 ? 1 : random));
  return text.data();
}

std::string traceparent(const TraceContext& trace, std::string_view span_id) {
  return "00-" + trace.trace_id + "-" + std::string(span_id) + "-" + trace.flags;
}

}  // namespace errand
