// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/console/room_queue.h"
#include "errand/events/output.h"
#include "errand/io/head_and_tail.h"
#include "errand/io/spill.h"

namespace errand {

// What the attempts of one task have written, each stream of each attempt by itself.
struct Block {
  struct Part {
    explicit Part(SpillSpace& space) : buffer(space) {}
    Error append(std::string_view bytes);
    bool empty() const { return buffer.empty() && !cut; }
    // Only the beginning and the end of it are kept from now on.
    void cut_short();
    // What is kept becomes the buffer, to be shown.
    void finish_cut();

    SpillBuffer buffer;
    std::optional<HeadAndTail> cut;  // instead of the buffer
    bool begun = false;              // some of it has been shown: what follows continues its line
  };
  struct Output {
    explicit Output(SpillSpace& space) : parts{Part(space), Part(space)} {}
    Part& operator[](StdStream stream) { return parts[stream == StdStream::out ? 0 : 1]; }
    std::array<Part, 2> parts;
  };
  std::list<Output> attempts;  // stay where they are while sinks hold on to them
  std::uint64_t held_bytes() const;
  void cut_short();

  bool streams = false;  // shown as it comes
  bool is_live = false;  // shown as in live mode, because there was no room for it
  bool is_cut = false;   // its parts are cut short, for the same reason
  std::unique_ptr<RoomQueue::Member> room;
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
