// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/check_document.h"

#include <string_view>
#include <unordered_map>

#include "errand/base/quoted_text.h"

namespace errand::task_file {
namespace {

constexpr std::size_t kPairsCompared = 8;  // entries; hashing more of them is cheaper

void report(const Node& first, const Node& again, ProblemList& problems) {
  problems.add(again.offset, [&] {
    return "duplicate key " + quote(again.text) + "; the first is on " +
           problems.line_of(first.offset);
  });
}

// Comparing each with those before it needs no memory.
void check_few(const Node& map, ProblemList& problems) {
  const Entries entries(map);
  for (auto later = entries.begin(); later != entries.end(); ++later) {
    for (auto first = entries.begin(); first != later; ++first) {
      if ((*first).key->text != (*later).key->text) continue;
      report(*(*first).key, *(*later).key, problems);
      break;
    }
  }
}

void check_many(const Node& map, ProblemList& problems) {
  std::unordered_map<std::string_view, const Node*> firsts;
  for (const Entry entry : Entries(map)) {
    const auto [first, fresh] = firsts.emplace(entry.key->text, entry.key);
    if (!fresh) report(*first->second, *entry.key, problems);
  }
}

bool is_small(const Node& map) {
  std::size_t count = 0;
  for ([[maybe_unused]] const Entry entry : Entries(map)) {
    if (++count > kPairsCompared) return false;
  }
  return true;
}

}  // namespace

void check_document(const Document& document, ProblemList& problems) {
  for (const Node& node : document.nodes()) {
    if (node.kind == NodeKind::map) {
      is_small(node) ? check_few(node, problems) : check_many(node, problems);
    } else if (node.text.find('\0') != std::string_view::npos) {
      problems.add(node.offset, "text with a NUL character; no program can be given one");
    }
  }
}

}  // namespace errand::task_file
