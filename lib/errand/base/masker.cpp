// SPDX-License-Identifier: Apache-2.0
#include "errand/base/masker.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "errand/base/quoted_text.h"

namespace errand {
namespace {

constexpr std::string_view kCut = "...";

// A text as it was before escape_text(); `at[i]` is where byte i came from, the last one the end.
struct Unescaped {
  std::string text;
  std::vector<std::size_t> at;
};

std::optional<unsigned long> hex_number(std::string_view digits) {
  unsigned long number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return {};
  return number;
}

void append_utf8(std::string& to, unsigned long code) {
  const auto add = [&to](unsigned long byte) { to += static_cast<char>(byte); };
  if (code >= 0x10000) {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
  } else if (code >= 0x800) {
    add(0xE0 | code >> 12);
  } else {
    add(0xC0 | code >> 6);
    to += static_cast<char>(0x80 | (code & 0x3F));
    return;
  }
  add(0x80 | (code >> 6 & 0x3F));
  add(0x80 | (code & 0x3F));
}

// Appends what the escape at the beginning of `rest` stands for; returns its size, 0: it is none.
std::size_t unescape_one(std::string_view rest, std::string& to) {
  constexpr std::string_view kNames = "nrte", kBytes = "\n\r\t\x1b";
  if (rest.size() < 2 || rest.front() != '\\') return 0;
  if (const std::size_t name = kNames.find(rest[1]); name != kNames.npos) {
    to += kBytes[name];
    return 2;
  }
  if (rest[1] == 'x' && rest.size() >= 4) {
    const auto byte = hex_number(rest.substr(2, 2));
    if (byte) to += static_cast<char>(*byte);
    return byte ? 4 : 0;
  }
  const std::size_t close = rest.find('}');
  if (!rest.starts_with("\\u{") || close == rest.npos) return 0;
  const auto code = hex_number(rest.substr(3, close - 3));
  if (!code || *code < 0x80 || *code > 0x10FFFF) return 0;
  append_utf8(to, *code);
  return close + 1;
}

Unescaped unescape(std::string_view message) {
  Unescaped result;
  for (std::size_t at = 0; at < message.size();) {
    std::size_t size = unescape_one(message.substr(at), result.text);
    if (size == 0) {
      result.text += message[at];
      size = 1;
    }
    result.at.resize(result.text.size(), at);
    at += size;
  }
  result.at.push_back(message.size());
  return result;
}

// What a terminal makes of lines.
std::string with_carriage_returns(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '\n' && !made.ends_with('\r')) made += '\r';
    made += c;
  }
  return made;
}

}  // namespace

// ---- the values

void Masker::add(std::string_view value) {
  if (value.empty() || value.size() > kSecretBytesMax) return;
  insert(value);
  if (value.size() < kLongSecretBytesMin) {
    has_short_ = true;
    return;
  }
  insert(task_file::escape(value));
  // What the name of a matrix task makes of it, until the names are masked.
  std::string named(value);
  std::ranges::replace(named, '/', '_');
  insert(named);
  insert(task_file::escape(named));
  if (value.find('\n') == value.npos) return;
  insert(with_carriage_returns(value));
  while (!value.empty()) {
    const std::size_t end = std::min(value.find('\n'), value.size());
    std::string_view line = value.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() >= kLongSecretBytesMin) add(line);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
}

void Masker::insert(std::string_view value) {
  NodeId at = 0;
  for (const char byte : value) {
    NodeId child = child_of(at, byte);
    if (child == 0) {
      child = static_cast<NodeId>(nodes_.size());
      Node node;
      node.sibling = std::exchange(nodes_[at].child, child);
      node.depth = nodes_[at].depth + 1;
      node.byte = byte;
      nodes_.push_back(node);
      if (at == 0) first_[static_cast<unsigned char>(byte)] = child;
    }
    at = child;
  }
  if (!std::exchange(nodes_[at].is_value, true)) linked_ = false;
}

Masker::NodeId Masker::child_of(NodeId node, char byte) const {
  if (node == 0) return first_[static_cast<unsigned char>(byte)];
  NodeId child = nodes_[node].child;
  while (child != 0 && nodes_[child].byte != byte) child = nodes_[child].sibling;
  return child;
}

Masker::NodeId Masker::next(NodeId node, char byte) const {
  for (;;) {
    if (const NodeId child = child_of(node, byte)) return child;
    if (node == 0) return 0;
    node = nodes_[node].suffix;
  }
}

// Breadth first: a suffix is shorter than what it is a suffix of.
void Masker::link() const {
  if (std::exchange(linked_, true)) return;
  std::vector<NodeId> row = {0};
  for (std::size_t i = 0; i < row.size(); ++i) {
    for (NodeId id = nodes_[row[i]].child; id != 0; id = nodes_[id].sibling) {
      Node& node = nodes_[id];
      node.suffix = row[i] == 0 ? 0 : next(nodes_[row[i]].suffix, node.byte);
      node.value = node.is_value ? node.depth : nodes_[node.suffix].value;
      row.push_back(id);
    }
  }
}

