// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/merge_keys.h"

#include <unordered_set>
#include <vector>

namespace errand::task_file {
namespace {

// Works with indices: each copy may move the nodes.
class Merge {
 public:
  Merge(Document& document, std::size_t& budget, ProblemList& problems)
      : document_(document), budget_(budget), problems_(problems) {}

  bool run() {
    scan_own_entries(document_.open_index() + 1, document_.nodes().size());
    for (const std::size_t map : brought_in_) {
      if (!add_entries_of(map)) return false;
    }
    return true;
  }

 private:
  const Node& node(std::size_t index) const { return document_.nodes()[index]; }

  void scan_own_entries(std::size_t key, std::size_t end) {
    while (key < end) {
      const std::size_t value = key + 1;
      if (node(key).kind == NodeKind::merge) {
        bring_in(value);
      } else {
        keys_.insert(node(key).text);
      }
      key = value + node(value).size;
    }
  }

  void bring_in(std::size_t value) {
    const Node& found = node(value);
    if (found.kind == NodeKind::map) {
      brought_in_.push_back(value);
    } else if (found.kind == NodeKind::list) {
      for (std::size_t i = value + 1; i < value + found.size; i += node(i).size) bring_in_map(i);
    } else {
      refuse(found);
    }
  }

  void bring_in_map(std::size_t index) {
    if (node(index).kind == NodeKind::map) {
      brought_in_.push_back(index);
    } else {
      refuse(node(index));
    }
  }

  void refuse(const Node& found) {
    problems_.add(found.offset, "\"<<\" expects a map or a list of maps, found " +
                                    std::string(describe(found.kind)));
  }

  bool add_entries_of(std::size_t map) {
    const std::size_t end = map + node(map).size;
    for (std::size_t key = map + 1; key < end;) {
      const std::size_t value = key + 1;
      const bool wanted = node(key).kind != NodeKind::merge && keys_.insert(node(key).text).second;
      if (wanted && !copy_entry(key, value)) return false;
      key = value + node(value).size;
    }
    return true;
  }

  bool copy_entry(std::size_t key, std::size_t value) {
    if (!spend(node(key), budget_) || !spend(node(value), budget_)) {
      problems_.add(node(key).offset, std::string(kExpansionTooLarge));
      return false;
    }
    document_.add_copy(key);
    document_.add_copy(value);
    return true;
  }

  Document& document_;
  std::size_t& budget_;
  ProblemList& problems_;
  std::unordered_set<std::string_view> keys_;
  std::vector<std::size_t> brought_in_;
};

}  // namespace

bool spend(const Node& node, std::size_t& budget) {
  std::size_t cost = 0;
  for (const Node* each = &node; each != node.next(); ++each)
    cost += sizeof(Node) + each->text.size();
  if (cost > budget) return false;
  budget -= cost;
  return true;
}

bool add_merged_entries(Document& document, std::size_t& budget, ProblemList& problems) {
  return Merge(document, budget, problems).run();
}

}  // namespace errand::task_file
