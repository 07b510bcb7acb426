// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/policy.h"

#include "errand/base/quoted_text.h"
#include "errand/base/whole_number.h"

namespace errand {
namespace {

using task_file::quote;

constexpr unsigned kCountMax = 1'000'000;

std::optional<unsigned> parse_count(std::string_view text) {
  const auto count = parse_whole_number<unsigned>(text);
  return count && *count > 0 && *count <= kCountMax ? count : std::nullopt;
}

// The text before `mark`, which it is cut off with; all of it where there is none.
std::string_view cut(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  const std::string_view front = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return front;
}

std::optional<Halt> read_halt(std::string_view text) {
  Halt halt;
  const std::string_view speed = cut(text, ',');
  const std::string_view why = cut(text, '=');
  if (speed != "now" && speed != "soon") return {};
  halt.speed = speed == "now" ? Halt::Speed::now : Halt::Speed::soon;
  if (why == "fail") {
    halt.trigger = Halt::Trigger::fail;
  } else if (why == "success") {
    halt.trigger = Halt::Trigger::success;
  } else if (why == "done") {
    halt.trigger = Halt::Trigger::done;
  } else {
    return {};
  }
  halt.percent = text.ends_with('%');
  if (halt.percent) text.remove_suffix(1);
  const auto count = parse_count(text);
  if (!count || (halt.percent && *count > 100)) return {};
  halt.count = *count;
  return halt;
}

bool looks_like_percentile(std::string_view text) {
  if (text.ends_with('%')) return true;
  const bool p = text.starts_with('p') || text.starts_with('P');
  return p && text.size() > 1 && text[1] >= '0' && text[1] <= '9';
}

}  // namespace

std::string_view to_string(When when) {
  switch (when) {
    case When::on_success:
      return "on_success";
    case When::on_failure:
      return "on_failure";
    case When::always:
      return "always";
  }
  return "";
}

Result<HedgeDelay> parse_hedge_delay(std::string_view text) {
  if (!looks_like_percentile(text)) return parse_duration(text);
  const bool begins_right = text.starts_with('p') && text[1] != '0';
  const auto value = begins_right ? parse_whole_number<unsigned>(text.substr(1)) : std::nullopt;
  if (value && *value < 100) return Percentile{*value};
  return std::unexpected(Error::text(quote(text) + " is no percentile; write p1 to p99"));
}

std::string format(Percentile percentile) { return "p" + std::to_string(percentile.value); }

Result<Halt> parse_halt(std::string_view text) {
  if (const auto halt = read_halt(text)) return *halt;
  return std::unexpected(Error::text(quote(text) +
                                     " is not WHEN,WHY=N; write for example now,fail=3, "
                                     "soon,fail=10% or now,success=1"));
}

std::string format(const Halt& halt) {
  std::string text = halt.speed == Halt::Speed::now ? "now," : "soon,";
  text += halt.trigger == Halt::Trigger::fail      ? "fail="
          : halt.trigger == Halt::Trigger::success ? "success="
                                                   : "done=";
  return text + std::to_string(halt.count) + (halt.percent ? "%" : "");
}

Result<Rate> parse_rate(std::string_view text) {
  std::string_view rest = text;
  const auto count = parse_count(cut(rest, '/'));
  if (count && rest == "s") return Rate{*count, std::chrono::seconds(1)};
  if (count && rest == "m") return Rate{*count, std::chrono::minutes(1)};
  if (count && rest == "h") return Rate{*count, std::chrono::hours(1)};
  return std::unexpected(
      Error::text(quote(text) + " is not a rate; write for example 10/s, 100/m or 5/h"));
}

std::string format(const Rate& rate) {
  const char* unit = rate.per == std::chrono::hours(1)     ? "/h"
                     : rate.per == std::chrono::minutes(1) ? "/m"
                                                           : "/s";
  return std::to_string(rate.count) + unit;
}

}  // namespace errand
