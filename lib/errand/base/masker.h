// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace errand {

inline constexpr std::string_view kMask = "***";
// Shorter values are masked in what tasks say, not in what errand says itself.
inline constexpr std::size_t kLongSecretBytesMin = 4;
// What to say of a shorter one.
inline constexpr std::string_view kShortSecretNote =
    "a secret of fewer than 4 bytes is masked in output, names and commands, but not in what "
    "errand writes itself";
// A longer value fits into no process's environment.
inline constexpr std::size_t kSecretBytesMax = std::size_t{128} * 1024;

// The values that a run must not show: an Aho-Corasick automaton, so that a text is read once
// however many values there are. A run has one Masker, which everything that writes shares; it
// only grows. To be used by one thread at a time.
//
// Where values overlap in a text, one kMask stands for all of them.
class Masker {
 public:
  // Adds a value, and each of its lines that has at least kLongSecretBytesMin bytes. Does nothing
  // if the value is empty or longer than kSecretBytesMax.
  void add(std::string_view value);
  bool empty() const { return nodes_.size() == 1; }
  // Is one of the values shorter than kLongSecretBytesMin?
  bool has_short() const { return has_short_; }

  // Returns `text` with all values masked. To be called before `text` is escaped, quoted or cut.
  std::string mask(std::string_view text) const;
  // The same for the beginning of a longer text: what may be the first part of a value that was
  // cut off at the end of `text` is masked too.
  std::string mask_beginning(std::string_view text) const;
  // For what errand says itself, which may repeat texts of the user: numbers and words in it are
  // not values that happen to be as short, so only those of kLongSecretBytesMin and more are
  // masked.
  std::string mask_message(std::string_view text) const;
  // For a message that has quoted its texts already (quoted_text.h): values are also found as they
  // are escaped there, and cut off in front of "...".
  std::string mask_quoting(std::string_view message) const;

 private:
  friend class MaskStream;
  using NodeId = std::uint32_t;
  // A beginning of at least one value.
  struct Node {
    NodeId child = 0, sibling = 0;  // 0: none
    NodeId suffix = 0;              // the longest proper suffix that is a node too
    std::uint32_t depth = 0;        // bytes
    std::uint32_t value = 0;        // bytes of the longest value that this ends with
    char byte = 0;
    bool is_value = false;
  };
  struct Range {
    std::size_t begin, end;
  };
  enum class Cuts : std::uint8_t { none, dots };  // does "..." stand for the rest of a text?
  // Ranges of values, merged where they overlap; `last` is the state after the text.
  struct Found {
    std::vector<Range> ranges;
    NodeId last = 0;
  };

  void insert(std::string_view value);
  NodeId child_of(NodeId node, char byte) const;
  NodeId next(NodeId node, char byte) const;
  void link() const;
  // How many bytes at the end of a text that led to `node` may be the beginning of a value.
  std::size_t begun_bytes(NodeId node) const;
  static void add_range(std::vector<Range>& ranges, Range range);
  // Values of fewer than `bytes_min` bytes do not count.
  Found find(std::string_view text, std::size_t bytes_min, Cuts cuts,
             std::vector<Range> ranges = {}) const;
  std::string masked(std::string_view text, std::size_t bytes_min) const;
  // `ranges` in order, none overlapping another.
  static std::string with_marks(std::string_view text, const std::vector<Range>& ranges);

  // The links among nodes are made when they are needed.
  mutable std::vector<Node> nodes_ = std::vector<Node>(1);
  mutable bool linked_ = true;
  std::array<NodeId, 256> first_{};  // children of the root
  bool has_short_ = false;
};

// Masks a text that comes in parts. However it is divided, what is shown is the same.
class MaskStream {
 public:
  // `masker` must outlive the stream; it may grow meanwhile, which counts for what comes then and
  // for what is held back.
  explicit MaskStream(const Masker& masker) : masker_(masker) {}
  // Appends to `shown`. Holds back what may be the beginning of a value.
  void write(std::string_view bytes, std::string& shown);
  // Appends what was held back.
  void finish(std::string& shown);

 private:
  void pass(std::string_view text, bool more_may_come, std::string& shown);

  const Masker& masker_;
  std::string held_;
  std::size_t covered_ = 0;  // bytes of held_ that a mark stands for which has been shown
};

}  // namespace errand
