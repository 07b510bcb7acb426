// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace errand::test {

// What a user sees on a terminal: as much of one as errand uses, for text of one column a
// character. Sequences it does not know stay on the screen, so that a test sees them.
class TerminalScreen {
 public:
  explicit TerminalScreen(std::size_t columns) : columns_(columns) {}

  void feed(std::string_view bytes) {
    for (; !bytes.empty(); bytes.remove_prefix(1)) {
      if (bytes.starts_with("\x1b[J")) {
        rows_.resize(row_ + 1);
        rows_[row_].resize(std::min(rows_[row_].size(), column_));
        bytes.remove_prefix(2);
      } else if (bytes.front() == '\r') {
        column_ = 0;
      } else if (bytes.front() == '\n') {
        next_row();
      } else {
        put(bytes.front());
      }
    }
  }

  // As terminals do that break long lines anew; the cursor stays with its character.
  void resize(std::size_t columns) {
    columns_ = columns;
    const std::vector<Row> before = std::exchange(rows_, {});
    const std::size_t cursor_row = row_;
    for (std::size_t at = 0; at < before.size(); ++at) {
      if (at == cursor_row) row_ = rows_.size();
      std::size_t done = 0;
      do {
        const std::size_t size = std::min(columns, before[at].size() - done);
        const auto begin = before[at].begin() + static_cast<std::ptrdiff_t>(done);
        rows_.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
        done += size;
      } while (done < before[at].size());
    }
  }

  // Without empty rows at the end.
  std::string text() const {
    std::string all;
    for (const Row& row : rows_) {
      for (const std::string& character : row) all += character;
      all += "\n";
    }
    while (all.ends_with("\n\n")) all.pop_back();
    return all == "\n" ? "" : all;
  }
  std::size_t cursor_column() const { return column_; }

 private:
  using Row = std::vector<std::string>;  // characters
  void next_row() {
    if (++row_ == rows_.size()) rows_.emplace_back();
    column_ = 0;
  }
  void put(char c) {
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80 && column_ > 0;
    if (continues) {
      rows_[row_][column_ - 1] += c;
      return;
    }
    if (column_ == columns_) next_row();
    Row& row = rows_[row_];
    if (row.size() <= column_) row.resize(column_ + 1, " ");
    row[column_++] = c;
  }

  std::size_t columns_;
  std::vector<Row> rows_{1};
  std::size_t row_ = 0, column_ = 0;
};

}  // namespace errand::test
