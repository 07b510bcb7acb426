// SPDX-License-Identifier: Apache-2.0
#include "errand/run/mask.h"

namespace errand {

Error MaskSink::write(StdStream stream, std::string_view bytes) {
  std::string& kept = kept_[stream == StdStream::out ? 0 : 1];
  shown_.clear();
  std::string joined;
  if (!kept.empty()) {
    joined = kept;
    joined += bytes;
    bytes = joined;
  }
  const std::size_t left = masker_.mask_part(bytes, shown_);
  kept.assign(bytes.substr(bytes.size() - left));
  return shown_.empty() ? Error() : next_.write(stream, shown_);
}

Error MaskSink::finish() {
  for (const StdStream stream : {StdStream::out, StdStream::err}) {
    std::string& kept = kept_[stream == StdStream::out ? 0 : 1];
    if (kept.empty()) continue;
    const std::string shown = masker_.mask(kept);
    kept.clear();
    if (Error error = next_.write(stream, shown)) return error;
  }
  return {};
}

}  // namespace errand
