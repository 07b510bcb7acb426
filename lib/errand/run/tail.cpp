// SPDX-License-Identifier: Apache-2.0
#include "errand/run/tail.h"

namespace errand {

Error TailSink::write(StdStream stream, std::string_view bytes) {
  if (stream == StdStream::out) out_bytes_ += bytes.size();
  if (bytes.size() >= kTailBytes) {
    kept_.assign(bytes.substr(bytes.size() - kTailBytes));
  } else {
    kept_.append(bytes);
    if (kept_.size() > 2 * kTailBytes) kept_.erase(0, kept_.size() - kTailBytes);
  }
  return next_.write(stream, bytes);
}

std::string TailSink::last_lines() const {
  std::size_t begin = kept_.size() > kTailBytes ? kept_.size() - kTailBytes : 0;
  std::size_t at = kept_.size();
  if (at > 0 && kept_[at - 1] == '\n') --at;
  for (std::size_t lines = 0; lines < kTailLines; ++lines) {
    const std::size_t newline = at == 0 ? std::string::npos : kept_.rfind('\n', at - 1);
    if (newline == std::string::npos || newline < begin) return kept_.substr(begin);
    at = newline;
  }
  return kept_.substr(at + 1);
}

}  // namespace errand
