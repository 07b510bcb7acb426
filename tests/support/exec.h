// SPDX-License-Identifier: Apache-2.0
//
// Runs of `errand exec`.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/cli.h"

namespace errand::test {

using Strings = std::vector<std::string>;

// The arguments "exec", the options and the words.
inline Strings with(Strings options, const Strings& words) {
  options.insert(options.begin(), "exec");
  options.insert(options.end(), words.begin(), words.end());
  return options;
}

// Runs the words one after another, to the end of all, with `input` as standard input.
inline Ended exec(CliTest& test, const Strings& words, std::optional<std::string> input = {}) {
  Call call{with({"-j1", "-k"}, words)};
  call.input = std::move(input);
  return test.run(call);
}

}  // namespace errand::test
