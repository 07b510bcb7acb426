// SPDX-License-Identifier: Apache-2.0
#include "errand/io/head_and_tail.h"

#include <algorithm>

namespace errand {

void HeadAndTail::append(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, part_bytes_ - head_.size());
  head_ += head;
  bytes.remove_prefix(head.size());
  if (bytes.size() > part_bytes_) {
    left_out_ += bytes.size() - part_bytes_;
    bytes.remove_prefix(bytes.size() - part_bytes_);
  }
  const std::string_view fits = bytes.substr(0, part_bytes_ - tail_.size());
  tail_ += fits;
  bytes.remove_prefix(fits.size());
  left_out_ += bytes.size();
  while (!bytes.empty()) {  // over the oldest
    const std::size_t size = bytes.copy(&tail_[oldest_], tail_.size() - oldest_);
    bytes.remove_prefix(size);
    oldest_ = (oldest_ + size) % tail_.size();
  }
}

std::string HeadAndTail::text() const {
  std::string text = head_;
  if (left_out_ > 0) {
    if (!text.ends_with('\n')) text += '\n';
    text +=
        "[errand: " + std::to_string(left_out_) + " bytes left out: there was no room for them]\n";
  }
  text.append(tail_, oldest_);
  text.append(tail_, 0, oldest_);
  return text;
}

}  // namespace errand
