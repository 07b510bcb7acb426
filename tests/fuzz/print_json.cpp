// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "fuzz/check.h"

namespace errand::fuzz {
namespace {

using namespace task_file;

void print(const Node& node, std::string& out);

void print_list(const Node& list, std::string& out) {
  out += '[';
  for (const Node& item : Items(list)) {
    out += &item == &list + 1 ? "" : ", ";
    print(item, out);
  }
  out += ']';
}

void print_map(const Node& map, std::string& out) {
  out += '{';
  for (const Entry entry : Entries(map)) {
    out += entry.key == &map + 1 ? "" : ", ";
    print(*entry.key, out);
    out += ": ";
    print(*entry.value, out);
  }
  out += '}';
}

void print(const Node& node, std::string& out) {
  if (node.kind == NodeKind::list) return print_list(node, out);
  if (node.kind == NodeKind::map) return print_map(node, out);
  const bool is_quoted = node.kind == NodeKind::text;
  out += is_quoted ? nlohmann::json(node.text).dump() : std::string(node.text);
}

}  // namespace

std::string print_json(const Document& document) {
  std::string out;
  print(document.root(), out);
  return out;
}

}  // namespace errand::fuzz
