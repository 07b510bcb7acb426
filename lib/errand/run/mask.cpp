// SPDX-License-Identifier: Apache-2.0
#include "errand/run/mask.h"

namespace errand {
namespace {

std::size_t index_of(StdStream stream) { return stream == StdStream::out ? 0 : 1; }

}  // namespace

Error MaskSink::write(StdStream stream, std::string_view bytes) {
  shown_.clear();
  streams_[index_of(stream)].write(bytes, shown_);
  return shown_.empty() ? Error() : next_.write(stream, shown_);
}

Error MaskSink::finish() {
  for (const StdStream stream : {StdStream::out, StdStream::err}) {
    shown_.clear();
    streams_[index_of(stream)].finish(shown_);
    if (shown_.empty()) continue;
    if (Error error = next_.write(stream, shown_)) return error;
  }
  return {};
}

}  // namespace errand
