// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "errand/events/events.h"

namespace errand::cmd {

// Prints advice before the summary if words of `errand exec` were probably meant otherwise: if one
// of several words is not found as a command, or if no task read the data on standard input. It
// reads no data itself.
class ExecAdvice final : public Observer {
 public:
  using Say = std::function<void(const std::string& line)>;
  // `scripts` are the words, each a script of its own. `is_verbose`: unread data is always worth a
  // line.
  ExecAdvice(std::vector<std::string> scripts, bool is_verbose, bool is_quiet, Say say);
  void on(const RunEvent& event) override;

 private:
  bool is_unread_worth_a_line(bool failed) const;

  std::vector<std::string> scripts_;
  bool is_verbose_, is_quiet_;
  Say say_;
  bool not_found_ = false;
};

}  // namespace errand::cmd
