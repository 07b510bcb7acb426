// SPDX-License-Identifier: Apache-2.0
//
// What YAML and JSON have in common: a tree of maps, lists and scalars, each with its place.
//
// Everything that only this layer uses is in namespace task_file, so that short names such as Node
// and Key are free elsewhere.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "errand/taskfile/syntax/source.h"

namespace errand::task_file {

enum class NodeKind : std::uint8_t { null, boolean, number, text, list, map, merge };

// Nodes stand in one array, a parent right before its children; those of a map are key, value, key,
// value. A key is a scalar; one of kind `merge` ("<<") is no entry, what it brings in stands
// behind.
struct Node {
  std::string_view text;  // of a scalar, as written; "0x1F" stays "0x1F"
  Offset offset = 0;
  std::uint32_t size = 1;  // nodes in this subtree, itself included
  NodeKind kind = NodeKind::null;

  bool is_scalar() const { return kind <= NodeKind::text; }
  const Node* next() const { return this + size; }
};

// "a list", "nothing": for messages.
std::string_view describe(NodeKind kind);

struct Entry {
  const Node* key = nullptr;
  const Node* value = nullptr;
  explicit operator bool() const { return key != nullptr; }
};

// The children of a list: for (const Node& item : Items(list)).
class Items {
 public:
  class Iterator {
   public:
    explicit Iterator(const Node* at) : at_(at) {}
    const Node& operator*() const { return *at_; }
    Iterator& operator++() {
      at_ = at_->next();
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Node* at_;
  };
  explicit Items(const Node& list) : list_(list) {}
  Iterator begin() const { return Iterator(&list_ + 1); }
  Iterator end() const { return Iterator(list_.next()); }

 private:
  const Node& list_;
};

// The entries of a map: for (const Entry entry : Entries(map)).
class Entries {
 public:
  class Iterator {
   public:
    Iterator(const Node* at, const Node* end) : at_(at), end_(end) { skip_merges(); }
    Entry operator*() const { return {at_, at_->next()}; }
    Iterator& operator++() {
      at_ = at_->next()->next();
      skip_merges();
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    void skip_merges() {
      while (at_ != end_ && at_->kind == NodeKind::merge) at_ = at_->next()->next();
    }
    const Node* at_;
    const Node* end_;
  };
  explicit Entries(const Node& map) : map_(map) {}
  Iterator begin() const { return {&map_ + 1, map_.next()}; }
  Iterator end() const { return {map_.next(), map_.next()}; }

 private:
  const Node& map_;
};

inline constexpr std::size_t kDepthMax = 64;  // lists and maps within each other
inline constexpr std::string_view kTooDeep = "nested deeper than 64 levels";

// Is built front to back by a reader, then only read. Texts that stand in the source as they are
// point there; the source must live as long.
class Document {
 public:
  explicit Document(std::string_view source) { reset(source); }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  bool empty() const { return nodes_.empty(); }
  const Node& root() const { return nodes_.front(); }
  const std::vector<Node>& nodes() const { return nodes_; }

  // `text` is what a scalar means, escapes resolved; it begins at `offset` or one quote behind.
  void add_scalar(NodeKind kind, Offset offset, std::string_view text);
  // A list or map; close() ends the one opened last. REQUIRES: depth() < kDepthMax.
  void open(NodeKind kind, Offset offset);
  void close();
  std::size_t depth() const { return open_.size(); }
  // Is the next node a map's key?
  bool at_key() const { return !open_.empty() && open_.back().at_key; }
  // The index of the list or map opened last. REQUIRES: depth() > 0.
  std::size_t open_index() const { return open_.back().index; }
  // Is the node at `index` open still?
  bool is_open(std::size_t index) const { return nodes_[index].size == 0; }
  // How many lists and maps are within each other in the closed subtree at `index`.
  std::size_t height(std::size_t index) const;
  // Repeats the closed subtree at `index` here. REQUIRES: depth() + height(index) <= kDepthMax.
  void add_copy(std::size_t index);
  // Makes the key added last a merge key.
  void mark_merge() { nodes_.back().kind = NodeKind::merge; }
  // Starts anew on another source; memory is kept.
  void reset(std::string_view source);

 private:
  struct Open {
    std::uint32_t index;
    bool is_map;
    bool at_key;
  };
  void added_child();
  std::string_view keep(Offset offset, std::string_view text);

  std::string_view source_;
  std::vector<Node> nodes_;
  std::vector<Open> open_;
  std::pmr::monotonic_buffer_resource copies_;
};

}  // namespace errand::task_file
