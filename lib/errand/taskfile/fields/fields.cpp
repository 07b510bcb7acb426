// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/fields.h"

#include <algorithm>

#include "errand/base/quoted_text.h"
#include "errand/taskfile/syntax/spelling.h"

namespace errand::task_file {
namespace {

void report_unknown(const Entry& entry, std::span<const std::string_view> known,
                    ProblemList& problems) {
  problems.add(entry.key->offset, [&] {
    return describe_unknown_key(entry.key->text, known, "; write " + join_names(known));
  });
}

void report_twice(const Entry& first, const Entry& again, ProblemList& problems) {
  if (first.key->text == again.key->text) return;  // check_document() has said so
  problems.add(again.key->offset, [&] {
    return quote(again.key->text) + " means the same as " + quote(first.key->text) +
           "; keep one of them";
  });
}

}  // namespace

Fields::Fields(const Node& map, std::span<const std::string_view> known, ProblemList& problems)
    : known_(known) {
  for (const Entry entry : Entries(map)) {
    const std::string_view word = entry.key->text;
    if (word.starts_with("x-")) continue;
    const auto found = std::ranges::find_if(
        known, [&](std::string_view name) { return is_spelling_of(word, name); });
    if (found == known.end()) {
      report_unknown(entry, known, problems);
      continue;
    }
    Entry& place = entries_[static_cast<std::size_t>(found - known.begin())];
    if (place) {
      report_twice(place, entry, problems);
    } else {
      place = entry;
    }
  }
}

Entry Fields::operator[](std::string_view name) const {
  return entries_[static_cast<std::size_t>(std::ranges::find(known_, name) - known_.begin())];
}

}  // namespace errand::task_file
