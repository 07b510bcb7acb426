// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/document.h"

#include <algorithm>

namespace errand::task_file {

namespace {

// How much memory to reserve, so that few nodes ever move; a guess.
constexpr std::size_t kBytesPerNode = 16;
constexpr std::size_t kNodesReservedMax = 1 << 20;

}  // namespace

std::string_view describe(NodeKind kind) {
  switch (kind) {
    case NodeKind::null:
      return "nothing";
    case NodeKind::boolean:
      return "true or false";
    case NodeKind::number:
      return "a number";
    case NodeKind::text:
      return "text";
    case NodeKind::list:
      return "a list";
    case NodeKind::map:
    case NodeKind::merge:
      break;
  }
  return "a map";
}

std::string_view Document::keep(Offset offset, std::string_view text) {
  for (const Offset begin : {offset, offset + 1}) {
    if (begin > source_.size()) break;
    const std::string_view written = source_.substr(begin, text.size());
    if (written == text) return written;
  }
  auto* copy = static_cast<char*>(copies_.allocate(text.size(), 1));
  std::copy(text.begin(), text.end(), copy);
  return {copy, text.size()};
}

void Document::added_child() {
  if (!open_.empty() && open_.back().is_map) open_.back().at_key = !open_.back().at_key;
}

void Document::add_scalar(NodeKind kind, Offset offset, std::string_view text) {
  nodes_.push_back({keep(offset, text), offset, 1, kind});
  added_child();
}

void Document::open(NodeKind kind, Offset offset) {
  const bool is_map = kind == NodeKind::map;
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back({{}, offset, 0, kind});
  open_.push_back({index, is_map, is_map});
}

void Document::close() {
  const std::uint32_t index = open_.back().index;
  nodes_[index].size = static_cast<std::uint32_t>(nodes_.size()) - index;
  open_.pop_back();
  added_child();
}

std::size_t Document::height(std::size_t index) const {
  const Node& top = nodes_[index];
  std::vector<const Node*> ends;  // of the lists and maps around `each`
  std::size_t highest = 0;
  for (const Node* each = &top; each != top.next(); ++each) {
    while (!ends.empty() && ends.back() == each) ends.pop_back();
    if (each->is_scalar() || each->kind == NodeKind::merge) continue;
    ends.push_back(each->next());
    highest = std::max(highest, ends.size());
  }
  return highest;
}

void Document::add_copy(std::size_t index) {
  const std::size_t size = nodes_[index].size;
  for (std::size_t i = 0; i < size; ++i) nodes_.push_back(Node(nodes_[index + i]));
  added_child();
}

void Document::reset(std::string_view source) {
  source_ = source;
  nodes_.clear();
  nodes_.reserve(std::min(source.size() / kBytesPerNode, kNodesReservedMax));
  open_.clear();
  copies_.release();
}

}  // namespace errand::task_file
