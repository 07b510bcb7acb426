// SPDX-License-Identifier: Apache-2.0
#include "errand/console/block.h"

#include <vector>

namespace errand {

void Block::Part::cut_short() {
  if (cut) return;
  cut.emplace();
  std::vector<char> piece(SpillSpace::kPartBytes);
  for (std::uint64_t at = 0; at < buffer.size();) {
    const Result<std::size_t> size = buffer.read(at, piece);
    if (!size || *size == 0) break;
    cut->append(std::string_view(piece.data(), *size));
    at += *size;
  }
  buffer.clear();
}

void Block::Part::finish_cut() {
  if (!cut) return;
  (void)buffer.append(cut->text());
  cut.reset();
}

Error Block::Part::append(std::string_view bytes) {
  if (!cut) return buffer.append(bytes);
  cut->append(bytes);
  return {};
}

std::uint64_t Block::held_bytes() const {
  std::uint64_t sum = 0;
  for (const Output& output : attempts) {
    for (const Part& part : output.parts) sum += part.buffer.size();
  }
  return sum;
}

void Block::cut_short() {
  is_cut = true;
  for (Output& output : attempts) {
    for (Part& part : output.parts) part.cut_short();
  }
}

}  // namespace errand
