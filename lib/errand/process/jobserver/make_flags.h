// SPDX-License-Identifier: Apache-2.0
//
// MAKEFLAGS, in which GNU make tells those below it of its jobserver.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/base/result.h"

namespace errand {

// How to reach a jobserver: a named pipe, or two inherited descriptors.
struct JobserverAddress {
  std::string fifo;
  int read_end = -1, write_end = -1;
};

// What make writes: letters of options in one word, other options, variables behind "--".
class MakeFlags {
 public:
  explicit MakeFlags(std::string_view text);
  std::string text() const;

  // None: there is no jobserver, or make only prints what it would do (-n). The last one counts, as
  // for make. The error says what cannot be understood.
  Result<std::optional<JobserverAddress>> jobserver() const;
  // Does this make run one job at a time (`make -j1`)? It has no jobserver then.
  bool is_serial() const;
  void remove_jobserver();
  void remove_jobs();  // -j
  // Other words than those that are removed stay, in their order.
  void add(std::string word);

 private:
  std::string letters_;
  std::vector<std::string> words_;
  std::string variables_;
};

}  // namespace errand
