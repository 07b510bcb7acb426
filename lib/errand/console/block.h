// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <list>
#include <string>
#include <vector>

#include "errand/events/output.h"
#include "errand/io/spill.h"

namespace errand {

// What the attempts of one task have written, each stream of each attempt by itself.
struct Block {
  struct Part {
    explicit Part(SpillSpace& space) : buffer(space) {}
    SpillBuffer buffer;
    bool begun = false;  // some of it has been shown: what follows continues its line
  };
  struct Output {
    explicit Output(SpillSpace& space) : parts{Part(space), Part(space)} {}
    Part& operator[](StdStream stream) { return parts[stream == StdStream::out ? 0 : 1]; }
    std::array<Part, 2> parts;
  };
  std::list<Output> attempts;  // stay where they are while sinks hold on to them
  bool streams = false;        // shown as it comes
};

// A task that has ended, as it will be shown: as small as can be, for many may wait for one.
struct EndedBlock {
  struct Part {
    StdStream stream;
    SpillBuffer buffer;
  };
  std::string before, after;  // errand's own lines around it
  std::vector<Part> parts;    // none of them empty
};

}  // namespace errand