// What is a value to its end is no beginning of another one.
std::size_t Masker::begun_bytes(NodeId node) const {
  while (node != 0 && nodes_[node].child == 0) node = nodes_[node].suffix;
  return nodes_[node].depth;
}

// ---- texts

void Masker::add_range(std::vector<Range>& ranges, Range range) {
  while (!ranges.empty() && ranges.back().end > range.begin) {
    range = {std::min(range.begin, ranges.back().begin), std::max(range.end, ranges.back().end)};
    ranges.pop_back();
  }
  ranges.push_back(range);
}

Masker::Found Masker::find(std::string_view text, std::size_t bytes_min, Cuts cuts,
                           std::vector<Range> ranges) const {
  link();
  Found found{std::move(ranges), 0};
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (found.last == 0 && first_[static_cast<unsigned char>(text[at])] == 0) continue;
    const std::size_t depth = nodes_[found.last].depth;
    if (cuts == Cuts::dots && depth > 0 && text.substr(at).starts_with(kCut)) {
      add_range(found.ranges, {at - depth, at});
    }
    found.last = next(found.last, text[at]);
    const std::size_t size = nodes_[found.last].value;
    if (size >= bytes_min) add_range(found.ranges, {at + 1 - size, at + 1});
  }
  return found;
}

std::string Masker::with_marks(std::string_view text, const std::vector<Range>& ranges) {
  std::string shown;
  std::size_t at = 0;
  for (const Range& range : ranges) {
    shown += text.substr(at, range.begin - at);
    shown += kMask;
    at = range.end;
  }
  shown += text.substr(at);
  return shown;
}

std::string Masker::masked(std::string_view text, std::size_t bytes_min) const {
  if (empty()) return std::string(text);
  return with_marks(text, find(text, bytes_min, Cuts::none).ranges);
}

std::string Masker::mask(std::string_view text) const { return masked(text, 1); }

std::string Masker::mask_message(std::string_view text) const {
  return masked(text, kLongSecretBytesMin);
}

// How a byte is escaped depends on its neighbors, and a text may have been cut between them: so
// values are looked for in the text before it was escaped. A backslash of the user's may look like
// an escape: so they are looked for in the text as it is, too.
std::string Masker::mask_quoting(std::string_view message) const {
  if (empty()) return std::string(message);
  std::vector<Range> found = find(message, kLongSecretBytesMin, Cuts::dots).ranges;
  const Unescaped before = unescape(message);
  for (const Range& range : find(before.text, kLongSecretBytesMin, Cuts::dots).ranges) {
    std::size_t end = range.end;  // past all bytes of the last character
    while (before.at[end] == before.at[range.end - 1]) ++end;
    found.push_back({before.at[range.begin], before.at[end]});
  }
  std::ranges::sort(found, {},
                    [](const Range& range) { return std::pair(range.begin, range.end); });
  std::vector<Range> ranges;
  for (const Range& range : found) add_range(ranges, range);
  return with_marks(message, ranges);
}

std::string Masker::mask_beginning(std::string_view text) const {
  std::string shown;
  MaskStream stream(*this);
  stream.write(text, shown);
  std::string rest;
  stream.finish(rest);
  return rest.empty() ? shown : shown + std::string(kMask);
}

// ---- streams

void MaskStream::write(std::string_view bytes, std::string& shown) {
  if (held_.empty() && masker_.empty()) {
    shown += bytes;
    return;
  }
  if (held_.empty()) return pass(bytes, true, shown);
  const std::string text = std::exchange(held_, {}).append(bytes);
  pass(text, true, shown);
}

void MaskStream::finish(std::string& shown) {
  const std::string text = std::exchange(held_, {});
  pass(text, false, shown);
}

void MaskStream::pass(std::string_view text, bool more_may_come, std::string& shown) {
  const bool continues = covered_ > 0;  // the first range has its mark already
  std::vector<Masker::Range> before;
  if (continues) before.push_back({0, covered_});
  const Masker::Found found = masker_.find(text, 1, Masker::Cuts::none, std::move(before));
  const std::size_t held = more_may_come ? masker_.begun_bytes(found.last) : 0;
  const std::size_t end = text.size() - held;  // no value that is still to come begins earlier
  std::size_t at = 0;
  for (const Masker::Range& range : found.ranges) {
    const bool has_mark = continues && range.begin == 0;
    if (range.begin >= end && !has_mark) break;
    shown += text.substr(at, range.begin - at);
    if (!has_mark) shown += kMask;
    at = range.end;
  }
  if (at < end) shown += text.substr(at, end - at);
  covered_ = at > end ? at - end : 0;
  held_ = text.substr(end);
}

}  // namespace errand
